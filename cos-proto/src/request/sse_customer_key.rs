//! A key of the customer's own.

use alloc::string::String;
use core::fmt;

use base64ct::{Base64, Encoding};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use md5::{Digest, Md5};
use thiserror::Error;
use zeroize::Zeroizing;

use super::BuildError;

/// The key that an object was encrypted with, where it is one of the customer's own (SSE-C with
/// AES256).
///
/// It is a secret: `Debug` does not show it, the memory of this value is wiped, the headers made of
/// it are marked as sensitive, and it goes over https only. The three headers that carry it are those of
/// documentation page 436/7728.
///
/// ```
/// use cos_proto::SseCustomerKey;
///
/// let key = SseCustomerKey::new(&[7; 32]);
/// assert_eq!(format!("{key:?}"), "SseCustomerKey(..)");
/// assert_eq!(key, SseCustomerKey::from_base64("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")?);
/// # Ok::<(), cos_proto::InvalidSseCustomerKey>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SseCustomerKey {
    key: Zeroizing<String>,
    md5: Zeroizing<String>,
}

impl SseCustomerKey {
    /// From the 256 bits of the key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self {
            key: Zeroizing::new(Base64::encode_string(key)),
            md5: Zeroizing::new(Base64::encode_string(&Md5::digest(key))),
        }
    }

    /// From the base64 of the key, as the header has it.
    ///
    /// # Errors
    ///
    /// Refuses what is not the padded base64 of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, InvalidSseCustomerKey> {
        let mut key = Zeroizing::new([0; 32]);
        match Base64::decode(text, &mut *key) {
            Ok(decoded) if decoded.len() == 32 => Ok(Self::new(&key)),
            _ => Err(InvalidSseCustomerKey(())),
        }
    }

    pub(super) fn insert_into(&self, headers: &mut HeaderMap) -> Result<(), BuildError> {
        let secret = |name: &'static str, value: &str| {
            let mut value =
                HeaderValue::from_str(value).map_err(|_| BuildError::Header { name })?;
            value.set_sensitive(true);
            Ok((HeaderName::from_static(name), value))
        };
        let (name, value) = secret("x-cos-server-side-encryption-customer-key", &self.key)?;
        headers.insert(name, value);
        let (name, value) = secret("x-cos-server-side-encryption-customer-key-md5", &self.md5)?;
        headers.insert(name, value);
        let name = HeaderName::from_static("x-cos-server-side-encryption-customer-algorithm");
        headers.insert(name, HeaderValue::from_static("AES256"));
        Ok(())
    }
}

impl fmt::Debug for SseCustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SseCustomerKey(..)")
    }
}

/// A text that is no key of the customer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("customer key is not the base64 of 32 bytes")]
pub struct InvalidSseCustomerKey(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_md5_stand_in_sensitive_headers() {
        // The MD5 is that of `printf 01234567890123456789012345678901 | openssl md5 -binary |
        // base64`.
        let key = SseCustomerKey::new(b"01234567890123456789012345678901");
        let mut headers = HeaderMap::new();
        key.insert_into(&mut headers).unwrap();
        let value = |name: &str| headers[name].clone();
        assert_eq!(
            value("x-cos-server-side-encryption-customer-algorithm"),
            "AES256"
        );
        assert_eq!(
            value("x-cos-server-side-encryption-customer-key"),
            "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
        );
        assert_eq!(
            value("x-cos-server-side-encryption-customer-key-md5"),
            "KYvwGXoFFJ42a2u2GDWhwQ=="
        );
        assert!(value("x-cos-server-side-encryption-customer-key").is_sensitive());
        assert!(value("x-cos-server-side-encryption-customer-key-md5").is_sensitive());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "BwcH",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
            "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH",
            "!wcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
        ] {
            assert!(SseCustomerKey::from_base64(text).is_err(), "{text:?}");
        }
    }
}
