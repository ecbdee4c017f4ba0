//! The folder in which everything stands that is not finished.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::Shard;
use super::key_path::RESERVED;
use crate::storage::{Dir, File as _, Kind, RealDir, RealFile};

/// The file that is locked while a run goes on, and that says what for it is.
const RUN: &str = "run";

/// What the names of small files begin with while they are written.
const NEW: &str = "new-";

/// How often the lock is tried where others make and remove the folder at the same time.
const TRIES: usize = 100;

/// The longest text that says what a run is for: a bucket and a prefix.
const MAX_RUN: usize = 4096;

/// `.cos-partial/` in the directory of a run, or with a shard `.cos-partial/I-N/`, held by one run.
#[derive(Debug)]
pub(crate) struct Staging {
    root: RealDir,
    /// `.cos-partial/`.
    top: RealDir,
    /// Where the files are: `top`, or the shard's folder in it.
    dir: RealDir,
    shard: Option<OsString>,
    lock: RealFile,
    /// Since when the run goes on that was cut off and is taken up by this one.
    since: Option<SystemTime>,
    next: AtomicU64,
}

/// Why there is no such folder.
#[derive(Debug)]
pub(crate) enum Unstaged {
    /// Another process holds it.
    Busy,
    Io(io::Error),
}

impl Staging {
    /// Takes hold of the folder, and makes it where it is not there. `run` says what the run is for:
    /// a former one for the same is taken up.
    pub(crate) fn open(
        root: &RealDir,
        shard: Option<Shard>,
        run: &[u8],
        resume: bool,
    ) -> Result<Self, Unstaged> {
        let shard = shard.map(|shard| OsString::from(shard.folder()));
        for _ in 0..TRIES {
            let (top, dir) = match folders(root, shard.as_deref()) {
                // Another shard's run has just removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                made => made.map_err(Unstaged::Io)?,
            };
            let Some(lock) = open_or_create(&dir).map_err(Unstaged::Io)? else {
                continue;
            };
            if !lock.try_lock().map_err(Unstaged::Io)? {
                return Err(Unstaged::Busy);
            }
            if !is_ours_alone(&dir, &lock).map_err(Unstaged::Io)? {
                continue;
            }
            let mut staging = Self {
                root: root.clone(),
                top,
                dir,
                shard,
                lock,
                since: None,
                next: AtomicU64::new(0),
            };
            staging.take_up(run, resume).map_err(Unstaged::Io)?;
            return Ok(staging);
        }
        Err(Unstaged::Busy)
    }

    /// Where sidecars go.
    pub(crate) fn dir(&self) -> &RealDir {
        &self.dir
    }

    /// What no key may reach.
    pub(crate) fn top(&self) -> &RealDir {
        &self.top
    }

    /// Since when the run goes on that was cut off and is taken up by this one.
    pub(crate) fn since(&self) -> Option<SystemTime> {
        self.since
    }

    /// A name for a small file while it is written.
    pub(crate) fn new_name(&self) -> OsString {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{NEW}{number}").into()
    }

    /// Removes everything, after a run that has left nothing to resume.
    pub(crate) fn remove(&self) -> io::Result<()> {
        clear(&self.dir, |name| name != RUN)?;
        // The lock goes last: whoever comes now and opens it sees that it has lost its name.
        self.dir.remove(OsStr::new(RUN))?;
        if let Some(shard) = &self.shard {
            self.top.remove_dir(shard)?;
        }
        match self.root.remove_dir(OsStr::new(RESERVED)) {
            // Other shards are at work, or somebody else came meanwhile.
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            // Another shard has removed it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Whether there is a checkpoint to resume from.
    pub(crate) fn has_checkpoints(&self) -> io::Result<bool> {
        let mut found = false;
        self.dir.names(&mut |name, kind| {
            found = kind == Kind::File && name != RUN;
            Ok(match found {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        Ok(found)
    }

    /// Reads what the former run was for, and says what this one is for. What a killed run was
    /// writing is removed.
    fn take_up(&mut self, run: &[u8], resume: bool) -> io::Result<()> {
        let mut said = vec![0; MAX_RUN];
        let len = self.lock.read_at(&mut said, 0)?;
        let same = said.get(..len) == Some(run);
        if same && resume {
            self.since = self.dir.changed(OsStr::new(RUN))?;
        } else {
            self.lock.set_len(0)?;
            self.lock.write_all_at(run, 0)?;
        }
        clear(&self.dir, |name| {
            name.as_encoded_bytes().starts_with(NEW.as_bytes())
        })
    }
}

/// Opens the folders, and makes those that are not there.
fn folders(root: &RealDir, shard: Option<&OsStr>) -> io::Result<(RealDir, RealDir)> {
    let top = folder(root, OsStr::new(RESERVED))?;
    let dir = match shard {
        Some(shard) => folder(&top, shard)?,
        None => top.clone(),
    };
    Ok((top, dir))
}

/// `None` if it came or went in between, or was something else than a file of ours that has no other
/// name: that is unlinked, and never written to.
fn open_or_create(dir: &RealDir) -> io::Result<Option<RealFile>> {
    let run = OsStr::new(RUN);
    match dir.entry(run)? {
        Some(entry) if entry.kind == Kind::File && entry.alone => return dir.open(run),
        Some(_) => {
            remove(dir, run)?;
            return Ok(None);
        }
        None => {}
    }
    match dir.create(run) {
        Err(error) if gone_or_there(&error) => Ok(None),
        created => created.map(Some),
    }
}

/// Whether the file that was locked has its name still: a lock on one that has lost it is no lock.
/// One that has other names as well is not written to.
fn is_ours_alone(dir: &RealDir, lock: &RealFile) -> io::Result<bool> {
    let run = OsStr::new(RUN);
    let alone = dir
        .entry(run)?
        .is_some_and(|entry| entry.kind == Kind::File && entry.alone);
    Ok(alone && dir.is(run, lock)?)
}

/// Somebody else has made it in that moment, or has removed the folder.
fn gone_or_there(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound
    )
}

fn remove(dir: &RealDir, name: &OsStr) -> io::Result<()> {
    match dir.remove(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn folder(dir: &RealDir, name: &OsStr) -> io::Result<RealDir> {
    match dir.make_private_dir(name) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    let Some(folder) = dir.open_dir(name)? else {
        return Err(io::ErrorKind::NotFound.into());
    };
    folder.make_private()?;
    Ok(folder)
}

/// Removes the files and links in a folder that are asked for, and nothing else.
fn clear(dir: &RealDir, which: impl Fn(&OsStr) -> bool) -> io::Result<()> {
    dir.names(&mut |name, kind| {
        if kind != Kind::Dir && which(&name) {
            remove(dir, &name)?;
        }
        Ok(ControlFlow::Continue(()))
    })
}
