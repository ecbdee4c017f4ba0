//! The read side of Tencent Cloud COS without IO: plain request values become [`http::Request`]s,
//! and what comes back is judged and parsed.
//!
//! There is no networking code in here, no clock, no file, no randomness and no runtime: the crate
//! is `no_std` with `alloc`, so that the compiler says so (of its dependencies, `http` needs std).
//! Time and random numbers are arguments.
//! Drive it with any HTTP/1.1 client that sends a request target unchanged and follows no redirect;
//! `examples/` does so over a bare [`TcpStream`](std::net::TcpStream).
//!
//! ```
//! use cos_proto::{Bucket, Endpoint, GetObject, Key, Region};
//! # fn send(_: http::Request<()>) -> http::Response<Vec<u8>> {
//! #     http::Response::builder().header("content-length", "5").body(b"hello".to_vec()).unwrap()
//! # }
//! let object = GetObject::new(Bucket::new("examplebucket-1250000000")?, Key::new("a/../b")?);
//! let request = object.to_request(&Endpoint::region(Region::new("ap-beijing")?))?;
//! let (head, body) = send(request).into_parts(); // sign it before, if the object is not public
//! let (object, mut guard) = object.judge(&head)?;
//! guard.accept(&body)?; // chunk by chunk
//! let extent = guard.finish()?; // all bytes are there, and their CRC64 is the object's
//! assert_eq!(extent.len(), object.size());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The way of an answer
//!
//! - Not 2xx: [`ServiceError::read`] the head and up to 64 KiB of the body; [`Failure::of`] says
//!   what to make of it.
//! - GET Object: [`GetObject::judge`] the head before a byte of the body is used. It gives an
//!   [`ObjectHead`] and a [`RangeGuard`], which goes with the body and accepts exactly the bytes
//!   that were promised.
//! - HEAD Object: [`HeadObject::judge`].
//! - Listings: `parse` of the request value gives a page; [`ObjectPager`] and [`VersionPager`]
//!   yield requests and take pages until all is listed, and refuse listings that do not advance.
//! - To try again: [`Failure::is_retryable`], [`RetryBudget`], [`Backoff`].
//!
//! # What it holds to
//!
//! A key is taken byte for byte: `a//b`, `a/../b` and `/x` are other objects than `a/b`, `b` and
//! `x`, on the wire too. What a server says is believed only as far as it can be checked, and never
//! repaired. `Debug` and `Display` of every type are free of secrets.
//!
//! Requests are not signed here; that is for the crate `cos-sign`, which looks at the finished
//! request.
//!
//! # Features
//!
//! `serde`, off by default: all answers can be serialised, and those that a program may want to
//! keep can be read back.

#![no_std]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

extern crate alloc;
#[cfg(any(doc, test))]
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
pub use pager::{BucketPager, Listed, ObjectPager, PagerError, VersionPager};
pub use range::{ByteRange, ContentRange, InvalidByteRange, InvalidContentRange, UnsatisfiedRange};
pub use request::{
    BuildError, Conditions, GetObject, HeadObject, InvalidSseCustomerKey, ListBuckets,
    ListObjectVersions, ListObjects, ResponseOverrides, SseCustomerKey,
};
pub use retry::{Attempts, Backoff, GaveUp, RetryAfter, RetryBudget};
pub use service_error::ServiceError;
pub use time::{InvalidTimestamp, Timestamp};
pub use xml::XmlError;
