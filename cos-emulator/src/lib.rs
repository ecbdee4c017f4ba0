//! A local Tencent Cloud COS endpoint over a folder or memory, with scripted faults.
//!
//! It answers what a downloader asks: GET Object, HEAD Object, GET Bucket (the listing), GET Bucket
//! Object versions, GET Service and HEAD Bucket, on plain HTTP or TLS, with signatures checked as
//! the service checks them. It is made for tests, demonstrations and benches: it listens on
//! loopback, and nothing can be written through it. It is not a store, and it does not try to be
//! everything that the service is.
//!
//! ```
//! use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
//!
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! let bucket = MemoryBucket::new("examplebucket-1250000000");
//! bucket.put("folder/file.bin", Object::new("some bytes"));
//! let emulator = Emulator::builder().bucket(bucket).anonymous().start().await?;
//! emulator.faults().script(When::get().key("folder/file.bin"), Fault::new().reset_after(4));
//! // … let a client fetch emulator.url() + "/examplebucket-1250000000/folder/file.bin" …
//! assert_eq!(emulator.faults().unconsumed().len(), 1);
//! # emulator.faults().clear();
//! emulator.shutdown().await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is served
//!
//! [`MemoryBucket`]s, which may hold versions, delete markers, archived objects and objects of any
//! size without their bytes; and the folders below [`Builder::folder`], each a bucket, under the
//! escape that [`folder_path`] describes.
//!
//! # Addressing
//!
//! A request addresses its bucket by the first label of its host (`Host`, or the authority of an
//! absolute request target) where that label has the shape of a bucket's name or is the name of a
//! bucket here, whatever follows it. Otherwise (an IP address, `localhost`, a service domain) the
//! bucket is the first component of the path. [`Builder::custom_domain`] names hosts that stand for
//! a bucket.
//!
//! The path is percent-decoded once, byte for byte, and never normalised: `a//b`, `x/./y` and `/x`
//! (requested as `//x`) are keys of their own. What is signed is the path as it was sent, with the
//! bucket in it where it is addressed by the path.
//!
//! # Faults
//!
//! [`Faults::script`] takes [`When`] and [`Fault`]: which request, and what befalls it. A fault that
//! was scripted and never happened means that a test did not test what it says, so the emulator
//! tells: [`Faults::unconsumed`], the result of [`Emulator::shutdown`], and a panic when an emulator
//! is dropped without it.

mod access;
mod address;
mod answer;
mod body;
mod builder;
mod clock;
mod conditions;
mod connection;
mod content;
mod digest;
mod emulator;
mod encoding;
mod escape;
mod exchange;
mod fault;
mod faults;
mod folder;
mod head;
mod identity;
mod listing;
mod log;
mod memory;
mod object;
mod operation;
mod range;
mod refusal;
mod reply;
mod server;
mod store;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod when;
mod xml;

pub use builder::{Builder, StartError};
pub use cos_sign::Credentials;
pub use emulator::Emulator;
pub use escape::{folder_path, key_of_folder_path};
pub use fault::Fault;
pub use faults::{Faults, Unconsumed};
pub use log::LoggedRequest;
pub use memory::MemoryBucket;
pub use object::Object;
#[cfg(feature = "tls")]
pub use tls::{ServerCertificate, TestCa, TlsError};
pub use when::When;
