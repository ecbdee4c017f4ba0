//! Downloads of whole directories: every key that starts with a prefix.
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
//! use cos_proto::{Bucket, Endpoint, Region};
//! use cos_transfer::{Downloader, prefix::Prefix};
//!
//! let downloader = Downloader::new(service, Endpoint::region(Region::new("ap-beijing")?));
//! let prefix = Prefix::new(Bucket::new("examplebucket-1250000000")?, "data/");
//! let report = downloader.download_prefix(prefix, "data".as_ref()).await?;
//! println!("{} objects, {} bytes", report.objects, report.bytes);
//! # Ok(())
//! # }
//! ```
//!
//! # How it goes
//!
//! The listing is streamed: the next page is fetched while the present one is worked on, and at most
//! some thousand objects wait, however many keys there are. Objects up to the part size are fetched
//! by one request each, which is pinned to the entity tag that the listing has told; larger ones in
//! parts, as [`Downloader::download`] does it. All of them share a number of connections. Large
//! objects start early, as far as the listing is known, and leave a quarter of the connections to
//! the small ones.
//!
//! Files are opened, written, named and compared by the tasks that fetch them, so on the runtime's
//! threads; each step is one call of the system for at most one chunk. To read whole files back, to
//! sync, to delete and to work with checkpoints, tokio's blocking pool is used. Who shares a runtime
//! with work that must not wait for a disk gives this one of its own. On a runtime with several
//! threads, spawn the run: in `block_on`, the thread that waits is woken twice for each object, which
//! took a fifth of the processors' time for small ones.
//!
//! # Where a key goes
//!
//! [`KeyPath`] is the rule: byte for byte to its place below the directory, or nowhere. What stands
//! before the prefix's last `/` is left out, unless [`full_keys`](PrefixDownload::full_keys) is set.
//! Keys that end in `/` make folders. Where both `a` and `a/b` are keys, `a` stays and everything
//! below `a/` fails, whatever filter and shard say of `a`.
//!
//! Below the directory no symbolic link is followed, neither to the inside nor to the outside: a
//! link in place of a folder fails the objects below it, and a link in place of a file is replaced
//! itself. The directory itself may be reached by links. Where the file system takes different names
//! for one, by case or by how accents are written, the object that is there first stays, and the
//! other one fails.
//!
//! Nothing but an object's bytes and its time of modification is taken over: no mode, no owner, no
//! other metadata.
//!
//! # What is left of a run that was cut off
//!
//! Everything that is not finished stands in `.cos-partial/` in the directory, or with a shard in
//! `.cos-partial/I-N/`, which one run at a time holds locked. It is removed at success.
//!
//! The next run of the same kind, for the same prefix to the same directory, takes it up: large
//! objects go on from their checkpoints, and files that the former run has put in place are left
//! alone if their size and time are still those of the object. After a run that came to its end,
//! the next one replaces every file, unless [`sync`](PrefixDownload::sync) is set, which compares
//! always.
//!
//! With [`Fsync::Auto`](crate::Fsync::Auto), objects larger than a part are made durable each, and
//! the small ones together, by one sync of the file system before the run reports success. A power
//! cut before that may leave small files empty.

mod ancestors;
mod counts;
mod delete;
mod error;
mod fetch;
mod filter;
mod key_path;
mod listing;
mod object;
mod observer;
mod plan;
mod queue;
mod report;
mod run;
mod seen;
mod shard;
mod staging;
mod transfer;
mod tree;
mod windows;

pub use error::{ListError, ObjectError, PrefixError};
pub use filter::{Filter, InvalidGlob};
pub use key_path::{InvalidKeyPath, KeyPath, Names};
pub use observer::{Done, Observer, Outcome, PrefixProgress, Skipped};
pub use plan::{Prefix, SyncBy};
pub use report::PrefixReport;
pub use shard::{InvalidShard, Shard};
pub use transfer::{PrefixDownload, PrefixTransfer};
pub use windows::WindowsName;

use std::path::Path;

use crate::Downloader;

impl<S> Downloader<S> {
    /// Downloads every object whose key starts with a prefix into the directory `dir`, which is made
    /// if it is not there. See the [module](crate::prefix) for what it promises.
    ///
    /// What the downloader was told goes for each object; only its
    /// [`progress`](Self::progress) is not told of anything: see [`PrefixDownload::observer`].
    ///
    /// # Errors
    ///
    /// [`PrefixError`] where not all is in place that was to be; what is in place stays.
    ///
    /// # Cancellation
    ///
    /// See [`PrefixTransfer`].
    pub fn download_prefix(&self, prefix: Prefix, dir: &Path) -> PrefixDownload<S>
    where
        S: Clone,
    {
        PrefixDownload::new(self.clone(), prefix, dir.to_owned())
    }
}
