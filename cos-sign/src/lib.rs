//! Signs and verifies requests to Tencent Cloud COS (`q-sign-algorithm=sha1`), without IO.
#![no_std]

extern crate alloc;

mod credentials;
mod explanation;
mod head;
mod key_time;
mod presign;
mod sign;
mod signed_names;
mod signing_key;
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
