//! Pages of listings: objects, versions, buckets.
//!
//! Each listing request has a `parse` that makes a page of an answer's body:
//! [`ListObjects::parse`], [`ListObjectVersions::parse`], [`ListBuckets::parse`]. One page is
//! parsed at a time and held whole; walking from page to page is the business of the
//! [`pager`](crate::pager).
//!
//! A page is taken as it is written, or refused. Numbers are ASCII digits, truth is `true` or
//! `false`, an element that may stand once does not stand twice, one that has to be there is there.
//! Elements that are not known are passed over: the service adds new ones. Keys, prefixes and
//! markers are percent-decoded where the page itself says `<EncodingType>url</EncodingType>`, and
//! only there. `+` is a plus: the service writes a space as `%20` (documentation page 436/7734).
//!
//! Every request for a listing asks for `encoding-type=url`, since XML cannot carry every key: a
//! control character would make a page unreadable for good.
//!
//! # Limits
//!
//! A body of more than [`MAX_BODY`] bytes or [`MAX_ENTRIES`] entries is refused, and so are
//! elements nested or texts longer than any listing has them. What is allocated on the way stays
//! within a small multiple of the body.

mod bucket_page;
mod entry;
mod error;
mod header;
mod object_page;
mod owner;
mod slot;
mod version_page;

pub use bucket_page::{BucketEntry, BucketPage};
pub use error::ListingError;
pub use object_page::{ObjectEntry, ObjectPage};
pub use owner::Owner;
pub use version_page::{DeleteMarker, ObjectVersion, VersionEntry, VersionPage};

use crate::xml::Limits;
use crate::{Failure, ListBuckets, ListObjectVersions, ListObjects};

/// The largest body of a listing, in bytes; who receives one needs to keep no more of it.
///
/// A page has at most 1,000 entries. With keys of 1,024 bytes of which each is written as three,
/// and 600 bytes of other elements, it has less than 4 MiB; this is four times as much.
pub const MAX_BODY: usize = 16 << 20;

/// The most entries that a page may have, common prefixes included.
///
/// The service writes at most 1,000 objects or versions, and 2,000 buckets, into a page. S3 servers
/// have been seen to write all common prefixes of a level into one, whatever was asked for; this
/// leaves them room.
pub const MAX_ENTRIES: usize = 10_000;

impl ListObjects {
    /// Parses the body of a `200` to this request.
    ///
    /// # Errors
    ///
    /// [`ListingError`] says what is wrong with the page. Only one that is [cut
    /// off](ListingError::is_truncated) is worth asking for again.
    pub fn parse(&self, body: &[u8]) -> Result<ObjectPage, ListingError> {
        ObjectPage::parse(body)
    }
}

impl ListObjectVersions {
    /// Parses the body of a `200` to this request.
    ///
    /// # Errors
    ///
    /// As [`ListObjects::parse`].
    pub fn parse(&self, body: &[u8]) -> Result<VersionPage, ListingError> {
        VersionPage::parse(body)
    }
}

impl ListBuckets {
    /// Parses the body of a `200` to this request.
    ///
    /// # Errors
    ///
    /// As [`ListObjects::parse`].
    pub fn parse(&self, body: &[u8]) -> Result<BucketPage, ListingError> {
        BucketPage::parse(body)
    }
}

impl From<&ListingError> for Failure {
    fn from(error: &ListingError) -> Self {
        if error.is_truncated() {
            Self::TruncatedListing
        } else {
            Self::InvalidResponse
        }
    }
}

/// What a listing may cost.
const LIMITS: Limits = Limits {
    bytes: MAX_BODY,
    // The deepest documented element is the fourth: a version's owner's id. Unknown elements may go
    // a little deeper.
    depth: 16,
    // A key of 1,024 bytes of which each is written as three, and some room for the markers of
    // other servers, which are longer than a key.
    text: 4096,
};
