//! Why there are no credentials.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::BoxError;

/// A source of credentials that gave none.
///
/// It names the source and never holds a secret: whoever makes one sees to that. Clones are cheap,
/// because all who wait for one fetch get the same error.
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
        Arc::make_mut(&mut self.0).source = Some(Arc::from(source.into()));
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
        Self(Arc::new(Inner {
            kind,
            tried,
            reason,
            source: None,
        }))
    }
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
