//! Downloads objects from Tencent Cloud COS into files, verified before they are published.
//!
//! [`Downloader`] works over any [`tower_service::Service`] that answers HTTP requests: the client
//! of cos-transport, a bare hyper client, or a fake without a socket. It knows files, not
//! networks: connections, signatures and retries are the service's.
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
//! let get = GetObject::new(Bucket::new("examplebucket-1250000000")?, Key::new("a.txt")?);
//! let report = downloader.download(get, "a.txt".as_ref()).await?;
//! println!("{} bytes, verified by {:?}", report.bytes, report.verified);
//! # Ok(())
//! # }
//! ```
//!
//! # What a file at the destination means
//!
//! It is complete, of the length and the CRC64 that COS published, and on the disk. Bytes are
//! written to a temporary name beside the destination; when all are there, and right, the file is
//! given its time, synced, renamed, and its directory synced. Until then an older file stays. A
//! download that fails or is dropped leaves nothing behind; only a process that is killed leaves
//! its temporary file (`.cos-*.part`).
//!
//! # What is not here yet
//!
//! [`Downloader`] fetches an object by one request, and one that is cut off starts anew. The
//! [`engine`] plans parts, keeps a checkpoint and resumes, for who drives it; the downloader does
//! not drive it yet.
//!
//! # What a service must not do
//!
//! It must send the request target unchanged, as a client over a normalising URL type does not
//! (`a/../b` and `a//b` are names of objects), and it must not follow redirects.

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
