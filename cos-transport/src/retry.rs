//! Trying again what failed in passing.
//!
//! [`RetryPolicy`] is a policy for [`tower::retry::Retry`]. It decides by cos-proto's
//! classification, [`Failure`](cos_proto::Failure), and it sees what the service says in a body,
//! because a layer below has read it and left the [`ServiceError`](cos_proto::ServiceError) in the
//! answer's extensions.
//!
//! ```
//! use cos_transport::layer::ErrorReaderLayer;
//! use cos_transport::retry::RetryPolicy;
//! use tower::ServiceBuilder;
//! use tower::retry::RetryLayer;
//!
//! let stack = ServiceBuilder::new()
//!     .layer(RetryLayer::new(RetryPolicy::new().retries(3)))
//!     .layer(ErrorReaderLayer::new());
//! ```
//!
//! # What is tried again
//!
//! | what came back | what is done |
//! |---|---|
//! | an error of the network; one that nobody has classified | again, after the backoff |
//! | 5xx, 429, `SlowDown`, `RequestTimeout` | again, after the backoff or `Retry-After`, whichever is longer |
//! | the signature is too old, or from a time to come | learn the [`ClockOffset`](crate::ClockOffset) from `Date`, again at once, once |
//! | the session token has expired | have the provider renew the credentials, again at once, once |
//! | 301, 302 or 307 without a request id, with failover on | at the backup, again at once |
//! | anything else | nothing |
//!
//! Each of these is an attempt, and counts as one. Only heads are tried again: a body that breaks
//! is for its reader to resume, from the same [budget](cos_proto::RetryBudget).
//!
//! # What those above see, and those below
//!
//! A further attempt has its number as [`Attempts`](cos_proto::Attempts) in the request's
//! extensions, for those who tell of it. A request that comes with such a number is counted on from
//! there.
//!
//! Every answer has its [`Attempts`](cos_proto::Attempts) in its extensions. An error that was not
//! the first one, or that there was no attempt left for, is inside of a
//! [`GaveUp`](cos_proto::GaveUp). What is marked as exhausted is not tried again, neither by this
//! policy, should two of them stand above each other, nor by cos-transfer.

mod policy;
mod random;
mod seen;
mod session;
mod wait;

pub use policy::RetryPolicy;
pub use wait::RetryWait;

use http::{HeaderName, HeaderValue};

/// The header that marks a further attempt, as in the vendor's SDKs; they sign it, and so does
/// [`Sign`](crate::layer::Sign), because of its prefix.
pub const RETRY_MARK: HeaderName = HeaderName::from_static("x-cos-sdk-retry");

/// The value of [`RETRY_MARK`].
pub(crate) const MARKED: HeaderValue = HeaderValue::from_static("true");

#[cfg(test)]
mod tests;
