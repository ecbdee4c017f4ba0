//! Unix: calls relative to a directory that is held open, and none that follows a symbolic link.
//!
//! Linux is what is tested. Nothing here is Linux alone without saying so.

mod file;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::{Errno, retry_on_intr};

use super::{Dir, DirId, Entry, Kind};
pub(crate) use file::RealFile;

/// The mode of a new file, before the umask takes its share.
const NEW_FILE_MODE: Mode = Mode::from_raw_mode(0o666);

/// The mode of a new directory, before the umask takes its share.
const NEW_DIR_MODE: Mode = Mode::from_raw_mode(0o777);

/// The mode of a directory of files that are not complete.
const PRIVATE_DIR_MODE: Mode = Mode::from_raw_mode(0o700);

/// The mode of a file that is not complete: nobody else's business.
const PRIVATE_MODE: u32 = 0o600;

/// A directory of the system.
#[derive(Clone, Debug)]
pub(crate) struct RealDir {
    fd: Arc<OwnedFd>,
    /// Whether its names can be made durable: not if it may be written but not read.
    readable: bool,
}

impl RealDir {
    /// Opens the directory at `path`, following whatever links a user has on the way there.
    pub(crate) fn open_path(path: &Path) -> io::Result<Self> {
        Self::open_at(rustix::fs::CWD, path.as_os_str(), OFlags::empty())
    }

    /// Opens a directory in this one; `None` if there is nothing of that name. A symbolic link is
    /// an error ([`NotADirectory`](io::ErrorKind::NotADirectory)).
    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Option<Self>> {
        match Self::open_at(&*self.fd, name, OFlags::NOFOLLOW) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Makes a directory in this one.
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if anything of that name is there.
    pub(crate) fn make_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&*self.fd, name, NEW_DIR_MODE)?)
    }

    /// Removes an empty directory in this one.
    pub(crate) fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.fd, name, AtFlags::REMOVEDIR)?)
    }

    /// For a moment the file has both names.
    fn rename_by_link(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        rustix::fs::linkat(&*self.fd, from, &*to_dir.fd, to, AtFlags::empty())?;
        self.remove(from)
    }

    /// Who makes a file of that name after it was looked loses it.
    fn rename_by_look(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        if to_dir.stat(to)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename(from, to_dir, to)
    }

    fn open_at(at: impl AsFd, name: &OsStr, extra: OFlags) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | extra;
        let open = |flags| open_beneath(at.as_fd(), name, flags);
        let (fd, readable) = match open(OFlags::RDONLY | flags) {
            Ok(fd) => (fd, true),
            // It may still be written, which is all that is needed but for a sync.
            #[cfg(target_os = "linux")]
            Err(Errno::ACCESS) => (open(OFlags::PATH | flags)?, false),
            Err(error) => return Err(error.into()),
        };
        Ok(Self {
            fd: Arc::new(fd),
            readable,
        })
    }

    fn stat(&self, name: &OsStr) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&*self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What only directories of many files need.
