//! Signs and verifies requests to Tencent Cloud COS (`q-sign-algorithm=sha1`), without IO.
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
