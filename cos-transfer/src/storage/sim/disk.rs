//! What is in it: files and names, of which some are durable and some are not.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;

use super::Trouble;
use crate::storage::Kind;

/// All of it, and what is to happen to it.
#[derive(Default)]
pub(super) struct Disk {
    pub(super) inodes: Vec<Inode>,
    pub(super) dirs: Vec<Names>,
    pub(super) steps: u64,
    pub(super) handles: u64,
    pub(super) trouble: Option<Trouble>,
    pub(super) has_no_locks: bool,
    pub(super) meanwhile: Option<(u64, Meanwhile)>,
    pub(super) off: bool,
    pub(super) watched: Option<Watched>,
}

/// What somebody else does.
pub(super) type Meanwhile = Box<dyn FnOnce() + Send>;

/// A file, or what else stands at a name.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) kind: Kind,
    pub(super) ours: bool,
    pub(super) bytes: Vec<u8>,
    pub(super) durable: Vec<u8>,
    /// What has not become durable, in order.
    pub(super) pending: Vec<Change>,
    /// The handle that has it locked.
    pub(super) locked: Option<u64>,
}

/// A change of a file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Len(usize),
}

/// A directory.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) names: BTreeMap<OsString, usize>,
    pub(super) durable: BTreeMap<OsString, usize>,
    /// What has not become durable, in order: a name, and the file that it got.
    pub(super) pending: Vec<(OsString, Option<usize>)>,
}

/// A name that may have some contents and no others, at any time.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) name: OsString,
    pub(super) allowed: Vec<Vec<u8>>,
}

/// Whether a step may fail for want of space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    Needed,
    NotNeeded,
}

impl Disk {
    pub(super) fn step(&mut self, space: Space) -> io::Result<()> {
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

    pub(super) fn release(&mut self) {
        self.off = false;
        self.trouble = None;
        for inode in &mut self.inodes {
            inode.locked = None;
        }
    }

    pub(super) fn lose_bytes(&mut self, choose: &mut impl FnMut(usize) -> usize) {
        for inode in &mut self.inodes {
            inode.lose(choose);
        }
        self.release();
        self.check();
    }

    pub(super) fn check(&self) {
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

    pub(super) fn add(&mut self, kind: Kind, bytes: Vec<u8>) -> usize {
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

    pub(super) fn links(&self, inode: usize) -> usize {
        let names = self.dirs.iter().flat_map(|dir| dir.names.values());
        names.filter(|&&named| named == inode).count()
    }

    pub(super) fn handle(&mut self) -> u64 {
        self.handles += 1;
        self.handles
    }

    pub(super) fn set_name(&mut self, dir: usize, name: &OsStr, inode: Option<usize>) {
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
    pub(super) fn lose(&mut self, choose: &mut impl FnMut(usize) -> usize) {
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

    pub(super) fn sync(&mut self) {
        self.pending.clear();
        self.durable = self.names.clone();
    }
}

impl Inode {
    pub(super) fn change(&mut self, change: Change) {
        change.apply(&mut self.bytes);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// What is neither durable nor to become so is lost.
    pub(super) fn forget(&mut self) {
        self.bytes = self.durable.clone();
        for change in &self.pending {
            change.apply(&mut self.bytes);
        }
    }

    /// Changes that are not durable come in any order, in part or not at all; the length is one that
    /// the file has had.
    pub(super) fn lose(&mut self, choose: &mut impl FnMut(usize) -> usize) {
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
    pub(super) fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => write(file, *at, bytes),
            Self::Len(len) => file.resize(*len, 0),
        }
    }

    /// Of a write, pieces are there and others are not.
    pub(super) fn tear(&self, file: &mut Vec<u8>, choose: &mut impl FnMut(usize) -> usize) {
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
