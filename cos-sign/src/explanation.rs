//! The intermediate strings of a signature, for explaining a mismatch.

use alloc::{string::String, vec::Vec};
use core::fmt;

use zeroize::Zeroizing;

/// What was signed, step by step: to be held against what the service says it has computed.
///
/// The service answers a wrong signature with its own `StringToSign` and `FormatString` (the
/// HttpString); beside these, the values here show where the two differ.
///
/// `Debug` shows the names and the StringToSign, which holds nothing but a time span and a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Explanation {
    pub(crate) http_string: Zeroizing<Vec<u8>>,
    pub(crate) string_to_sign: String,
    pub(crate) header_list: String,
    pub(crate) param_list: String,
}

impl Explanation {
    /// The HttpString: method, decoded path, parameters and headers. **It is a secret**: it holds
    /// the session token and an SSE-C key where the request has them. Not always UTF-8, as the path
    /// is any bytes.
    #[must_use]
    pub fn http_string(&self) -> &[u8] {
        &self.http_string
    }

    /// The StringToSign: algorithm, key time and the SHA-1 of the HttpString. Safe to show.
    #[must_use]
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// The names of the signed headers, sorted and joined by `;`, as `q-header-list` has them.
    #[must_use]
    pub fn header_list(&self) -> &str {
        &self.header_list
    }

    /// The names of the signed parameters, sorted and joined by `;`, as `q-url-param-list` has
    /// them.
    #[must_use]
    pub fn param_list(&self) -> &str {
        &self.param_list
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("string_to_sign", &self.string_to_sign)
            .field("header_list", &self.header_list)
            .field("param_list", &self.param_list)
            .finish_non_exhaustive()
    }
}
