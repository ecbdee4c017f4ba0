//! The folders below the directory of a run, each reached by handles alone.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::key_path::RESERVED;
use super::{KeyPath, ObjectError};
use crate::storage::{Dir, DirId, Entry, Kind, RealDir};
use crate::{DestinationError, DownloadError, LocalAction};

/// How many folders are held open at once, besides the directory itself. A listing goes through
/// them one after the other, so that few are used at a time; a process may often have no more than
/// 256 open files.
const MAX_OPEN: usize = 32;

/// A directory with folders in it, of which none is a symbolic link to somewhere else.
pub(crate) trait Folder: Dir {
    /// Opens a folder; `None` if there is nothing of that name. A symbolic link is an error.
    fn open_folder(&self, name: &OsStr) -> io::Result<Option<Self>>;

    /// Makes a folder. [`AlreadyExists`](io::ErrorKind::AlreadyExists) if anything of that name is
    /// there.
    fn make_folder(&self, name: &OsStr) -> io::Result<()>;

    /// Whether a name that is there is spelled exactly so.
    fn is_spelled(&self, name: &OsStr) -> io::Result<bool>;
}

impl Folder for RealDir {
    fn open_folder(&self, name: &OsStr) -> io::Result<Option<Self>> {
        self.open_dir(name)
    }

    fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        self.make_dir(name)
    }

    fn is_spelled(&self, name: &OsStr) -> io::Result<bool> {
        let mut found = false;
        self.names(&mut |entry: OsString, _| {
            found = entry == name;
            Ok(match found {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        Ok(found)
    }
}

/// The directory of a run.
///
/// Every folder is opened as a child of the one it is in, and none by a path, so that nothing that
/// happens to names meanwhile leads out of the directory.
#[derive(Debug)]
pub(crate) struct Tree<D: Folder> {
    root: D,
    /// The folder that no key may reach, by whatever spelling the file system takes for its name.
    reserved: Option<DirId>,
    /// Whether the file system takes different names for one.
    folds: bool,
    /// Whether a folder that is made is made durable at once.
    durable: bool,
    /// Whether there is a folder that was made and is not durable.
    unsynced: AtomicBool,
    /// As the user knows it.
    shown: PathBuf,
    open: Mutex<VecDeque<(String, D)>>,
}

/// Where an object goes.
#[derive(Debug)]
pub(crate) struct Target<D = RealDir> {
    pub(crate) dir: D,
    pub(crate) name: String,
    /// What was there before: nothing, a file, or a symbolic link.
    pub(crate) entry: Option<Entry>,
    /// Nothing may be there when it is published: what comes meanwhile is another object's, whose
    /// name the file system takes for this one's.
    pub(crate) must_be_new: bool,
}

impl<D: Folder> Tree<D> {
    pub(crate) fn new(root: D, shown: PathBuf) -> Self {
        Self {
            root,
            reserved: None,
            folds: false,
            durable: false,
            unsynced: AtomicBool::new(false),
            shown,
            open: Mutex::default(),
        }
    }

    /// The same with a folder that no key may reach. `folds` says whether the file system takes
    /// different names for one.
    pub(crate) fn reserving(mut self, reserved: &D, folds: bool) -> io::Result<Self> {
        self.reserved = Some(reserved.id()?);
        self.folds = folds;
        Ok(self)
    }

    /// The same, with every folder that is made made durable at once.
    pub(crate) fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Whether there is a folder that was made and is not durable.
    pub(crate) fn is_unsynced(&self) -> bool {
        self.unsynced.load(Ordering::Relaxed)
    }

    pub(crate) fn root(&self) -> &D {
        &self.root
    }

    /// Where something is, as the user knows it.
    pub(crate) fn shown(&self, path: &str) -> PathBuf {
        match path {
            "" => self.shown.clone(),
            path => self.shown.join(Path::new(path)),
        }
    }

    /// The folder at `path`, which is one of a [`KeyPath`]. Where it is not there, it
    /// is made, or with `make` off the answer is `None`.
    pub(crate) fn folder(&self, path: &str, make: bool) -> Result<Option<D>, ObjectError> {
        let (mut done, mut dir) = self.nearest(path);
        while done.len() < path.len() {
            // Behind what is done and the `/` after it.
            let start = if done.is_empty() {
                0
            } else {
                done.len().saturating_add(1)
            };
            let rest = path.get(start..).unwrap_or_default();
            let name = rest.split('/').next().unwrap_or_default();
            let end = start.saturating_add(name.len());
            done = path.get(..end).unwrap_or(path);
            let Some(child) = self.child(&dir, name, done, make)? else {
                return Ok(None);
            };
            self.remember(done, &child);
            dir = child;
        }
        Ok(Some(dir))
    }

    /// Where a file goes, whose folder is made if it is not there. With `make` off the answer may be
    /// `None`.
    pub(crate) fn target(
        &self,
        path: &KeyPath,
        make: bool,
    ) -> Result<Option<Target<D>>, ObjectError> {
        let (folder, name) = path.split();
        let Some(dir) = self.folder(folder, make)? else {
            return Ok(None);
        };
        let shown = || self.shown(path.as_str());
        let refused = |error| ObjectError::Download(DownloadError::Destination(error));
        let entry = dir.entry(OsStr::new(name)).map_err(|source| {
            let path = shown();
            refused(DestinationError::Unreadable { path, source })
        })?;
        match entry.map(|entry| entry.kind) {
            Some(Kind::Dir) => {
                return Err(refused(DestinationError::Directory { path: shown() }));
            }
            Some(Kind::Special) => {
                return Err(refused(DestinationError::Special { path: shown() }));
            }
            Some(_) => self.check_spelling(&dir, name, path.as_str())?,
            None => {}
        }
        Ok(Some(Target {
            dir,
            name: name.to_owned(),
            must_be_new: self.folds && entry.is_none(),
            entry,
        }))
    }

    /// Closes all folders but those in use: somebody has taken one away, or there are too many.
    pub(crate) fn forget(&self) {
        self.open().clear();
    }

    /// The folder that is open and nearest above `path`, or at it.
    fn nearest<'p>(&self, path: &'p str) -> (&'p str, D) {
        let mut open = self.open();
        let mut above = path;
        while !above.is_empty() {
            if let Some(at) = open.iter().rposition(|(held, _)| held == above)
                && let Some(found) = open.remove(at)
            {
                let dir = found.1.clone();
                open.push_back(found);
                return (above, dir);
            }
            above = above.rsplit_once('/').map_or("", |(above, _)| above);
        }
        ("", self.root.clone())
    }

    fn remember(&self, path: &str, dir: &D) {
        let mut open = self.open();
        open.retain(|(held, _)| held != path);
        if open.len() >= MAX_OPEN {
            open.pop_front();
        }
        open.push_back((path.to_owned(), dir.clone()));
    }

    fn open(&self) -> MutexGuard<'_, VecDeque<(String, D)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One folder in another. Whoever makes and removes it at the same time is met twice.
    fn child(&self, dir: &D, name: &str, path: &str, make: bool) -> Result<Option<D>, ObjectError> {
        let failed = |error| self.failed(path, error);
        let os = OsStr::new(name);
        for _ in 0..2 {
            let opened = match dir.open_folder(os) {
                Err(error) => return Err(self.unopened(dir, os, path, error)),
                Ok(opened) => opened,
            };
            if let Some(child) = opened {
                if self.reserved.is_some() && child.id().map_err(failed).map(Some)? == self.reserved
                {
                    return Err(ObjectError::Key(super::InvalidKeyPath::Reserved));
                }
                self.check_spelling(dir, name, path)?;
                return Ok(Some(child));
            }
            if !make {
                return Ok(None);
            }
            match dir.make_folder(os) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed(error));
                }
                _ if self.durable => dir.sync().map_err(failed)?,
                _ => self.unsynced.store(true, Ordering::Relaxed),
            }
        }
        Err(failed(io::ErrorKind::NotFound.into()))
    }

    /// Where the file system takes different names for one: that what is there is this very name.
    fn check_spelling(&self, dir: &D, name: &str, path: &str) -> Result<(), ObjectError> {
        let failed = |error| self.failed(path, error);
        if self.folds && !dir.is_spelled(OsStr::new(name)).map_err(failed)? {
            return Err(ObjectError::Collides {
                path: self.shown(path),
            });
        }
        Ok(())
    }

    /// What is there that is no folder.
    fn unopened(&self, dir: &D, name: &OsStr, path: &str, error: io::Error) -> ObjectError {
        let kind = dir.entry(name).ok().flatten().map(|entry| entry.kind);
        let shown = self.shown(path);
        match kind {
            Some(Kind::Symlink) => ObjectError::Symlink { path: shown },
            Some(Kind::File | Kind::Special) => ObjectError::NotFolder { path: shown },
            _ => self.failed(path, error),
        }
    }

    fn failed(&self, path: &str, error: io::Error) -> ObjectError {
        let error = DownloadError::local(LocalAction::Create, &self.shown(path), error);
        ObjectError::Download(error)
    }
}

/// Whether a file system takes different names for one, tried in a folder of our own: by case, or
/// by how an accent is written.
pub(crate) fn folds<D: Folder>(dir: &D) -> io::Result<bool> {
    for (name, other) in [
        (".probe-a", ".PROBE-A"),
        (".probe-\u{e9}", ".probe-e\u{301}"),
    ] {
        let made = match dir.create(OsStr::new(name)) {
            // A former run was cut off here.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made.map(drop),
        };
        if let Err(error) = made {
            // A file system that refuses a letter does not take it for another one.
            match error.kind() {
                io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput => continue,
                _ => return Err(error),
            }
        }
        let found = dir
            .entry(OsStr::new(other))
            .is_ok_and(|entry| entry.is_some());
        dir.remove(OsStr::new(name))?;
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a name is the reserved folder's, as it is written by us.
pub(crate) fn is_reserved(name: &OsStr) -> bool {
    name == RESERVED
}

#[cfg(test)]
mod tests;