impl RealDir {
    /// As [`make_dir`](Self::make_dir), for nobody but its owner.
    pub(crate) fn make_private_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&*self.fd, name, PRIVATE_DIR_MODE)?)
    }

    /// Takes this directory away from everybody but its owner.
    ///
    /// [`PermissionDenied`](io::ErrorKind::PermissionDenied) if it is another user's and open to
    /// others: what is in it is not ours to decide. On some network file systems a directory is
    /// somebody else's as soon as it is made.
    pub(crate) fn make_private(&self) -> io::Result<()> {
        let stat = rustix::fs::fstat(&*self.fd)?;
        if Mode::from_raw_mode(stat.st_mode) == PRIVATE_DIR_MODE {
            return Ok(());
        }
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        // There are file systems that have no modes.
        let _ = rustix::fs::fchmod(&*self.fd, PRIVATE_DIR_MODE);
        Ok(())
    }

    /// As [`create`](Dir::create), with the mode that the umask leaves it from the start.
    pub(crate) fn create_public(&self, name: &OsStr) -> io::Result<RealFile> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&*self.fd, name, flags, NEW_FILE_MODE)?;
        Ok(RealFile {
            file: fd.into(),
            public: None,
        })
    }

    /// Opens a file for reading; `None` if there is nothing of that name. What [`open`](Dir::open)
    /// says of links and of other things goes for it too.
    pub(crate) fn open_to_read(&self, name: &OsStr) -> io::Result<Option<RealFile>> {
        self.open_file(name, OFlags::RDONLY)
    }

    fn open_file(&self, name: &OsStr, access: OFlags) -> io::Result<Option<RealFile>> {
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match rustix::fs::openat(&*self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(RealFile {
                file: fd.into(),
                public: None,
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells `visit` of every name in it and of what stands there, in no order, until that says to
    /// break off. The names are not collected.
    pub(crate) fn names(
        &self,
        visit: &mut dyn FnMut(OsString, Kind) -> io::Result<ControlFlow<()>>,
    ) -> io::Result<()> {
        if !self.readable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        for entry in rustix::fs::Dir::read_from(&*self.fd)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                // There are file systems whose directories do not say.
                FileType::Unknown => match self.entry(name)? {
                    Some(entry) => entry.kind,
                    None => continue,
                },
                known => kind(known),
            };
            if visit(name.to_owned(), kind)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// When anything about what stands at a name was changed last, as the file system's own clock
    /// has it: no program can set it.
    pub(crate) fn changed(&self, name: &OsStr) -> io::Result<Option<SystemTime>> {
        let Some(stat) = self.stat(name)? else {
            return Ok(None);
        };
        Ok(changed(&stat))
    }

    /// Makes everything durable that was written to the file system it is on. Only Linux can; else
    /// it is left to the system.
    pub(crate) fn sync_file_system(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if self.readable {
            rustix::fs::syncfs(&*self.fd)?;
        }
        Ok(())
    }
}

impl Dir for RealDir {
    type File = RealFile;

    fn id(&self) -> io::Result<DirId> {
        let stat = rustix::fs::fstat(&*self.fd)?;
        Ok(DirId(device(&stat), stat.st_ino))
    }

    fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        Ok(self.stat(name)?.map(|stat| Entry {
            kind: kind(FileType::from_raw_mode(stat.st_mode)),
            len: u64::try_from(stat.st_size).unwrap_or(0),
            modified: time(stat.st_mtime),
            alone: stat.st_nlink == 1,
            ours: stat.st_uid == rustix::process::geteuid().as_raw(),
        }))
    }

    fn open(&self, name: &OsStr) -> io::Result<Option<RealFile>> {
        self.open_file(name, OFlags::RDWR)
    }

    fn create(&self, name: &OsStr) -> io::Result<RealFile> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&*self.fd, name, flags, NEW_FILE_MODE)?;
        let file = fs::File::from(fd);
        // The kernel applies the umask, which no program can read without changing it.
        let public = file.metadata()?.permissions();
        // There are file systems that have no modes, or set them for nobody.
        let _ = file.set_permissions(fs::Permissions::from_mode(PRIVATE_MODE));
        Ok(RealFile {
            file,
            public: Some(public),
        })
    }

    fn rename(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&*self.fd, from, &*to_dir.fd, to)?)
    }

    fn rename_new(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()> {
        match rename_noreplace(&self.fd, from, &to_dir.fd, to) {
            Err(error) if is_unsupported(error) => {}
            renamed => return Ok(renamed?),
        }
        match self.rename_by_link(from, to_dir, to) {
            Err(error) if has_no_links(&error) => self.rename_by_look(from, to_dir, to),
            renamed => renamed,
        }
    }

    fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&*self.fd, name, AtFlags::empty())?)
    }

    fn is(&self, name: &OsStr, file: &RealFile) -> io::Result<bool> {
        let open = rustix::fs::fstat(&file.file)?;
        let named = self.stat(name)?;
        Ok(named.is_some_and(|named| named.st_dev == open.st_dev && named.st_ino == open.st_ino))
    }

    fn sync(&self) -> io::Result<()> {
        if !self.readable {
            return Ok(());
        }
        match retry_on_intr(|| rustix::fs::fsync(&*self.fd)) {
            // There are file systems that do not sync directories: there the names are as durable
            // as the system has them.
            Err(error) if is_unsupported(error) => Ok(()),
            synced => Ok(synced?),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_noreplace(
    from: &OwnedFd,
    name: &OsStr,
    to: &OwnedFd,
    to_name: &OsStr,
) -> Result<(), Errno> {
    rustix::fs::renameat_with(from, name, to, to_name, RenameFlags::NOREPLACE)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_noreplace(_: &OwnedFd, _: &OsStr, _: &OwnedFd, _: &OsStr) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

/// Opens one component, in a directory. Where links are not to be followed, the kernel is told that
/// the way must not lead out of the directory by any means; a kernel before 5.6, or one whose filter
/// of system calls knows no `openat2`, is told not to follow that component, which for one component
/// is as good.
#[cfg(target_os = "linux")]
fn open_beneath(at: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    use rustix::fs::ResolveFlags;
    if flags.contains(OFlags::NOFOLLOW) {
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let open = || rustix::fs::openat2(at, name, flags, Mode::empty(), resolve);
        // It says so where something was renamed at the same moment.
        match retry_on(Errno::AGAIN, || retry_on_intr(open)) {
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened,
        }
    }
    rustix::fs::openat(at, name, flags, Mode::empty())
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(at: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(at, name, flags, Mode::empty())
}

/// How often a call is repeated that failed in passing.
#[cfg(target_os = "linux")]
const TRIES: usize = 100;

#[cfg(target_os = "linux")]
fn retry_on<T>(passing: Errno, call: impl Fn() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 1..TRIES {
        match call() {
            Err(error) if error == passing => {}
            outcome => return outcome,
        }
    }
    call()
}

fn kind(file_type: FileType) -> Kind {
    match file_type {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Symlink,
        _ => Kind::Special,
    }
}

/// How many files this process may have open, where there is a limit.
pub(crate) fn handles() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Whether a call failed because this process, or the system, has too many files open.
pub(crate) fn out_of_handles(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

/// Whether a file system has no hard links; `PERM` is how Linux says so.
fn has_no_links(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| is_unsupported(errno) || errno == Errno::PERM)
}

/// Whether a call failed because the system or this file system does not know it.
fn is_unsupported(error: Errno) -> bool {
    let unknown = matches!(
        error,
        Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOTTY
    );
    // On some systems it is the same number as one of these.
    unknown || error == Errno::NOTSUP
}

/// Its type is another one on every system.
#[cfg_attr(
    target_os = "linux",
    expect(
        clippy::useless_conversion,
        reason = "it is so on this system, not on others"
    )
)]
fn device(stat: &Stat) -> u64 {
    u64::try_from(stat.st_dev).unwrap_or(u64::MAX)
}

/// Its types are others on every system.
#[cfg_attr(
    target_os = "linux",
    expect(
        clippy::useless_conversion,
        reason = "it is so on this system, not on others"
    )
)]
fn changed(stat: &Stat) -> Option<SystemTime> {
    let seconds = i64::try_from(stat.st_ctime).ok()?;
    let nanos = u64::try_from(stat.st_ctime_nsec).ok()?;
    time(seconds)?.checked_add(Duration::from_nanos(nanos))
}

/// A point in time from the seconds since the Unix epoch.
fn time(seconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}
