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

mod disk;

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{Dir, DirId, Entry, File, Kind};
use disk::{Change, Disk, Inode, Names, Space, Watched};

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
    /// From this step on no file can be made, as too many are open.
    #[cfg(unix)]
    NoHandles(u64),
    /// From this step on nothing finds space any more.
    Full(u64),
    /// Before this step somebody else takes this name away, or gives it to another file.
    Taken(u64, &'static str),
    Replaced(u64, &'static str),
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

    /// Makes what a file has durable, as the system may by itself at any time.
    pub(crate) fn write_back(&self, name: &str) {
        let mut disk = self.sim.lock();
        if let Some(&inode) = disk.dirs[self.dir].names.get(OsStr::new(name)) {
            disk.inodes[inode].sync();
        }
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
        #[cfg(unix)]
        if let Some(Trouble::NoHandles(at)) = disk.trouble
            && at < disk.steps
        {
            return Err(rustix::io::Errno::MFILE.into());
        }
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

    fn forget(&self) -> io::Result<()> {
        self.with(Inode::forget)
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
