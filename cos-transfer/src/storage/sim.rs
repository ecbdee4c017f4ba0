//! A file system in memory that knows what of it is on the disk, and loses the rest when the power
//! goes.
//!
//! What is not synced may be lost, may be there in part, and may be there without what came before
//! it: writes, lengths and names alike. That is more than any real file system does, and as much as
//! POSIX allows them.
//!
//! Every call is a step. At a given step the power goes: from then on every call fails, so that
//! nothing that is done in the aftermath leaves a trace, until [`Sim::power_on`]. Or a given step
//! fails, once, as a disk or a full file system would have it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{Dir, DirId, Entry, File, Kind};

/// The file system. Cloning gives another hold of the same.
#[derive(Clone, Default)]
pub(crate) struct Sim(Arc<Mutex<Disk>>);

/// A directory of it.
#[derive(Clone, Debug)]
pub(crate) struct SimDir {
    sim: Sim,
    dir: usize,
}

/// An open file of it.
#[derive(Debug)]
pub(crate) struct SimFile {
    sim: Sim,
    inode: usize,
    /// Which of the handles it is.
    handle: u64,
}

/// What goes wrong, and when.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The power goes before this step.
    PowerOff(u64),
    /// This step fails, and has no effect. A sync that fails loses what it should have made
    /// durable, and the next one knows nothing of it, as it is on Linux.
    Fails(u64, io::ErrorKind),
    /// From this step on nothing finds space any more.
    Full(u64),
    /// Before this step somebody else takes this name away, or gives it to another file.
    Taken(u64, &'static str),
    Replaced(u64, &'static str),
}

#[derive(Default)]
struct Disk {
    inodes: Vec<Inode>,
    dirs: Vec<Names>,
    steps: u64,
    handles: u64,
    trouble: Option<Trouble>,
    has_no_locks: bool,
    meanwhile: Option<(u64, Meanwhile)>,
    off: bool,
    watched: Option<Watched>,
}

/// What somebody else does.
type Meanwhile = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
struct Inode {
    kind: Kind,
    ours: bool,
    bytes: Vec<u8>,
    durable: Vec<u8>,
    /// What has not become durable, in order.
    pending: Vec<Change>,
    /// The handle that has it locked.
    locked: Option<u64>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Len(usize),
}

#[derive(Debug, Default)]
struct Names {
    names: BTreeMap<OsString, usize>,
    durable: BTreeMap<OsString, usize>,
    /// What has not become durable, in order: a name, and the file that it got.
    pending: Vec<(OsString, Option<usize>)>,
}

/// A name that may have some contents and no others, at any time.
#[derive(Debug)]
struct Watched {
    name: OsString,
    allowed: Vec<Vec<u8>>,
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").finish_non_exhaustive()
    }
}

impl Sim {
    /// A directory in which nothing is.
    pub(crate) fn new_dir(&self) -> SimDir {
        let mut disk = self.lock();
        disk.dirs.push(Names::default());
        SimDir {
            dir: disk.dirs.len() - 1,
            sim: self.clone(),
        }
    }

    /// What goes wrong from now on.
    pub(crate) fn trouble(&self, trouble: Option<Trouble>) {
        self.lock().trouble = trouble;
    }

    /// From now on everybody gets every lock, as on some network file systems.
    pub(crate) fn has_no_locks(&self) {
        self.lock().has_no_locks = true;
    }

    /// Before a step, somebody else does something.
    pub(crate) fn meanwhile(&self, step: u64, what: impl FnOnce() + Send + 'static) {
        self.lock().meanwhile = Some((step, Box::new(what)));
    }

    /// Steps so far.
    pub(crate) fn steps(&self) -> u64 {
        self.lock().steps
    }

    /// What may stand at a name: nothing, or one of these. Whatever else does is a panic.
    pub(crate) fn watch(&self, name: &OsStr, allowed: Vec<Vec<u8>>) {
        self.lock().watched = Some(Watched {
            name: name.to_owned(),
            allowed,
        });
    }

    /// The process was killed: all that it has done is there.
    pub(crate) fn kill(&self) {
        let mut disk = self.lock();
        disk.release();
        disk.check();
    }

