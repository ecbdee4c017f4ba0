//! What an answer says about an object.

mod judge;

use http::HeaderMap;

pub use judge::JudgeError;

use crate::{ContentRange, ETag, Timestamp, VersionId};

/// What the head of an answer to GET or HEAD Object says about the object.
#[derive(Clone)]
pub struct ObjectHead {
    size: u64,
    etag: Option<ETag>,
    crc64: Option<u64>,
    last_modified: Option<Timestamp>,
    version_id: Option<VersionId>,
    content_range: Option<ContentRange>,
    headers: HeaderMap,
}

impl ObjectHead {
    /// Length of the whole object in bytes, also where the answer is a part of it.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The entity tag.
    #[must_use]
    pub const fn etag(&self) -> Option<&ETag> {
        self.etag.as_ref()
    }

    /// The CRC64 of the **whole** object, also where the answer is a part of it. Old objects have none.
    #[must_use]
    pub const fn crc64(&self) -> Option<u64> {
        self.crc64
    }

    /// When the object was last changed.
    #[must_use]
    pub const fn last_modified(&self) -> Option<Timestamp> {
        self.last_modified
    }

    /// The version, in buckets that have versions.
    #[must_use]
    pub const fn version_id(&self) -> Option<&VersionId> {
        self.version_id.as_ref()
    }

    /// The range that the answer holds, of a 206.
    #[must_use]
    pub const fn content_range(&self) -> Option<ContentRange> {
        self.content_range
    }

    /// All headers of the answer, known or not.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl core::fmt::Debug for ObjectHead {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ObjectHead")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
