//! What came out of a download.

use std::time::Duration;

use cos_proto::{ETag, VersionId};

#[cfg(feature = "tokio")]
use {crate::engine::Outcome, cos_proto::ObjectHead};

/// What came out of a download that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Whether nothing was done because there is a file already, and it was to be left alone. All
    /// other fields are empty then.
    pub skipped: bool,
    /// Bytes that are at the destination.
    pub bytes: u64,
    /// Bytes that came over the network in this run.
    pub fetched: u64,
    /// Bytes that were there from a former run.
    pub resumed: u64,
    /// The CRC64 of the bytes at the destination, computed as they passed.
    pub crc64: Option<u64>,
    /// What the bytes were held against.
    pub verified: Verified,
    /// The entity tag of the object.
    pub etag: Option<ETag>,
    /// The version of the object, in buckets that have versions.
    pub version_id: Option<VersionId>,
    /// How long it took.
    pub elapsed: Duration,
    /// Requests that the download sent; what the service below repeats by itself is not counted.
    pub requests: u64,
    /// Whether all requests were bound to one entity tag. An object without one is fetched by one
    /// request alone.
    pub pinned: bool,
    /// Whether the download was started anew, because the object changed or because what was
    /// resumed did not make the object.
    pub restarted: bool,
}

#[cfg(feature = "tokio")]
impl Report {
    pub(crate) fn of(outcome: &Outcome, head: Option<&ObjectHead>, elapsed: Duration) -> Self {
        Self {
            skipped: false,
            bytes: outcome.range.end.saturating_sub(outcome.range.start),
            fetched: outcome.fetched,
            resumed: outcome.resumed,
            crc64: Some(outcome.crc64),
            verified: outcome.verified,
            etag: head.and_then(ObjectHead::etag).cloned(),
            version_id: head.and_then(ObjectHead::version_id).cloned(),
            elapsed,
            requests: outcome.requests,
            pinned: outcome.pinned,
            restarted: outcome.restarted,
        }
    }

    pub(crate) fn of_nothing_done(elapsed: Duration) -> Self {
        Self {
            skipped: true,
            bytes: 0,
            fetched: 0,
            resumed: 0,
            crc64: None,
            verified: Verified::None,
            etag: None,
            version_id: None,
            elapsed,
            requests: 0,
            pinned: false,
            restarted: false,
        }
    }
}

/// What the bytes of a download were held against before they were published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verified {
    /// Length and CRC64 of the whole object.
    Crc64,
    /// The length alone: a range has no CRC64 of its own, and neither have objects from before COS
    /// kept it.
    Size,
    /// Nothing.
    None,
}
