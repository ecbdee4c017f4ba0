//! SignKey: the key of one span of time, derived from the secret key.

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

use crate::{Credentials, KeyTime};

/// Credentials made ready for signing during one [`KeyTime`].
///
/// It holds the id, the token and the derived SignKey, not the secret key. Deriving it once and
/// signing many requests with it is cheaper than deriving it for each; it is a value to be kept as
/// long as its key time suits.
#[derive(Clone)]
pub struct SigningKey {
    secret_id: String,
    token: Option<Zeroizing<String>>,
    key_time: KeyTime,
}

impl SigningKey {
    /// Derives the SignKey for the span `key_time`.
    #[must_use]
    pub fn derive(credentials: &Credentials, key_time: KeyTime) -> Self {
        let _ = credentials.secret_key();
        Self {
            secret_id: credentials.secret_id().into(),
            token: credentials
                .token()
                .map(|token| Zeroizing::new(token.into())),
            key_time,
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
