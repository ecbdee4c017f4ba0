//! The one classification of what can go wrong.

use core::error::Error as StdError;
use core::{fmt, iter};

use http::StatusCode;
use thiserror::Error;

use crate::{
    BuildError, GuardError, JudgeError, ListingError, PagerError, RetryAfter, ServiceError,
    Timestamp,
};

/// What kind of failure it was: whether trying again helps, and what to do about it.
///
/// Those who try again and those who report go by this one classification. It is an error itself,
/// so that it can stand among the sources of another one and be found there by [`Failure::find`].
///
/// ```
/// use cos_proto::{Failure, Missing, ServiceError};
///
/// let (head, ()) = http::Response::builder().status(404).body(())?.into_parts();
/// let body = b"<Error><Code>NoSuchKey</Code></Error>";
/// let failure = Failure::of(&ServiceError::read(&head, body));
/// assert_eq!(failure, Failure::NotFound(Missing::Key));
/// assert!(!failure.is_retryable());
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Failure {
    /// The bucket, the key or the version does not exist.
    #[error("{0} not found")]
    NotFound(Missing),
    /// The credentials were refused, or do not allow this.
    #[error("access denied")]
    Denied,
    /// There are no credentials to sign with, so that nothing was sent.
    #[error("there are no credentials")]
    NoCredentials,
    /// The session token has expired: fresh credentials are needed.
    #[error("the session token has expired")]
    Expired,
    /// The time of the signature is not the server's: the clocks are more than 15 minutes apart, or
    /// the signature has expired, which a fresh one does by a wrong clock only.
    #[error("the clock is too far from the server's")]
    Skewed {
        /// The server's time, where it said so.
        server: Option<Timestamp>,
    },
    /// The object is archived and has to be restored before it can be read.
    #[error("the object is archived and not restored")]
    Archived,
    /// A condition does not hold (412).
    #[error("a condition does not hold")]
    PreconditionFailed,
    /// The object was not modified (304).
    #[error("the object was not modified")]
    NotModified,
    /// The object is not the one any more that was asked for.
    #[error("the object has changed")]
    ObjectChanged,
    /// The range lies outside of the object (416).
    #[error("the range lies outside of the object")]
    RangeNotSatisfiable {
        /// Length of the object, where the server said so.
        complete: Option<u64>,
    },
    /// The service wants fewer requests (`SlowDown`, `KmsFreqControl`, 429). Retryable.
    #[error("the service asks to slow down")]
    Throttled {
        /// When to come again, where the server said so.
        retry_after: Option<RetryAfter>,
    },
    /// The service failed (5xx). Retryable.
    #[error("the service failed with {status}")]
    Server {
        /// The status.
        status: StatusCode,
        /// When to come again, where the server said so.
        retry_after: Option<RetryAfter>,
    },
    /// The service waited too long for the request. Retryable.
    #[error("the service timed out waiting for the request")]
    RequestTimeout,
    /// The service points elsewhere (3xx). Redirects are not followed.
    #[error("the service points elsewhere")]
    Redirect,
    /// Another refusal (4xx).
    #[error("the service refused the request with {status}")]
    Client {
        /// The status.
        status: StatusCode,
    },
    /// The network failed: no connection, cut off, timed out. Retryable.
    #[error("the network failed")]
    Transport,
    /// The peer is not trusted: its certificate has expired, names another host, or was issued by
    /// nobody known.
    #[error("the peer is not trusted")]
    Untrusted,
    /// The request cannot be built or signed, so that nothing was sent.
    #[error("the request cannot be sent")]
    Unsendable,
    /// A body ended early. Retryable.
    #[error("the body was cut short")]
    CutShort,
    /// A listing ended in the middle of its XML, which the service does under load. Retryable.
    #[error("the listing was cut short")]
    TruncatedListing,
    /// All bytes have come and their CRC64 is not the object's.
    #[error("the checksum does not match")]
    Corrupt,
    /// The answer breaks the protocol, or is not the service's.
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
    /// The server did not say which. An answer to HEAD has no body to say it in.
    Unknown,
}

impl Failure {
    /// Classifies an answer of the service: by its code where it has one that is known, else by its
    /// status.
    ///
    /// The codes are those of documentation page 436/7730 and of the clients that met others.
    #[must_use]
    pub fn of(error: &ServiceError) -> Self {
        let status = error.status();
        let retry_after = error.retry_after();
        let by_code = error.code().and_then(|code| by_code(code, error));
        match status.as_u16() {
            304 => Self::NotModified,
            300..=399 => Self::Redirect,
            429 => Self::Throttled { retry_after },
            400..=499 => by_code.unwrap_or_else(|| by_client_status(error)),
            // Whatever the code says, the server says that it is its own fault, and that is tried
            // again; only that it is a matter of pace counts.
            500..=599 => by_code
                .filter(|failure| matches!(failure, Self::Throttled { .. }))
                .unwrap_or(Self::Server {
                    status,
                    retry_after,
                }),
            _ => Self::InvalidResponse,
        }
    }

