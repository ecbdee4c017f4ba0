//! A local Tencent Cloud COS endpoint over a folder or memory, with scripted faults.
//!
//! It answers what a downloader asks: GET Object, HEAD Object, GET Bucket (the listing), GET Bucket
//! Object versions, GET Service and HEAD Bucket, on plain HTTP or TLS, with signatures checked as
//! the service checks them. It is made for tests, demonstrations and benches: it listens on
//! loopback, and nothing can be written through it. It is not a store, and it does not try to be
//! everything that the service is.
//!
//! ```
//! use std::{io::{Read, Write}, net::TcpStream};
//! use cos_emulator::{Emulator, Fault, MemoryBucket, Object, When};
//!
//! let bucket = MemoryBucket::new("examplebucket-1250000000");
//! bucket.put("file", Object::new("some bytes"));
//! let emulator = Emulator::builder().bucket(bucket).anonymous().start_on_thread()?;
//! emulator.faults().script(When::get().key("file"), Fault::new().close_after(4));
//! let mut client = TcpStream::connect(emulator.addr())?;
//! client.write_all(b"GET /examplebucket-1250000000/file HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//! assert!(answer.contains("\r\nContent-Length: 10\r\n") && answer.ends_with("\r\n\r\nsome"));
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
//! # Signatures
//!
//! Requests are checked with [`cos_sign::Verifier`] against the credentials that the emulator was
//! given, in header and query; clocks may differ by 15 minutes. As with the service, what a
//! signature does not name is not checked. A host that was signed without its port counts: the
//! vendor's Python SDK does so.
//!
//! # Where it stops
//!
//! It speaks HTTP/1.1 by itself, on top of `httparse`: header names are spelled as the service
//! spells them, which the vendor's Python SDK depends on, and an answer can be broken at any byte.
//! Methods other than GET and HEAD are answered with 405, sub-resources such as `?acl` with 501.
//! There are no access rules beyond the signature, no encryption with customer keys, no images, no
//! websites. Files of a folder have neither metadata nor versions. Where the vendor's documentation
//! leaves a choice, ranges that cannot be read are ignored, a missing version is 404, `max-keys`
//! beyond the limit is the limit, and entries of a listing are those greater than the marker.
//!
//! Heads are bounded to 64 KiB, connections to 1,024, waiting for a head to 30 seconds; contents
//! are never held in memory whole unless they were put there: a body takes about 1 MiB while it is
//! being sent. A client that stops reading keeps its connection until it closes it.
//!
//! # Faults
//!
//! [`Faults::script`] takes [`When`] and [`Fault`]: which request, and what befalls it. A fault
//! that was scripted and never happened means that a test did not test what it says, so the
//! emulator tells: [`Faults::unconsumed`], the result of [`Emulator::shutdown`], and a panic when
//! an emulator is dropped without it.
//!
//! # Features
//!
//! `tls` adds `Builder::tls` and `TestCa`, an authority that makes good, expired and wrong
//! certificates. It is off by default.

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
