//! Downloads objects from Tencent Cloud COS: in parts over several connections, verified before
//! they are published, and resumed where they were interrupted.
//!
//! ```no_run
//! # use bytes::Bytes;
//! # async fn example<S, B>(service: S) -> Result<(), Box<dyn std::error::Error>>
//! # where
//! #     S: tower_service::Service<http::Request<()>, Response = http::Response<B>> + Clone + Send + 'static,
//! #     S::Future: Send,
//! #     S::Error: Into<cos_transfer::BoxError>,
//! #     B: http_body::Body<Data = Bytes> + Send + 'static,
//! #     B::Error: Into<cos_transfer::BoxError>,
//! # {
//! use cos_proto::{Bucket, Endpoint, GetObject, Key, Region};
//! use cos_transfer::Downloader;
//!
//! let downloader = Downloader::new(service, Endpoint::region(Region::new("ap-beijing")?));
//! let get = GetObject::new(Bucket::new("examplebucket-1250000000")?, Key::new("a.bin")?);
//! let report = downloader.download(get, "a.bin".as_ref()).await?;
//! println!("{} bytes, {} were there", report.bytes, report.resumed);
//! # Ok(())
//! # }
//! ```
//!
//! - [`Downloader::download`] brings an object into a file, [`Downloader::read`] hands it out as a
//!   stream in order, and [`prefix`] brings all objects below a prefix into a directory. They need
//!   the feature `tokio`, which is on unless it is switched off.
//! - [`engine`] is what they stand on: a machine without IO, without a clock and without a runtime,
//!   for who has others. It is all that there is without the feature.
//!
//! What it is not: it knows files, not networks. Connections, TLS, signatures and the repetition of
//! requests are those of the [`tower_service::Service`] that a downloader is given: the client of
//! cos-transport, a bare hyper client, or a fake without a socket. It writes to no bucket.
//!
//! # What a file at the destination means
//!
//! It is complete, of the length and the CRC64 that COS published, and on the disk, at any instant:
//! whoever looks finds the former file, or none, or the whole of the new one. An object without a
//! CRC64 is held against its length, and the [`Report`] says so. When files are on the disk is for
//! [`Fsync`] to say: the small ones of a directory are at the end of its download.
//!
//! # What is written where
//!
//! | file | what it is |
//! |---|---|
//! | `a.bin` | the destination, replaced by one rename when all is there and right |
//! | `a.bin.cospart` | the bytes that have come, each at its place; space for all of them is taken first |
//! | `a.bin.cosckpt` | the journal: which object it is, and which bytes are there, with their CRC64; 32 bytes for every 4 MiB or second. The lock against other processes is on it |
//!
//! Where the names would be too long, they are hashes. Below a directory that is downloaded, all of
//! them stand in one folder, `.cos-partial`.
//!
//! The last two go when the file is published, and when a download fails of which nothing is worth
//! keeping. After an interruption, a kill or a power cut they stay, and the next download of the same
//! object to the same place takes them up: every byte that the journal claims is read back and
//! compared, while the others are fetched already, so that a journal need not be believed. A damaged
//! one costs what it was damaged of. They hold no credentials, and no query of a URL.
//!
//! # Of one object
//!
//! There is no HEAD. The first answer pins the object by its entity tag; every further request is
//! bound to it by `If-Match`, and every answer is judged before a byte of it is written. An object
//! that changes meanwhile is started anew, once; a stream of which something is out fails.
//!
//! # What a service must do, and must not
//!
//! It must send the request target unchanged, as a client over a normalising URL type does not
//! (`a/../b` and `a//b` are names of objects), and it must not follow redirects. If it tries again
//! by itself, it should draw from the [`RetryBudget`](cos_proto::RetryBudget) in the request's
//! extensions, so that attempts add up and do not multiply.

extern crate alloc;

mod destination;
pub mod engine;
mod progress;
mod report;

#[cfg(feature = "tokio")]
mod blocking;
#[cfg(feature = "tokio")]
mod downloader;
#[cfg(feature = "tokio")]
mod driver;
#[cfg(feature = "tokio")]
mod error;
#[cfg(feature = "tokio")]
mod file_sink;
#[cfg(feature = "tokio")]
pub mod prefix;
#[cfg(feature = "tokio")]
mod reader;
#[cfg(feature = "tokio")]
mod sidecars;
#[cfg(feature = "tokio")]
mod storage;
#[cfg(feature = "tokio")]
mod transfer;
#[cfg(feature = "tokio")]
mod window;

pub use destination::{Destination, DestinationError};
#[cfg(feature = "tokio")]
pub use downloader::{Downloader, Fsync};
#[cfg(feature = "tokio")]
pub use error::{DownloadError, LocalAction};
pub use progress::{Progress, Transferred};
#[cfg(feature = "tokio")]
pub use reader::ObjectReader;
pub use report::{Report, Verified};
#[cfg(feature = "tokio")]
pub use transfer::Transfer;

/// Any error, as services hand it upwards.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
