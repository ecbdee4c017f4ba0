//! Signing a request in its header.

use alloc::string::String;

use http::{HeaderName, HeaderValue, Request};

use crate::{Explanation, Head, SignedNames, SigningKey};

impl SigningKey {
    /// Signs a request: sets `x-cos-security-token` if the credentials are temporary, then
    /// `Authorization`, replacing what was there. Both values are marked sensitive.
    ///
    /// The signature covers what [`SignedNames::vendor`] selects. Nothing else of the request
    /// changes, its URI least of all; on an error nothing changes.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the request has no host or no path, or is one that cannot be signed
    /// unambiguously.
    pub fn sign<B>(&self, request: &mut Request<B>) -> Result<(), SignError> {
        let _ = request;
        todo!()
    }

    /// The value of `Authorization` for exactly this head: nothing is added, not even the token.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::sign`], and [`SignError::HeaderNotPresent`] if `names` names a header that
    /// the request does not have.
    pub fn authorization(
        &self,
        head: Head<'_>,
        names: &SignedNames,
    ) -> Result<HeaderValue, SignError> {
        let _ = (head, names);
        todo!()
    }

    /// The intermediate strings of the signature that [`SigningKey::authorization`] would make.
    ///
    /// # Errors
    ///
    /// As [`SigningKey::authorization`].
    pub fn explain(&self, head: Head<'_>, names: &SignedNames) -> Result<Explanation, SignError> {
        let _ = (head, names);
        todo!()
    }
}

/// Why a request was not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The request has neither a `Host` header nor an authority in its URI.
    #[error("the request has neither a host header nor an authority")]
    NoHost,
    /// The request target is not a path: `*`, or an authority alone.
    #[error("the request target has no path")]
    NoPath,
    /// The path or the query has a `%` that two hexadecimal digits do not follow.
    #[error("the {part} has a percent sign without two hexadecimal digits")]
    InvalidEscape {
        /// `path` or `query`.
        part: &'static str,
    },
    /// A header to be signed is not there.
    #[error("the header {name} is to be signed but not present")]
    HeaderNotPresent {
        /// The header's name.
        name: HeaderName,
    },
    /// The query already has a parameter that signing has for itself, as that of a presigned URI.
    #[error("the query already has the parameter {name}")]
    ReservedParam {
        /// The parameter's name.
        name: String,
    },
    /// With the signature, the URI is longer than the `http` crate allows.
    #[error("the presigned uri is too long")]
    UriTooLong,
    /// The request has as many headers as the `http` crate allows.
    #[error("the request has too many headers")]
    TooManyHeaders,
}
