//! Systems other than Unix: by paths, and as far as the standard library goes.
//!
//! Not verified. A directory whose path is renamed is lost; a name is taken for an open file's as
//! soon as it is there; directories are not synced.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::{Dir, DirId, Entry, File, Kind};

/// A directory of the system.
#[derive(Clone, Debug)]
pub(crate) struct RealDir {
    path: Arc<Path>,
}

/// A file of the system. Its position is nobody's, so that reads and writes are taken in turn.
#[derive(Debug)]
pub(crate) struct RealFile {
    file: Mutex<fs::File>,
}

impl RealDir {
    /// The directory at `path`, following whatever links a user has on the way there.
    pub(crate) fn open_path(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        if !fs::metadata(&path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { path: path.into() })
    }

    /// Opens a directory in this one; `None` if there is nothing of that name. A symbolic link is
    /// an error ([`NotADirectory`](io::ErrorKind::NotADirectory)).
    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Option<Self>> {
        match self.entry(name)? {
            None => Ok(None),
            Some(entry) if entry.kind == Kind::Dir => Ok(Some(Self {
                path: self.at(name).into(),
            })),
            Some(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Makes a directory in this one.
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if anything of that name is there.
    pub(crate) fn make_dir(&self, name: &OsStr) -> io::Result<()> {
        fs::create_dir(self.at(name))
    }

    /// Removes an empty directory in this one.
    pub(crate) fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.at(name))
    }

    /// As [`make_dir`](Self::make_dir): who may open it is left to the system.
    pub(crate) fn make_private_dir(&self, name: &OsStr) -> io::Result<()> {
        self.make_dir(name)
    }

    /// Who may open it is left to the system.
    pub(crate) fn make_private(&self) -> io::Result<()> {
        Ok(())
    }

    /// As [`create`](Dir::create).
    pub(crate) fn create_public(&self, name: &OsStr) -> io::Result<RealFile> {
        self.create(name)
    }

    /// Opens a file for reading; `None` if there is nothing of that name.
    pub(crate) fn open_to_read(&self, name: &OsStr) -> io::Result<Option<RealFile>> {
        match fs::File::open(self.at(name)) {
            Ok(file) => Ok(Some(RealFile {
                file: Mutex::new(file),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Tells `visit` of every name in it and of what stands there, in no order, until that says to
    /// break off.
    pub(crate) fn names(
        &self,
        visit: &mut dyn FnMut(OsString, Kind) -> io::Result<ControlFlow<()>>,
    ) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let Some(entry) = self.entry(&name)? else {
                continue;
            };
            if visit(name, entry.kind)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Not known here.
    pub(crate) fn changed(&self, _: &OsStr) -> io::Result<Option<SystemTime>> {
        Ok(None)
    }

    /// Left to the system.
    pub(crate) fn sync_file_system(&self) -> io::Result<()> {
        Ok(())
    }

    fn at(&self, name: &OsStr) -> PathBuf {
        self.path.join(name)
    }
}

/// How many files this process may have open. Not known here.
pub(crate) fn handles() -> Option<u64> {
    None
}

/// Whether a call failed because there are too many files open. Not known here.
pub(crate) fn out_of_handles(_: &io::Error) -> bool {
    false
}

impl Dir for RealDir {
    type File = RealFile;

    fn id(&self) -> io::Result<DirId> {
        let mut hasher = DefaultHasher::new();
        self.path.hash(&mut hasher);
        Ok(DirId(hasher.finish(), 0))
    }

    fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        let found = match fs::symlink_metadata(self.at(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        Ok(Some(Entry {
            kind: if found.is_file() {
                Kind::File
            } else if found.is_dir() {
                Kind::Dir
            } else if found.is_symlink() {
                Kind::Symlink
            } else {
                Kind::Special
            },
            len: found.len(),
            modified: found.modified().ok(),
            alone: true,
            ours: true,
        }))
    }

    fn open(&self, name: &OsStr) -> io::Result<Option<RealFile>> {
        let path = self.at(name);
        match fs::OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => Ok(Some(opened?.into())),
        }
    }

    fn create(&self, name: &OsStr) -> io::Result<RealFile> {
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).create_new(true);
        Ok(file.open(self.at(name))?.into())
    }

    fn rename(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        fs::rename(self.at(from), to_dir.at(to))
    }

    fn rename_new(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        if fs::hard_link(self.at(from), to_dir.at(to)).is_ok() {
            return self.remove(from);
        }
        if to_dir.entry(to)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename(from, to_dir, to)
    }

    fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.at(name))
    }

    fn is(&self, name: &OsStr, _: &RealFile) -> io::Result<bool> {
        Ok(self.entry(name)?.is_some())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

impl RealFile {
    fn lock(&self) -> std::sync::MutexGuard<'_, fs::File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<fs::File> for RealFile {
    fn from(file: fs::File) -> Self {
        Self {
            file: Mutex::new(file),
        }
    }
}

impl File for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut file = self.lock();
        file.seek(SeekFrom::Start(offset))?;
        loop {
            match file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut file = self.lock();
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.lock().set_len(len)
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        if self.len()? < len {
            self.set_len(len)?;
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.lock().sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.lock().sync_all()
    }

    fn forget(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.lock().try_lock() {
            Ok(()) => Ok(true),
            Err(fs::TryLockError::WouldBlock) => Ok(false),
            Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                Ok(true)
            }
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.lock().set_modified(time)
    }

    fn make_public(&self, _: &Self) -> io::Result<()> {
        Ok(())
    }
}