    /// Looks through an error and its sources for the first that this crate can classify: a
    /// [`Failure`], or any error of its own that is about an answer.
    ///
    /// An error that was made a [`std::io::Error`] is not seen in there: it is not among that
    /// error's sources. Look through its `get_ref()`.
    ///
    /// ```
    /// use cos_proto::{Failure, GuardError};
    ///
    /// let error = GuardError::Short { missing: 5 };
    /// assert_eq!(Failure::find(&error), Some(Failure::CutShort));
    /// assert_eq!(Failure::find(&std::fmt::Error), None);
    /// ```
    #[must_use]
    pub fn find(error: &(dyn StdError + 'static)) -> Option<Self> {
        sources(error).find_map(Self::of_dyn)
    }

    /// Whether the same request may do better later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Throttled { .. }
            | Self::Server { .. }
            | Self::RequestTimeout
            | Self::Transport
            | Self::CutShort
            | Self::TruncatedListing => true,
            Self::NotFound(_)
            | Self::Denied
            | Self::NoCredentials
            | Self::Expired
            | Self::Skewed { .. }
            | Self::Archived
            | Self::PreconditionFailed
            | Self::NotModified
            | Self::ObjectChanged
            | Self::RangeNotSatisfiable { .. }
            | Self::Redirect
            | Self::Client { .. }
            | Self::Untrusted
            | Self::Unsendable
            | Self::Corrupt
            | Self::InvalidResponse => false,
        }
    }

    /// When to come again, where the server said so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::Throttled { retry_after } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    fn of_dyn(error: &(dyn StdError + 'static)) -> Option<Self> {
        error
            .downcast_ref::<Self>()
            .copied()
            .or_else(|| error.downcast_ref::<ServiceError>().map(Self::from))
            .or_else(|| error.downcast_ref::<JudgeError>().map(Self::from))
            .or_else(|| error.downcast_ref::<GuardError>().map(Self::from))
            .or_else(|| error.downcast_ref::<ListingError>().map(Self::from))
            .or_else(|| error.downcast_ref::<PagerError>().map(Self::from))
            .or_else(|| error.downcast_ref::<BuildError>().map(Self::from))
    }
}

impl From<&ServiceError> for Failure {
    fn from(error: &ServiceError) -> Self {
        Self::of(error)
    }
}

impl From<&JudgeError> for Failure {
    fn from(error: &JudgeError) -> Self {
        match error {
            JudgeError::ObjectChanged { .. } | JudgeError::OtherVersion { .. } => {
                Self::ObjectChanged
            }
            _ => Self::InvalidResponse,
        }
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

impl From<&BuildError> for Failure {
    fn from(_: &BuildError) -> Self {
        Self::Unsendable
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Version => "version",
            Self::Unknown => "bucket or key",
        })
    }
}

/// The table of codes: what each means under a 4xx, and of those that ask for fewer requests also
/// under a 5xx. `None` for codes that say no more than the status.
fn by_code(code: &str, error: &ServiceError) -> Option<Failure> {
    Some(match code {
        "NoSuchBucket" => Failure::NotFound(Missing::Bucket),
        "NoSuchKey" => Failure::NotFound(Missing::Key),
        // 400 on older pages of the documentation, 404 in practice.
        "NoSuchVersion" => Failure::NotFound(Missing::Version),
        // 400 or 403, by which page one reads.
        "ExpiredToken" => Failure::Expired,
        "RequestTimeTooSkewed" => Failure::Skewed {
            server: error.date(),
        },
        "AccessDenied" if says_expired(error.message()) => Failure::Skewed {
            server: error.date(),
        },
        _ if says_expired(Some(code)) => Failure::Skewed {
            server: error.date(),
        },
        "AccessDenied" | "AccessForbidden" | "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
            Failure::Denied
        }
        // 403 to a GET, 409 to a restore.
        "InvalidObjectState" => Failure::Archived,
        "PreconditionFailed" => Failure::PreconditionFailed,
        "InvalidRange" => Failure::RangeNotSatisfiable {
            complete: error.complete_length(),
        },
        // The documentation has had both spellings. It is 400, but what it means goes by.
        "RequestTimeout" | "RequestTimeOut" | "UserNetworkTooSlow" => Failure::RequestTimeout,
        "SlowDown" => Failure::Throttled {
            retry_after: error.retry_after(),
        },
        // Documented for 503 alone.
        "KmsFreqControl" if error.status().is_server_error() => Failure::Throttled {
            retry_after: error.retry_after(),
        },
        _ => return None,
    })
}

fn by_client_status(error: &ServiceError) -> Failure {
    match error.status() {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::Denied,
        StatusCode::NOT_FOUND if error.is_delete_marker() => Failure::NotFound(Missing::Key),
        StatusCode::NOT_FOUND => Failure::NotFound(Missing::Unknown),
        StatusCode::REQUEST_TIMEOUT => Failure::RequestTimeout,
        StatusCode::PRECONDITION_FAILED => Failure::PreconditionFailed,
        StatusCode::RANGE_NOT_SATISFIABLE => Failure::RangeNotSatisfiable {
            complete: error.complete_length(),
        },
        status => Failure::Client { status },
    }
}

/// `Request has expired` is what the service says of a signature whose time is over, with the code
/// of any denial.
fn says_expired(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.to_ascii_lowercase().contains("request has expired"))
}

/// An error and its sources, outermost first.
pub(crate) fn sources<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |&error| error.source()).take(MAX_SOURCES)
}

/// How many sources are looked through: chains of errors have about five, and an error that is its
/// own source has no end.
const MAX_SOURCES: usize = 64;
