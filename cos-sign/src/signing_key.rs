//! SignKey: the key of one span of time, derived from the secret key.

use alloc::string::{String, ToString};
use core::fmt;

use zeroize::Zeroizing;

use crate::{Credentials, KeyTime, signature::hmac_hex};

/// Credentials made ready for signing during one [`KeyTime`].
///
/// It holds the id, the token and the derived SignKey, not the secret key. Deriving costs about as
/// much as hashing the StringToSign; a client that signs many requests derives once and keeps the
/// value for as long as its key time suits.
///
/// SignKey and token are overwritten in memory when the value is dropped, and `Debug` leaves them
/// out.
#[derive(Clone)]
pub struct SigningKey {
    secret_id: String,
    token: Option<Zeroizing<String>>,
    key_time: KeyTime,
    sign_key: Zeroizing<String>,
}

impl SigningKey {
    /// Derives the SignKey for the span `key_time`.
    #[must_use]
    pub fn derive(credentials: &Credentials, key_time: KeyTime) -> Self {
        let secret_key = credentials.secret_key().as_bytes();
        Self {
            secret_id: credentials.secret_id().into(),
            token: credentials
                .token()
                .map(|token| Zeroizing::new(token.into())),
            key_time,
            sign_key: hmac_hex(secret_key, key_time.to_string().as_bytes()),
        }
    }

    /// The id of the credentials.
    #[must_use]
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// The span in which signatures made with this key are valid.
    #[must_use]
    pub const fn key_time(&self) -> KeyTime {
        self.key_time
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref().map(String::as_str)
    }

    /// Signature: the hash of a StringToSign under this key.
    pub(crate) fn signature(&self, string_to_sign: &str) -> Zeroizing<String> {
        hmac_hex(self.sign_key.as_bytes(), string_to_sign.as_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("secret_id", &self.secret_id)
            .field("temporary", &self.token.is_some())
            .field("key_time", &self.key_time)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derive(key_time: &str) -> SigningKey {
        let credentials = Credentials::new("id", "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz").unwrap();
        SigningKey::derive(&credentials, key_time.parse().unwrap())
    }

    /// The SignKey in the vendor's documents of POST Object.
    #[test]
    fn the_vendors_example_gives_its_sign_key() {
        assert_eq!(
            *derive("1567150692;1567157892").sign_key,
            "39acc8c9f34ba5b19bce4e965b370cd3f62d2fba"
        );
    }

    /// The last step of an older example of the vendor's documents (436/7778).
    #[test]
    fn the_vendors_example_gives_its_signature() {
        let string_to_sign =
            "sha1\n1417773892;1417853898\n3a529544cb1559b8be98f079df87742e8fad26dc\n";
        assert_eq!(
            *derive("1417773892;1417853898").signature(string_to_sign),
            "4b6cbab14ce01381c29032423481ebffd514e8be"
        );
    }
}
