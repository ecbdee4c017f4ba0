//! Builds and judges the read requests of Tencent Cloud COS, without IO.
#![no_std]
#![warn(clippy::arithmetic_side_effects)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod crc64;
mod digits;
mod endpoint;
mod escape;
mod failure;
mod guard;
mod head;
pub mod listing;
mod names;
pub mod pager;
mod range;
mod request;
mod retry;
#[cfg(feature = "serde")]
mod serialize;
mod service_error;
mod time;
pub mod uri;
mod xml;

pub use crc64::Crc64;
pub use endpoint::{Addressing, Endpoint, InvalidEndpoint};
pub use failure::{Failure, Missing};
pub use guard::{Extent, GuardError, RangeGuard};
pub use head::{JudgeError, ObjectHead, Restore};
pub use listing::{
    BucketEntry, BucketPage, DeleteMarker, ListingError, ObjectEntry, ObjectPage, ObjectVersion,
    Owner, VersionEntry, VersionPage,
};
pub use names::{
    Bucket, ETag, InvalidBucket, InvalidETag, InvalidKey, InvalidRegion, InvalidTrafficLimit,
    InvalidVersionId, Key, Region, TrafficLimit, VersionId,
};
pub use pager::{Listed, ObjectPager, PagerError, VersionPager};
pub use range::{ByteRange, ContentRange, InvalidByteRange, InvalidContentRange, UnsatisfiedRange};
pub use request::{
    BuildError, Conditions, GetObject, HeadObject, InvalidSseCustomerKey, ListBuckets,
    ListObjectVersions, ListObjects, ResponseOverrides, SseCustomerKey,
};
pub use retry::{Attempts, Backoff, GaveUp, RetryAfter, RetryBudget};
pub use service_error::ServiceError;
pub use time::{InvalidTimestamp, Timestamp};
pub use xml::XmlError;
