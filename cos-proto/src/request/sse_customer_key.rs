//! A key of the customer's own.

use alloc::string::String;
use core::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// The key that an object was encrypted with, where it is one of the customer's own (SSE-C, AES256).
///
/// It is a secret: `Debug` does not show it, its memory is wiped, and it goes over https only.
#[derive(Clone, PartialEq, Eq)]
pub struct SseCustomerKey {
    key: Zeroizing<String>,
    md5: Zeroizing<String>,
}

impl fmt::Debug for SseCustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SseCustomerKey(..)")
    }
}

/// What is no customer key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("customer key is not the base64 of 32 bytes")]
pub struct InvalidSseCustomerKey(());