    /// The power comes again. What was not durable is lost as `choose` has it, which gives any
    /// number below the one it gets.
    pub(crate) fn power_on(&self, choose: &mut impl FnMut(usize) -> usize) {
        let mut disk = self.lock();
        for dir in &mut disk.dirs {
            dir.lose(choose);
        }
        disk.lose_bytes(choose);
    }

    /// The power comes again. All names are durable, and no bytes are that were not synced.
    pub(crate) fn power_on_with_names_alone(&self) {
        let mut disk = self.lock();
        disk.dirs.iter_mut().for_each(Names::sync);
        disk.lose_bytes(&mut |_| 0);
    }

    /// One step, of a kind that may need space or not.
    fn step(&self, space: Space) -> io::Result<MutexGuard<'_, Disk>> {
        let mut disk = self.lock();
        let steps = disk.steps;
        if let Some((_, what)) = disk.meanwhile.take_if(|(step, _)| *step == steps) {
            drop(disk);
            what();
            disk = self.lock();
        }
        disk.step(space)?;
        Ok(disk)
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What tests look at and do behind the program's back; none of it is a step.
impl SimDir {
    /// What a file has in it now.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let disk = self.sim.lock();
        let &inode = disk.dirs[self.dir].names.get(OsStr::new(name))?;
        Some(disk.inodes[inode].bytes.clone())
    }

    /// Puts something there, durably.
    pub(crate) fn put(&self, name: &str, kind: Kind, bytes: &[u8]) {
        let mut disk = self.sim.lock();
        let inode = disk.add(kind, bytes.to_vec());
        let dir = &mut disk.dirs[self.dir];
        dir.names.insert(name.into(), inode);
        dir.durable.insert(name.into(), inode);
    }

    /// Gives a file another name.
    pub(crate) fn link(&self, name: &str, to: &str) {
        let mut disk = self.sim.lock();
        let dir = &mut disk.dirs[self.dir];
        let inode = dir.names[OsStr::new(name)];
        dir.names.insert(to.into(), inode);
    }

    /// Gives a file to another user.
    pub(crate) fn give_away(&self, name: &str) {
        let mut disk = self.sim.lock();
        let inode = disk.dirs[self.dir].names[OsStr::new(name)];
        disk.inodes[inode].ours = false;
    }

    /// Takes a name away.
    pub(crate) fn take(&self, name: &str) {
        let mut disk = self.sim.lock();
        disk.dirs[self.dir].names.remove(OsStr::new(name));
    }

    /// All names, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let disk = self.sim.lock();
        let names = disk.dirs[self.dir].names.keys();
        names.map(|name| name.to_str().unwrap().into()).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    Needed,
    NotNeeded,
}

impl Disk {
    fn step(&mut self, space: Space) -> io::Result<()> {
        let step = self.steps;
        self.steps += 1;
        match self.trouble {
            Some(Trouble::PowerOff(at)) if at <= step => self.off = true,
            Some(Trouble::Taken(at, name)) if at == step => {
                for dir in &mut self.dirs {
                    dir.names.remove(OsStr::new(name));
                }
            }
            Some(Trouble::Replaced(at, name)) if at == step => {
                let other = self.add(Kind::File, b"another's".to_vec());
                for dir in &mut self.dirs {
                    dir.names.insert(name.into(), other);
                }
            }
            Some(Trouble::Fails(at, kind)) if at == step => return Err(kind.into()),
            Some(Trouble::Full(at)) if at <= step && space == Space::Needed => {
                return Err(io::ErrorKind::StorageFull.into());
            }
            _ => {}
        }
        if self.off {
            return Err(io::Error::other("the power is off"));
        }
        self.check();
        Ok(())
    }

    fn release(&mut self) {
        self.off = false;
        self.trouble = None;
        for inode in &mut self.inodes {
            inode.locked = None;
        }
    }

    fn lose_bytes(&mut self, choose: &mut impl FnMut(usize) -> usize) {
        for inode in &mut self.inodes {
            inode.lose(choose);
        }
        self.release();
        self.check();
    }

    fn check(&self) {
        let Some(watched) = &self.watched else {
            return;
        };
        for dir in &self.dirs {
            if let Some(&inode) = dir.names.get(&watched.name) {
                let bytes = &self.inodes[inode].bytes;
                assert!(
                    watched.allowed.contains(bytes),
                    "{:?} has {} bytes that are nothing it may have",
                    watched.name,
                    bytes.len()
                );
            }
        }
    }

