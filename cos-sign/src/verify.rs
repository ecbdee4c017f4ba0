//! Verifying the signature of a request.

use alloc::{boxed::Box, string::String};
use core::time::Duration;

use crate::{Credentials, Explanation, Head, KeyTime};

/// Checks the signature of a request, in its header or in its query.
///
/// `lookup` gives the credentials that belong to a `SecretId`; `now` is the time since the Unix
/// epoch. Every query parameter must be signed; [`Verifier`] can be told otherwise.
///
/// # Errors
///
/// [`Refusal`], which says why.
pub fn verify(
    head: Head<'_>,
    lookup: impl FnOnce(&str) -> Option<Credentials>,
    now: Duration,
) -> Result<Verified, Refusal> {
    Verifier::new().verify(head, lookup, now)
}

/// A check of signatures, with its rules.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    unsigned_params: bool,
}

impl Verifier {
    /// The rules of [`verify`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            unsigned_params: false,
        }
    }

    /// Whether a request may have query parameters that its signature does not cover (default: no).
    ///
    /// The service allows them, and some calls of the vendor's SDKs make use of it.
    #[must_use]
    pub const fn allow_unsigned_params(mut self, allowed: bool) -> Self {
        self.unsigned_params = allowed;
        self
    }

    /// Checks the signature of a request; see [`verify`].
    ///
    /// # Errors
    ///
    /// [`Refusal`], which says why.
    pub fn verify(
        &self,
        head: Head<'_>,
        lookup: impl FnOnce(&str) -> Option<Credentials>,
        now: Duration,
    ) -> Result<Verified, Refusal> {
        let _ = (head, lookup, now, self.unsigned_params);
        todo!()
    }
}

/// What a valid signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    secret_id: String,
    key_time: KeyTime,
    form: Form,
    header_list: String,
    param_list: String,
}

impl Verified {
    /// The id of the credentials that signed.
    #[must_use]
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// The span in which the signature is valid.
    #[must_use]
    pub const fn key_time(&self) -> KeyTime {
        self.key_time
    }

    /// Where the signature was found.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The names of the signed headers, sorted and joined by `;`.
    #[must_use]
    pub fn header_list(&self) -> &str {
        &self.header_list
    }

    /// The names of the signed parameters, sorted and joined by `;`.
    #[must_use]
    pub fn param_list(&self) -> &str {
        &self.param_list
    }
}

/// Where a request carries its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URI.
    Query,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no signature, or an empty `Authorization` header: an anonymous request.
    #[error("the request has no signature")]
    NoSignature,
    /// There is one signature in the header and another in the query.
    #[error("the request has a signature in its header and another in its query")]
    TwoSignatures,
    /// Something cannot be read.
    #[error("malformed {field}")]
    Malformed {
        /// What: a field of the signature, `Authorization`, `path` or `query`.
        field: &'static str,
    },
    /// `q-sign-algorithm` is not `sha1`.
    #[error("the signature algorithm is not sha1")]
    UnsupportedAlgorithm,
    /// `q-sign-time` and `q-key-time` are not the same.
    #[error("the sign time and the key time differ")]
    TimesDiffer,
    /// The signature is not valid yet: the clocks differ.
    #[error("the signature is not valid yet")]
    NotYetValid {
        /// The span in which it is.
        key_time: KeyTime,
    },
    /// The signature is no longer valid.
    #[error("the signature has expired")]
    Expired {
        /// The span in which it was.
        key_time: KeyTime,
    },
    /// There are no credentials with this id.
    #[error("the secret id is not known")]
    UnknownSecretId,
    /// The credentials are temporary and the request has no token.
    #[error("the session token is missing")]
    TokenMissing,
    /// The request's token is not that of the credentials.
    #[error("the session token is not that of the credentials")]
    TokenMismatch,
    /// The request has a token, but the credentials are permanent.
    #[error("the credentials have no session token, but the request has one")]
    TokenUnexpected,
    /// The signature names a header that the request does not have.
    #[error("the signed header {name} is not present")]
    HeaderNotPresent {
        /// The name, as the signature has it.
        name: String,
    },
    /// The request repeats a header more often than the signature names it.
    #[error("the header {name} occurs more often than it is signed")]
    HeaderNotSigned {
        /// The name, as a signature would have it.
        name: String,
    },
    /// The signature names a parameter that the request does not have.
    #[error("the signed parameter {name} is not present")]
    ParamNotPresent {
        /// The name, as the signature has it.
        name: String,
    },
    /// The request has a parameter, or one more of a name, that is not signed.
    #[error("the parameter {name} is not signed")]
    ParamNotSigned {
        /// The name, as a signature would have it.
        name: String,
    },
    /// The signature is wrong: another key, or something on the way changed what was signed.
    #[error("the signature does not match")]
    SignatureMismatch {
        /// What was computed for this request.
        explanation: Box<Explanation>,
    },
}
