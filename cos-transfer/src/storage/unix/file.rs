//! Files, and the space for them.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::time::SystemTime;

use rustix::io::{Errno, retry_on_intr};

use super::is_unsupported;
use crate::storage::File;

/// In what unit the space that a file takes is told, in bytes.
const BLOCK: u64 = 512;

/// A file of the system.
#[derive(Debug)]
pub(crate) struct RealFile {
    pub(super) file: fs::File,
    /// The mode that the umask left it, if it was made here.
    pub(super) public: Option<fs::Permissions>,
}

impl File for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        if !is_in_memory(&self.file)? {
            match allocate(&self.file, len) {
                Err(error) if is_unsupported(error) => {}
                reserved => return Ok(reserved?),
            }
        } else if !has_room(&self.file, len)? {
            return Err(Errno::NOSPC.into());
        }
        if self.len()? < len {
            self.set_len(len)?;
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn forget(&self) -> io::Result<()> {
        Ok(evict(&self.file)?)
    }

    fn try_lock(&self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(fs::TryLockError::WouldBlock) => Ok(false),
            Err(fs::TryLockError::Error(error)) => {
                // `NOLCK`: an NFS server without its lock service.
                let unknown = |errno| is_unsupported(errno) || errno == Errno::NOLCK;
                let has_none = error.kind() == io::ErrorKind::Unsupported
                    || Errno::from_io_error(&error).is_some_and(unknown);
                if has_none { Ok(true) } else { Err(error) }
            }
        }
    }

    fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.file.set_modified(time)
    }

    fn make_public(&self, like: &Self) -> io::Result<()> {
        match &like.public {
            Some(public) => self.file.set_permissions(public.clone()),
            None => Ok(()),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn allocate(file: &fs::File, len: u64) -> Result<(), Errno> {
    use rustix::fs::FallocateFlags;
    retry_on_intr(|| rustix::fs::fallocate(file, FallocateFlags::empty(), 0, len))
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn allocate(_: &fs::File, _: u64) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn evict(file: &fs::File) -> Result<(), Errno> {
    rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn evict(_: &fs::File) -> Result<(), Errno> {
    Err(Errno::NOSYS)
}

/// Whether a file is one of a tmpfs or a ramfs. To take space there costs as much as to write, page
/// by page under the file's lock: for a gigabyte a third of a second, in which nothing else can be
/// written.
#[cfg(target_os = "linux")]
pub(super) fn is_in_memory(file: &fs::File) -> io::Result<bool> {
    /// As linux/magic.h has them.
    const TMPFS: u32 = 0x0102_1994;
    const RAMFS: u32 = 0x8584_58f6;
    let kind = rustix::fs::fstatfs(file)?.f_type;
    Ok([TMPFS, RAMFS]
        .iter()
        .any(|&memory| u32::try_from(kind).ok() == Some(memory)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_in_memory(_: &fs::File) -> io::Result<bool> {
    Ok(false)
}

/// Whether a file can become so long, as things stand. A ramfs counts no space, and there is always
/// room.
fn has_room(file: &fs::File, len: u64) -> io::Result<bool> {
    let space = rustix::fs::fstatvfs(file)?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let taken = file.metadata()?.blocks().saturating_mul(BLOCK);
    Ok(space.f_blocks == 0 || len <= free.saturating_add(taken))
}
