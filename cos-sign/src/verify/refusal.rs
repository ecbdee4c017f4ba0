//! The reasons for refusing a request.

use alloc::{boxed::Box, string::String};

use crate::{Explanation, KeyTime, head::Defect};

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
    #[error("the signed header {name:?} is not present")]
    HeaderNotPresent {
        /// The name, as the signature has it.
        name: String,
    },
    /// The request repeats a header more often than the signature names it.
    #[error("the header {name:?} occurs more often than it is signed")]
    HeaderNotSigned {
        /// The name, as a signature would have it.
        name: String,
    },
    /// The signature names a parameter that the request does not have.
    #[error("the signed parameter {name:?} is not present")]
    ParamNotPresent {
        /// The name, as the signature has it.
        name: String,
    },
    /// The request has a parameter, or one more of a name, that is not signed.
    #[error("the parameter {name:?} is not signed")]
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

impl From<Defect> for Refusal {
    fn from(defect: Defect) -> Self {
        let field = match defect {
            Defect::NoPath => "path",
            Defect::InvalidEscape { part } => part,
        };
        Self::Malformed { field }
    }
}
