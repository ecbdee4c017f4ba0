//! The one classification of what can go wrong.

use core::error::Error as StdError;

use http::StatusCode;
use thiserror::Error;

use crate::{GuardError, JudgeError, RetryAfter, ServiceError};

/// What kind of failure it was: whether trying again helps, and what to tell the user.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The bucket, the key or the version does not exist.
    #[error("{0} not found")]
    NotFound(Missing),
    /// The credentials were refused, or do not allow this.
    #[error("access denied")]
    Denied,
    /// The session token or the signature has expired: fresh credentials are needed.
    #[error("credentials or signature expired")]
    Expired,
    /// The clocks of client and server are too far apart.
    #[error("the clock is too far from the server's")]
    Skewed {
        /// The server's time, where it said so.
        server: Option<crate::Timestamp>,
    },
    /// The object is archived and has to be restored before it can be read.
    #[error("the object is archived and not restored")]
    Archived,
    /// A condition did not hold (412).
    #[error("a condition does not hold")]
    PreconditionFailed,
    /// The object has not changed (304).
    #[error("not modified")]
    NotModified,
    /// The object is not the one that was asked for any more.
    #[error("the object has changed")]
    ObjectChanged,
    /// The range lies outside the object (416).
    #[error("the range lies outside the object")]
    RangeNotSatisfiable {
        /// Length of the object, where the server said so.
        complete: Option<u64>,
    },
    /// The service wants fewer requests.
    #[error("the service asks to slow down")]
    Throttled {
        /// When to come again, where the server said so.
        retry_after: Option<RetryAfter>,
    },
    /// The service failed (5xx).
    #[error("the service failed with {status}")]
    Server {
        /// The status.
        status: StatusCode,
        /// When to come again, where the server said so.
        retry_after: Option<RetryAfter>,
    },
    /// The service waited too long for the request.
    #[error("the service timed out waiting for the request")]
    RequestTimeout,
    /// The service points elsewhere. Redirects are not followed.
    #[error("the service points elsewhere")]
    Redirect,
    /// Another refusal (4xx).
    #[error("the service refused the request with {status}")]
    Client {
        /// The status.
        status: StatusCode,
    },
    /// The network failed: no connection, cut off, timed out.
    #[error("the network failed")]
    Transport,
    /// A body ended early.
    #[error("the body was cut short")]
    CutShort,
    /// A listing ended in the middle of its XML.
    #[error("the listing was cut short")]
    TruncatedListing,
    /// All bytes came and their CRC64 is not the object's.
    #[error("the checksum does not match")]
    Corrupt,
    /// The answer breaks the protocol.
    #[error("the answer is invalid")]
    InvalidResponse,
}

/// What does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Missing {
    /// The bucket.
    Bucket,
    /// The key.
    Key,
    /// The version of the key.
    Version,
    /// The server did not say which.
    Unknown,
}

impl core::fmt::Display for Missing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Version => "version",
            Self::Unknown => "bucket or key",
        })
    }
}

impl Failure {
    /// Classifies an answer of the service.
    #[must_use]
    pub fn of(error: &ServiceError) -> Self {
        todo!()
    }

    /// Looks through an error and its sources for one that this crate can classify: a [`Failure`], [`ServiceError`],
    /// [`JudgeError`] or [`GuardError`], the first that comes.
    #[must_use]
    pub fn find(error: &(dyn StdError + 'static)) -> Option<Self> {
        todo!()
    }

    /// Whether the same request may do better later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        todo!()
    }

    /// When to come again, where the server said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::Throttled { retry_after } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<&ServiceError> for Failure {
    fn from(error: &ServiceError) -> Self {
        Self::of(error)
    }
}

impl From<&JudgeError> for Failure {
    fn from(error: &JudgeError) -> Self {
        todo!()
    }
}

impl From<&GuardError> for Failure {
    fn from(error: &GuardError) -> Self {
        match error {
            GuardError::Short { .. } => Self::CutShort,
            GuardError::Long => Self::InvalidResponse,
            GuardError::ChecksumMismatch { .. } => Self::Corrupt,
        }
    }
}
