//! How the download of a prefix tells what becomes of each object.

use std::fmt;

use super::ObjectError;
use crate::Report;

/// Is told what becomes of each object, and how far a run is.
///
/// It is called from the tasks that download: an implementation should store or print what it hears
/// and come back soon. A closure over [`Done`] will do where progress is of no interest.
///
/// ```
/// use cos_transfer::prefix::{Done, Observer};
///
/// fn accepts(_: impl Observer) {}
/// accepts(|done: &Done<'_>| eprintln!("{:?}: {:?}", done.key, done.outcome));
/// ```
pub trait Observer: Send + Sync {
    /// One object, or with `delete` one local file, is done with.
    fn done(&self, done: &Done<'_>);

    /// How far the run is: at its beginning, then at most ten times a second, and at its end.
    fn progress(&self, now: PrefixProgress) {
        let _ = now;
    }
}

impl<F: Fn(&Done<'_>) + Send + Sync> Observer for F {
    fn done(&self, done: &Done<'_>) {
        self(done);
    }
}

/// What has become of one object.
#[derive(Debug)]
#[non_exhaustive]
pub struct Done<'a> {
    /// Its key. For a local file that was deleted, the key that the bucket does not have.
    pub key: &'a str,
    /// Its path below the directory, with `/` between components; empty where the key has none.
    pub path: &'a str,
    /// What has become of it.
    pub outcome: Outcome<'a>,
}

/// What has become of one object.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// It is in place.
    Fetched(&'a Report),
    /// Its key ends in `/`: the folder is there.
    Folder,
    /// It was left as it is.
    Skipped(Skipped),
    /// It was not tried, or has failed.
    Failed(&'a ObjectError),
    /// The local file was not in the bucket, and is gone.
    Deleted,
    /// In a dry run: so many bytes would be fetched.
    WouldFetch(u64),
    /// In a dry run: the local file would be deleted.
    WouldDelete,
}

/// Why an object was not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Skipped {
    /// The local file does not differ.
    Same,
    /// There is a local file, and it was to be left alone.
    Exists,
    /// A former run, which did not come to its end, has fetched it.
    Finished,
}

/// How far the download of a prefix is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrefixProgress {
    /// Objects that are done with, whatever has become of them.
    pub objects: u64,
    /// Objects that the listing has shown so far: those that the filters and the shard take.
    pub objects_listed: u64,
    /// Bytes that have come, or were found from a former run. It never goes back, and is never more
    /// than `bytes_listed`.
    pub bytes: u64,
    /// Bytes of the objects that are to be fetched, as far as they are known. What turns out to be
    /// in place already is taken off.
    pub bytes_listed: u64,
    /// Whether the listing is complete, so that the two numbers are final.
    pub is_listed: bool,
}

/// An observer that nobody gave.
impl fmt::Debug for dyn Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
