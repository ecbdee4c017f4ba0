//! What can go wrong with one object, and with a run as a whole.

use std::path::PathBuf;

use cos_proto::{ListingError, PagerError};

use super::{InvalidKeyPath, PrefixReport};
use crate::DownloadError;

/// Why an object of a prefix is not in place. The run goes on with the others.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The key has no place in a file system. Nothing was sent.
    #[error("the key cannot be stored as a file")]
    Key(#[source] InvalidKeyPath),
    /// Another key is a file where this one needs a folder; that one stays, whatever the order and
    /// the shards, and also where a filter leaves it out.
    #[error("the key {file:?} is a file, so nothing can be stored below it")]
    BelowFile {
        /// The other key.
        file: String,
    },
    /// The key ends in `/` and has bytes: it can be neither a folder nor a file.
    #[error("the key is a folder's and has {bytes} bytes")]
    FolderWithBytes {
        /// How many.
        bytes: u64,
    },
    /// A symbolic link stands where a folder is needed. No link below the directory is followed.
    #[error("{} is a symbolic link, and is not followed", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// A local file stands where a folder is needed.
    #[error("{} is not a folder", path.display())]
    NotFolder {
        /// The file.
        path: PathBuf,
    },
    /// The file system takes this name for that of another object, or of another file, whose name
    /// is spelled differently. That one stays.
    #[error("{} is spelled differently there", path.display())]
    Collides {
        /// Where this object was to be.
        path: PathBuf,
    },
    /// Its download failed, or the local file system did.
    #[error(transparent)]
    Download(#[from] DownloadError),
}

/// Why a listing did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A page could not be fetched.
    #[error(transparent)]
    Request(DownloadError),
    /// A page is not a listing.
    #[error("the page is no listing")]
    Page(#[source] ListingError),
    /// The listing does not go forward.
    #[error("the listing does not go forward")]
    Order(#[source] PagerError),
}

/// A run that did not do all that it was to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// Some objects failed; all others are in place. The observer was told of each.
    #[error("{} of {} objects failed", report.failed, report.listed())]
    Objects {
        /// What was done.
        report: PrefixReport,
    },
    /// No key starts with the prefix.
    #[error("no key starts with the prefix")]
    NoKeys {
        /// What was done: nothing.
        report: PrefixReport,
    },
    /// The listing failed: there may be objects that nobody has seen. Nothing was deleted.
    #[error("the listing failed after {} objects", report.listed())]
    Listing {
        /// What was done with the objects that were seen.
        report: PrefixReport,
        /// What failed.
        source: ListError,
    },
    /// The disk as a whole is full or not writable. The run stopped there.
    #[error("the run stopped after {} objects", report.listed())]
    Local {
        /// What was done by then.
        report: PrefixReport,
        /// What failed.
        source: DownloadError,
    },
    /// The run was given up by its caller.
    #[error("the run was cancelled")]
    Cancelled {
        /// What was done by then.
        report: PrefixReport,
    },
    /// Another process is downloading to this directory. Nothing was done.
    #[error("another process is downloading to {}", dir.display())]
    Busy {
        /// The directory.
        dir: PathBuf,
        /// What was done: nothing.
        report: PrefixReport,
    },
}

impl PrefixError {
    /// What was done all the same.
    pub fn report(&self) -> &PrefixReport {
        match self {
            Self::Objects { report }
            | Self::NoKeys { report }
            | Self::Listing { report, .. }
            | Self::Local { report, .. }
            | Self::Cancelled { report }
            | Self::Busy { report, .. } => report,
        }
    }
}
