//! What a download needs of a file system, and no more, so that a simulated one can stand in.
//!
//! Everything here blocks. What differs by system stands in `unix.rs`, or in `other.rs` where that
//! does not fit.

#[cfg(not(unix))]
mod other;
#[cfg(test)]
pub(crate) mod sim;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{RealDir, RealFile, handles, out_of_handles};
#[cfg(unix)]
pub(crate) use unix::{RealDir, RealFile, handles, out_of_handles};

use std::ffi::OsStr;
use std::io;
use std::time::SystemTime;

/// A directory that is held open: to rename or replace its path does not matter any more.
///
/// Names are single components, neither `.` nor `..`, and are looked at themselves: no symbolic link
/// is followed. Cloning gives another handle of the same directory.
pub(crate) trait Dir: Clone + Send + Sync + 'static {
    /// What files in it are.
    type File: File;

    /// Which directory it is, as long as a handle of it is open.
    fn id(&self) -> io::Result<DirId>;

    /// What stands at a name; `None` if nothing does.
    fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>>;

    /// Opens a file for reading and writing; `None` if there is nothing of that name. A symbolic
    /// link is an error; what else is no regular file may be opened, without waiting for anybody.
    fn open(&self, name: &OsStr) -> io::Result<Option<Self::File>>;

    /// Makes a file for reading and writing that nobody but its owner may open.
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if anything of that name is there.
    fn create(&self, name: &OsStr) -> io::Result<Self::File>;

    /// Gives a file a name in `to_dir`, in one step, in place of any other file of that name.
    fn rename(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()>;

    /// As [`rename`](Self::rename), but
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if anything of that name is there.
    ///
    /// Where the file system cannot do that in one step, the file has two names for a moment; where
    /// it has no hard links either, it is looked before it is renamed, and who makes a file of that
    /// name in between loses it.
    fn rename_new(&self, from: &OsStr, to_dir: &Self, to: &OsStr) -> io::Result<()>;

    /// Takes a name away, unless it is a directory's.
    /// [`NotFound`](io::ErrorKind::NotFound) if there is nothing of that name.
    fn remove(&self, name: &OsStr) -> io::Result<()>;

    /// Whether a name is this open file's.
    fn is(&self, name: &OsStr, file: &Self::File) -> io::Result<bool>;

    /// Makes the names in it durable, as far as the file system can.
    fn sync(&self) -> io::Result<()>;
}

/// An open file. Reads and writes are positional, and may run on any number of threads at once.
pub(crate) trait File: Send + Sync + 'static {
    /// Reads what is there, up to the length of `buffer`; 0 at the end of the file only.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes`.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// How long it is.
    fn len(&self) -> io::Result<u64>;

    /// Cuts it off, or goes on with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes it at least so long, and takes the space for it: after this no write up to there
    /// fails for want of space. Where a file system cannot promise that, it is made so long; where
    /// space is memory, it is looked whether there is enough of it.
    fn reserve(&self, len: u64) -> io::Result<()>;

    /// Makes its bytes durable, and as much about it as is needed to read them.
    fn sync_data(&self) -> io::Result<()>;

    /// Makes everything about it durable.
    fn sync_all(&self) -> io::Result<()>;

    /// Lets go what is in memory of it: what is read next comes from the disk, but for what has not
    /// been written there.
    fn forget(&self) -> io::Result<()>;

    /// Locks it against other handles of the same file, of this process and of others; false if it
    /// is locked by another one. The lock goes with the handle.
    ///
    /// True as well on a file system that has no locks.
    fn try_lock(&self) -> io::Result<bool>;

    /// Sets when it was changed last.
    fn set_modified(&self, time: SystemTime) -> io::Result<()>;

    /// Lets others open it, as a new file of this process lets them: `like` is one that was made in
    /// the same directory by [`Dir::create`].
    fn make_public(&self, like: &Self) -> io::Result<()>;
}

/// What tells directories apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct DirId(pub(crate) u64, pub(crate) u64);

/// What stands at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// Bytes.
    pub(crate) len: u64,
    /// In whole seconds.
    pub(crate) modified: Option<SystemTime>,
    /// Whether this is its only name.
    pub(crate) alone: bool,
    /// Whether it belongs to the user that we run as.
    pub(crate) ours: bool,
}

/// What kind of thing stands at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Dir,
    Symlink,
    /// A device, a pipe, a socket.
    Special,
}