    fn add(&mut self, kind: Kind, bytes: Vec<u8>) -> usize {
        self.inodes.push(Inode {
            kind,
            ours: true,
            durable: bytes.clone(),
            bytes,
            pending: Vec::new(),
            locked: None,
        });
        self.inodes.len() - 1
    }

    fn links(&self, inode: usize) -> usize {
        let names = self.dirs.iter().flat_map(|dir| dir.names.values());
        names.filter(|&&named| named == inode).count()
    }

    fn handle(&mut self) -> u64 {
        self.handles += 1;
        self.handles
    }

    fn set_name(&mut self, dir: usize, name: &OsStr, inode: Option<usize>) {
        let dir = &mut self.dirs[dir];
        match inode {
            Some(inode) => dir.names.insert(name.to_owned(), inode),
            None => dir.names.remove(name),
        };
        dir.pending.push((name.to_owned(), inode));
    }
}

impl Names {
    /// Every name that is not durable is what it was at some time since it was.
    fn lose(&mut self, choose: &mut impl FnMut(usize) -> usize) {
        let mut histories: BTreeMap<OsString, Vec<Option<usize>>> = BTreeMap::new();
        for (name, inode) in self.pending.drain(..) {
            let durable = self.durable.get(&name).copied();
            let history = histories.entry(name).or_insert_with(|| vec![durable]);
            history.push(inode);
        }
        for (name, history) in histories {
            match history[choose(history.len())] {
                Some(inode) => self.durable.insert(name, inode),
                None => self.durable.remove(&name),
            };
        }
        self.names = self.durable.clone();
    }

    fn sync(&mut self) {
        self.pending.clear();
        self.durable = self.names.clone();
    }
}

impl Inode {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.bytes);
        self.pending.push(change);
    }

    fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Changes that are not durable come in any order, in part or not at all; the length is one that
    /// the file has had.
    fn lose(&mut self, choose: &mut impl FnMut(usize) -> usize) {
        let mut pending = std::mem::take(&mut self.pending);
        let mut lengths = vec![self.durable.len()];
        let mut grown = self.durable.clone();
        for change in &pending {
            change.apply(&mut grown);
            lengths.push(grown.len());
        }
        while !pending.is_empty() {
            let change = pending.swap_remove(choose(pending.len()));
            match choose(3) {
                0 => {}
                1 => change.apply(&mut self.durable),
                _ => change.tear(&mut self.durable, choose),
            }
        }
        self.durable.resize(lengths[choose(lengths.len())], 0);
        self.bytes = self.durable.clone();
    }
}

/// Where a write may be torn, in bytes: anywhere, at a sector, at a page.
const TEARS: [usize; 3] = [1, 512, 4096];

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => write(file, *at, bytes),
            Self::Len(len) => file.resize(*len, 0),
        }
    }

    /// Of a write, pieces are there and others are not.
    fn tear(&self, file: &mut Vec<u8>, choose: &mut impl FnMut(usize) -> usize) {
        let Self::Write { at, bytes } = self else {
            return;
        };
        let unit = TEARS[choose(TEARS.len())];
        let mut from = 0;
        while from < bytes.len() {
            let here = at + from;
            let units = 1 + choose(8 * 4096 / unit);
            let end = (here / unit + units) * unit - at;
            let piece = &bytes[from..end.min(bytes.len())];
            if choose(2) == 0 {
                write(file, here, piece);
            }
            from = end;
        }
    }
}

