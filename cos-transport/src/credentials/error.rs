//! Why there are no credentials.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use cos_proto::Failure;

use crate::BoxError;

/// A source of credentials that gave none.
///
/// It names the source and never holds a secret: whoever makes one sees to that. Clones are cheap,
/// because all who wait for one fetch get the same error. Unless it may be tried again,
/// [`Failure::NoCredentials`] is the last of its sources, so that nobody takes it for a failure of
/// the network.
#[derive(Clone)]
pub struct CredentialsError(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: CredentialsErrorKind,
    tried: String,
    reason: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What is to be done about a source that gave no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialsErrorKind {
    /// The source has none and never had: nothing is set up there. A [`Chain`](super::Chain) asks
    /// the next one. Not to be tried again.
    Absent,
    /// The source has no working answer now: it is out of reach, too slow, or failing. May be tried
    /// again.
    Unavailable,
    /// What the source gave, or how it is set up, is of no use. Not to be tried again.
    Invalid,
}

impl CredentialsError {
    /// The source `tried` has no credentials because nothing is set up there.
    pub fn absent(tried: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(CredentialsErrorKind::Absent, tried.into(), reason.into())
    }

    /// The source `tried` cannot be asked now.
    pub fn unavailable(tried: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(
            CredentialsErrorKind::Unavailable,
            tried.into(),
            reason.into(),
        )
    }

    /// What the source `tried` gave, or how it is set up, is of no use.
    pub fn invalid(tried: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(CredentialsErrorKind::Invalid, tried.into(), reason.into())
    }

    /// Adds the error that led to this one. It must not hold a secret either.
    #[must_use]
    pub fn because(mut self, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        let kept: BoxError = if self.is_retryable() {
            source
        } else {
            Box::new(Final {
                cause: source.to_string(),
                failure: Failure::NoCredentials,
            })
        };
        Arc::make_mut(&mut self.0).source = Some(Arc::from(kept));
        self
    }

    /// What is to be done about it.
    pub fn kind(&self) -> CredentialsErrorKind {
        self.0.kind
    }

    /// Whether the same question may be answered later.
    pub fn is_retryable(&self) -> bool {
        self.0.kind == CredentialsErrorKind::Unavailable
    }

    /// The source that was tried, in words.
    pub fn tried(&self) -> &str {
        &self.0.tried
    }

    /// Why it gave none, in words.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    fn new(kind: CredentialsErrorKind, tried: String, reason: String) -> Self {
        let retryable = kind == CredentialsErrorKind::Unavailable;
        Self(Arc::new(Inner {
            kind,
            tried,
            reason,
            source: (!retryable).then(|| Arc::new(Failure::NoCredentials) as _),
        }))
    }
}

/// A cause in words, on top of what it amounts to in cos-proto's classification.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
struct Final {
    cause: String,
    #[source]
    failure: Failure,
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no credentials from {}: {}", self.0.tried, self.0.reason)
    }
}

impl fmt::Debug for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsError")
            .field("kind", &self.0.kind)
            .field("tried", &self.0.tried)
            .field("reason", &self.0.reason)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for CredentialsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_source_out_of_reach_may_be_tried_again() {
        let cause = || std::io::Error::other("cause");
        let absent = CredentialsError::absent("a", "b");
        assert_eq!(Failure::find(&absent), Some(Failure::NoCredentials));
        let invalid = CredentialsError::invalid("a", "b").because(cause());
        assert_eq!(Failure::find(&invalid), Some(Failure::NoCredentials));
        assert_eq!(invalid.source().unwrap().to_string(), "cause");
        let unavailable = CredentialsError::unavailable("a", "b").because(cause());
        assert_eq!(Failure::find(&unavailable), None);
        assert_eq!(unavailable.source().unwrap().to_string(), "cause");
        assert_eq!(unavailable.to_string(), "no credentials from a: b");
    }
}
