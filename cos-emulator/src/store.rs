//! What the operations know of a bucket, whichever store holds it.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue};

use crate::{
    content::Content,
    folder::FolderBucket,
    listing::{Page, Query, page},
    memory::MemoryBucket,
    object::Object,
};

/// A bucket of either kind.
#[derive(Clone, Debug)]
pub(crate) enum Bucket {
    Memory(MemoryBucket),
    Folder(FolderBucket),
}

impl Bucket {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Memory(bucket) => bucket.name(),
            Self::Folder(bucket) => bucket.name(),
        }
    }

    pub(crate) fn created(&self) -> Duration {
        match self {
            Self::Memory(bucket) => bucket.created(),
            Self::Folder(bucket) => bucket.created(),
        }
    }

    /// Whether it is metadata-accelerated: it lists common prefixes without being asked to.
    pub(crate) fn is_ofs(&self) -> bool {
        match self {
            Self::Memory(bucket) => bucket.is_ofs(),
            Self::Folder(bucket) => bucket.is_ofs(),
        }
    }

    /// Opens an object, its latest version where none is named. May block.
    pub(crate) fn open(&self, key: &str, version: Option<&str>) -> Result<Stored, Missing> {
        match self {
            Self::Memory(bucket) => bucket.open(key, version),
            Self::Folder(bucket) => bucket.open(key, version),
        }
    }

    /// One page of a listing. May block.
    pub(crate) fn page(&self, query: &Query) -> io::Result<Page> {
        match self {
            Self::Memory(bucket) => page(&mut bucket.cursor(query), query),
            Self::Folder(bucket) => page(&mut bucket.cursor(query), query),
        }
    }

    /// What a listing tells of an object. May block. `None` where it has vanished.
    pub(crate) fn describe(&self, source: &Source) -> io::Result<Option<Described>> {
        match (self, source) {
            (_, Source::Object(object)) => {
                let (etag, _) = object.checksums()?;
                Ok(Some(Described {
                    size: object.content().len(),
                    etag,
                    class: object.stored_class().cloned(),
                }))
            }
            (Self::Folder(bucket), Source::File(path)) => bucket.describe(path),
            (Self::Memory(_), Source::File(_)) => Ok(None),
        }
    }
}

/// An open object.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) content: Content,
    /// In quotes.
    pub(crate) etag: String,
    pub(crate) crc64: Option<u64>,
    pub(crate) modified: Duration,
    /// Stored with the object: `Content-Type`, metadata and the like.
    pub(crate) headers: HeaderMap,
    /// `None`: STANDARD.
    pub(crate) class: Option<HeaderValue>,
    pub(crate) archived: bool,
    /// `None` where the bucket never had versions.
    pub(crate) version_id: Option<String>,
}

/// Why an object cannot be opened.
#[derive(Debug)]
pub(crate) enum Missing {
    Key,
    Version,
    /// The version that was asked for, or the latest one, marks the object as deleted.
    Deleted {
        version_id: String,
    },
    Io(io::Error),
}

impl From<io::Error> for Missing {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Key,
            _ => Self::Io(error),
        }
    }
}

/// One version of an object in a listing, or a delete marker.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// `None` where the bucket never had versions.
    pub(crate) id: Option<String>,
    pub(crate) is_latest: bool,
    pub(crate) modified: Duration,
    /// `None`: a delete marker.
    pub(crate) source: Option<Source>,
}

/// Where the rest of what a listing tells is found.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Object(Arc<Object>),
    File(PathBuf),
}

/// What a listing tells of an object's content.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) size: u64,
    pub(crate) etag: String,
    /// `None`: STANDARD.
    pub(crate) class: Option<HeaderValue>,
}
