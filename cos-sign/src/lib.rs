//! Signs and verifies requests to Tencent Cloud COS, without IO.
//!
//! A request to the object storage COS, unless it is anonymous, carries a signature made with a
//! secret key (`q-sign-algorithm=sha1`). This crate makes it, in a header or in the query of a
//! presigned URI, and checks it, which is for endpoints and tests. It is a function of values: no
//! clock, no socket, no environment; time is an argument. It does not send requests, does not fetch
//! credentials, and does not build request targets: the URI must be final.
//!
//! ```
//! use cos_sign::{Credentials, KeyTime, SigningKey};
//! use std::time::{Duration, UNIX_EPOCH};
//!
//! let credentials = Credentials::new("AKIDexample", "secret-key-example")?;
//! let key_time = KeyTime::starting(UNIX_EPOCH.elapsed()?, Duration::from_secs(3600));
//! let uri = "https://example-1250000000.cos.ap-beijing.myqcloud.com/a//b/./c.txt";
//! let mut request = http::Request::get(uri).body(())?;
//! SigningKey::derive(&credentials, key_time).sign(&mut request)?;
//! assert!(request.headers()["authorization"].is_sensitive());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The algorithm
//!
//! The vendor describes it in its documentation (product 436, page 7778), and its words are used
//! here:
//!
//! - **KeyTime**, `start;end`: the span in which the signature is valid ([`KeyTime`]).
//! - **SignKey**: HMAC-SHA1 of the KeyTime under the secret key, in hexadecimal ([`SigningKey`]).
//! - **HttpString**: method, path, parameters and headers, a line each ([`Explanation`]).
//! - **StringToSign**: `sha1`, the KeyTime and the SHA-1 of the HttpString, a line each.
//! - **Signature**: HMAC-SHA1 of the StringToSign under the SignKey, in hexadecimal.
//!
//! Where the documents are silent, this crate does what the vendor's SDKs do:
//!
//! - The path is signed decoded, byte for byte: `a//b`, `.` and `..` stay, and `+` is a plus.
//! - The query is read as a form: `+` is a space. A parameter without a value is signed as `name=`.
//! - Repeated names are each signed, and sorted by value.
//! - Names are lower-cased in the signature. It does not tell `versionId` from `versionid`, so a
//!   request in which only the case of a name was changed is still accepted.
//! - The headers that are signed are those of the vendor's list ([`SignedNames::vendor`]).
//! - The session token of temporary credentials is signed, in the header and in the query.
//!
//! # Secrets
//!
//! The keys and the token are wiped from memory when their holders are dropped; `Debug` and errors
//! do not show them, nor signatures, nor presigned queries; the headers that [`SigningKey::sign`]
//! sets are marked sensitive. What does show secrets says so in its documentation:
//! [`Explanation::http_string`] and the contents of a [`PresignedUri`]. Nothing is logged. What
//! signing puts into a request is not wiped: the [`http`] types have no means for it.
//!
//! # Features
//!
//! None. The crate's own code is `no_std` with `alloc`, so that it cannot reach a clock, a file or
//! a socket; the [`http`] crate, whose types it takes, needs `std` all the same.
#![no_std]

extern crate alloc;

mod credentials;
mod encode;
mod explanation;
mod fields;
mod head;
mod http_string;
mod key_time;
mod pairs;
mod presign;
mod sign;
mod signature;
mod signed_names;
mod signing_key;
mod string_to_sign;
mod verify;

pub use credentials::{CredentialPart, Credentials, InvalidCredentials};
pub use explanation::Explanation;
pub use head::Head;
pub use key_time::{BACKDATE, InvalidKeyTime, KeyTime};
pub use presign::PresignedUri;
pub use sign::SignError;
pub use signed_names::SignedNames;
pub use signing_key::SigningKey;
pub use verify::{Form, Refusal, Verified, Verifier, verify};
