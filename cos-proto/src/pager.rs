//! Walking through a listing, page after page.
//!
//! A pager yields a request, takes the page that answers it, and says what to ask for next; it does
//! no IO. What it gives out has been judged: every entry once, under the prefix that was asked for,
//! and always going forward. A listing that does not go forward is refused at the page where that
//! shows, so that a broken or hostile server costs a bounded number of requests and never a loop.
//!
//! ```
//! use cos_proto::{Bucket, ListObjects, ObjectPager};
//!
//! let bucket = Bucket::new("examplebucket-1250000000")?;
//! let mut pager = ObjectPager::new(ListObjects::new(bucket).prefix("logs/"));
//! while let Some(request) = pager.next_request() {
//!     # let body = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
//!     // Send `request.to_request(&endpoint)?`, receive `body`.
//!     for listed in pager.take(request.parse(body)?)? {
//!         println!("{listed:?}");
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Order
//!
//! The service lists in the order of the keys' UTF-8 bytes (documentation pages 436/7734 and
//! 436/35521), and so do S3 servers. That order is demanded within each page and across pages, of
//! keys and common prefixes together.
//!
//! Where a page has common prefixes, one other order is taken: that of a file tree, in which `/`
//! sorts before every other byte, so that `a/` comes before `a-b`. Buckets with metadata
//! acceleration (OFS) are trees, and their documentation does not say which of the two they use.
//! The listing of each prefix has to keep to one of them from its first entry to its last. Both are
//! strict orders that keep the keys of a folder together, which is all that the promises above
//! need. What is given out comes in the order of bytes for as long as the listing keeps to it.
//!
//! # The next page
//!
//! A page that is truncated has to have an entry. Its next marker has to lie under the prefix and
//! not before an entry of the page. A listing of keys alone is continued after the last key, which
//! is what the service documents its next marker to be, and what S3 servers expect: they give a
//! next marker only where a delimiter was asked for. One that stands on such a page all the same, a
//! page in S3's namespace by its own account, is not looked at: it may be a token of the server's
//! own making.
//!
//! # Folders that nobody asked for
//!
//! OFS buckets answer common prefixes even where no delimiter was asked for, and leave out what is
//! in them. The pager walks into each, so that a listing without a delimiter is complete, and gives
//! everything out in the listing's order: entries that stand behind a folder wait until it has been
//! walked. At most [`MAX_WAITING`] entries wait and at most [`MAX_DEPTH`] folders are open at a
//! time, whatever the size of the bucket.

mod buckets;
mod error;
mod level;
mod order;
mod page;
mod walk;

pub use buckets::BucketPager;
pub use error::PagerError;
pub use walk::{MAX_DEPTH, MAX_WAITING};

use alloc::string::String;
use alloc::vec::Vec;

use crate::{
    Failure, ListObjectVersions, ListObjects, ObjectEntry, ObjectPage, VersionEntry, VersionPage,
};
use page::{Incoming, Marker};
use walk::Walk;

/// Walks through the objects of a listing.
///
/// See the [module](self) for what it promises. An error leaves the pager where it was, so that the
/// same request may be tried again.
#[derive(Clone, Debug)]
pub struct ObjectPager {
    request: ListObjects,
    walk: Walk<ObjectEntry>,
}

impl ObjectPager {
    /// Starts with this request. Its marker, if it has one, says where the listing starts.
    #[must_use]
    pub fn new(request: ListObjects) -> Self {
        let start = request.marker.clone().map(|key| Marker {
            key,
            version_id: None,
        });
        let walk = Walk::new(request.prefix.clone(), request.delimiter.as_deref(), start);
        Self { request, walk }
    }

    /// The request for the next page; `None` when everything has been listed.
    ///
    /// The answer changes with [`take`](Self::take) only.
    #[must_use]
    pub fn next_request(&self) -> Option<ListObjects> {
        let (prefix, marker) = self.walk.next()?;
        let mut request = self.request.clone();
        request.prefix = String::from(prefix);
        request.marker = marker.map(|marker| marker.key.clone());
        Some(request)
    }

    /// Judges the page that answers [`next_request`](Self::next_request), and gives out what can be
    /// given out by now.
    ///
    /// # Errors
    ///
    /// [`PagerError`] says how the listing breaks its order, or that no page was asked for.
    pub fn take(&mut self, page: ObjectPage) -> Result<Vec<Listed<ObjectEntry>>, PagerError> {
        self.walk.take(Incoming {
            entries: page.objects,
            prefixes: page.common_prefixes,
            is_truncated: page.is_truncated,
            next_key: page.next_marker,
            next_version_id: None,
            s3: page.s3,
        })
    }
}

/// Walks through the versions and delete markers of a listing.
///
/// Those of one key come in the order of the page, which is newest first; otherwise all is as with
/// [`ObjectPager`].
#[derive(Clone, Debug)]
pub struct VersionPager {
    request: ListObjectVersions,
    walk: Walk<VersionEntry>,
}

impl VersionPager {
    /// Starts with this request. Its markers, if it has them, say where the listing starts.
    #[must_use]
    pub fn new(request: ListObjectVersions) -> Self {
        let version_id = request.version_id_marker.clone();
        let start = request
            .key_marker
            .clone()
            .map(|key| Marker { key, version_id });
        let walk = Walk::new(request.prefix.clone(), request.delimiter.as_deref(), start);
        Self { request, walk }
    }

    /// The request for the next page; `None` when everything has been listed.
    ///
    /// The answer changes with [`take`](Self::take) only.
    #[must_use]
    pub fn next_request(&self) -> Option<ListObjectVersions> {
        let (prefix, marker) = self.walk.next()?;
        let mut request = self.request.clone();
        request.prefix = String::from(prefix);
        request.key_marker = marker.map(|marker| marker.key.clone());
        request.version_id_marker = marker.and_then(|marker| marker.version_id.clone());
        Some(request)
    }

    /// Judges the page that answers [`next_request`](Self::next_request), and gives out what can be
    /// given out by now.
    ///
    /// # Errors
    ///
    /// [`PagerError`] says how the listing breaks its order, or that no page was asked for.
    pub fn take(&mut self, page: VersionPage) -> Result<Vec<Listed<VersionEntry>>, PagerError> {
        self.walk.take(Incoming {
            entries: page.entries,
            prefixes: page.common_prefixes,
            is_truncated: page.is_truncated,
            next_key: page.next_key_marker,
            next_version_id: page.next_version_id_marker,
            s3: page.s3,
        })
    }
}

/// What a listing consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Listed<E> {
    /// An object, a version or a delete marker.
    Entry(E),
    /// A common prefix, because a delimiter was asked for: all keys that start with it.
    Prefix(String),
    /// A folder of an OFS bucket that no delimiter asked for. It is no key, and what is in it
    /// follows.
    Folder(String),
}

impl<E> Listed<E> {
    /// The object, the version or the delete marker, if it is one.
    #[must_use]
    pub fn into_entry(self) -> Option<E> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Prefix(_) | Self::Folder(_) => None,
        }
    }
}

impl From<&PagerError> for Failure {
    fn from(_: &PagerError) -> Self {
        Self::InvalidResponse
    }
}