fn write(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Dir for SimDir {
    type File = SimFile;

    fn id(&self) -> io::Result<DirId> {
        let sim = Arc::as_ptr(&self.sim.0).addr();
        Ok(DirId(sim as u64, self.dir as u64))
    }

    fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        let disk = self.sim.step(Space::NotNeeded)?;
        let inode = disk.dirs[self.dir].names.get(name);
        Ok(inode.map(|&inode| {
            let found = &disk.inodes[inode];
            Entry {
                kind: found.kind,
                len: found.bytes.len() as u64,
                modified: None,
                alone: disk.links(inode) == 1,
                ours: found.ours,
            }
        }))
    }

    fn open(&self, name: &OsStr) -> io::Result<Option<SimFile>> {
        let mut disk = self.sim.step(Space::NotNeeded)?;
        let Some(&inode) = disk.dirs[self.dir].names.get(name) else {
            return Ok(None);
        };
        if disk.inodes[inode].kind != Kind::File {
            return Err(io::Error::other("no file"));
        }
        Ok(Some(SimFile {
            handle: disk.handle(),
            sim: self.sim.clone(),
            inode,
        }))
    }

    fn create(&self, name: &OsStr) -> io::Result<SimFile> {
        let mut disk = self.sim.step(Space::Needed)?;
        if disk.dirs[self.dir].names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = disk.add(Kind::File, Vec::new());
        disk.set_name(self.dir, name, Some(inode));
        Ok(SimFile {
            handle: disk.handle(),
            sim: self.sim.clone(),
            inode,
        })
    }

    fn rename(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        let mut disk = self.sim.step(Space::NotNeeded)?;
        let inode = disk.dirs[self.dir].names.get(from).copied();
        let inode = inode.ok_or_else(not_found)?;
        disk.set_name(self.dir, from, None);
        disk.set_name(to_dir.dir, to, Some(inode));
        Ok(())
    }

    fn rename_new(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        if self.sim.lock().dirs[to_dir.dir].names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename(from, to_dir, to)
    }

    fn remove(&self, name: &OsStr) -> io::Result<()> {
        let mut disk = self.sim.step(Space::NotNeeded)?;
        let inode = disk.dirs[self.dir].names.get(name).copied();
        let inode = inode.ok_or_else(not_found)?;
        if disk.inodes[inode].kind == Kind::Dir {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        disk.set_name(self.dir, name, None);
        Ok(())
    }

    fn is(&self, name: &OsStr, file: &SimFile) -> io::Result<bool> {
        let disk = self.sim.step(Space::NotNeeded)?;
        Ok(disk.dirs[self.dir].names.get(name) == Some(&file.inode))
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.sim.step(Space::NotNeeded)?;
        disk.dirs[self.dir].sync();
        Ok(())
    }
}

impl SimFile {
    fn change(&self, change: Change) -> io::Result<()> {
        let shrinks = match change {
            Change::Len(len) => len <= self.sim.lock().inodes[self.inode].bytes.len(),
            Change::Write { .. } => false,
        };
        let space = match shrinks {
            true => Space::NotNeeded,
            false => Space::Needed,
        };
        let mut disk = self.sim.step(space)?;
        disk.inodes[self.inode].change(change);
        Ok(())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Inode) -> T) -> io::Result<T> {
        let mut disk = self.sim.step(Space::NotNeeded)?;
        Ok(look(&mut disk.inodes[self.inode]))
    }
}

impl File for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.with(|inode| {
            let from = usize::try_from(offset).unwrap().min(inode.bytes.len());
            let rest = &inode.bytes[from..];
            let len = rest.len().min(buffer.len());
            buffer[..len].copy_from_slice(&rest[..len]);
            len
        })
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.change(Change::Write {
            at: usize::try_from(offset).unwrap(),
            bytes: bytes.to_vec(),
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.with(|inode| inode.bytes.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Change::Len(usize::try_from(len).unwrap()))
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        let longer = self.len()?.max(len);
        self.set_len(longer)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync_all()
    }

    fn sync_all(&self) -> io::Result<()> {
        let synced = self.with(Inode::sync);
        if synced.is_err() && !self.sim.lock().off {
            self.sim.lock().inodes[self.inode].pending.clear();
        }
        synced
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut disk = self.sim.step(Space::NotNeeded)?;
        if disk.has_no_locks {
            return Ok(true);
        }
        let locked = &mut disk.inodes[self.inode].locked;
        Ok(*locked.get_or_insert(self.handle) == self.handle)
    }

    fn set_modified(&self, _: SystemTime) -> io::Result<()> {
        self.with(|_| ())
    }

    fn make_public(&self, _: &Self) -> io::Result<()> {
        self.with(|_| ())
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let mut disk = self.sim.lock();
        let locked = &mut disk.inodes[self.inode].locked;
        if *locked == Some(self.handle) {
            *locked = None;
        }
    }
}
