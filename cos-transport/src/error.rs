//! What can go wrong with a request, as one type with a kind.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use cos_proto::{Attempts, Failure, GaveUp, ServiceError};

use crate::BoxError;
use crate::chain::find;

/// A request, or the body of its answer, that failed.
///
/// [`kind`](Self::kind) says where it failed, [`failure`](Self::failure) what that means in
/// cos-proto's classification, and whether trying again can help. What the service said is in
/// [`service_error`](Self::service_error). [`source`](StdError::source) is the cause; wherever the
/// failure is another one than [`Failure::Transport`], it or what it is made from stands on the
/// chain of sources, for [`Failure::find`] of whoever wraps this error.
///
/// No secret is ever part of it: not the signature, not a token, not the query of a URL.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    detail: Option<String>,
    source: Option<BoxError>,
}

/// What went wrong, and whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request cannot be built or signed; nothing was sent. Not to be tried again.
    Request,
    /// There are no credentials to sign with; nothing was sent. May be tried again if the source
    /// that was asked is merely out of reach.
    Credentials,
    /// No connection, or none to the proxy: the name was not found or nobody answered. May be tried
    /// again; nothing was sent.
    Connect,
    /// No connection in time; name lookup, TCP, a proxy and TLS share one limit. May be tried again;
    /// nothing was sent.
    ConnectTimeout,
    /// The peer's certificate or its TLS is not acceptable. Not to be tried again; nothing was
    /// sent.
    Tls,
    /// The proxy was reached and does not let the request through: it wants credentials or others
    /// than it was given, it refuses, or it is no proxy. Whether to try again depends on its
    /// answer.
    Proxy,
    /// The connection broke before the head of the answer was complete. May be tried again:
    /// every request of this crate only reads.
    Connection,
    /// The head of the answer did not come in time. May be tried again.
    HeadTimeout,
    /// The head of the answer is no HTTP/1.1 or larger than it may be. Not to be tried again.
    Head,
    /// The service answered with another status than 2xx; see [`Error::service_error`]. Whether
    /// to try again depends on that.
    Service,
    /// The answer is a redirect, which is never followed. Not to be tried again.
    Redirect,
    /// The answer is 2xx, but not what was asked for. Whether to try again
    /// depends on the failure.
    Answer,
    /// The connection broke in the body. The bytes handed out before are good, as far as they
    /// go; the rest may be asked for.
    Body,
    /// No byte of the body came for too long while one was waited for. As [`Body`](Self::Body).
    BodyTimeout,
    /// The body is not what its head promised: too long, or its CRC64 differs. What was handed
    /// out is not to be used.
    Integrity,
    /// The body of a listing cannot be read. May be tried again where it was merely
    /// cut off.
    Listing,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            detail: None,
            source: None,
        }))
    }

    /// Says what was tried, in terms that are no secret.
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Says what was tried, where nobody who knew better has.
    pub(crate) fn detail_if_none(self, detail: impl FnOnce() -> String) -> Self {
        match self.0.detail {
            Some(_) => self,
            None => self.detail(detail()),
        }
    }

    /// Says after how long it was given up.
    pub(crate) fn after(self, limit: Duration) -> Self {
        self.detail(format!("{limit:?}"))
    }

    pub(crate) fn because(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Gives a cause that cos-proto does not know, and what it amounts to in cos-proto's
    /// classification.
    pub(crate) fn amounting_to(self, failure: Failure, cause: &(dyn StdError + 'static)) -> Self {
        self.because(Amounting {
            cause: innermost(cause).to_string(),
            failure,
        })
    }

    /// Gives the innermost of `error`'s sources as the cause: what the libraries below wrap around
    /// it only says in other words what the kind says already.
    pub(crate) fn coming_from(self, error: &(dyn StdError + 'static)) -> Self {
        let cause = innermost(error);
        match cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error)
        {
            Some(code) => self.because(io::Error::from_raw_os_error(code)),
            None => self.because(cause.to_string()),
        }
    }

    /// The [`Error`] in `error`, or `error` as the cause of one of the kind `otherwise`.
    ///
    /// What failed stays outermost; that it was tried several times stands below it.
    pub(crate) fn from_boxed(error: BoxError, otherwise: ErrorKind) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(error) => return *error,
            Err(error) => error,
        };
        match error.downcast::<GaveUp>() {
            Ok(gave_up) => {
                let attempts = gave_up.attempts();
                Self::from_boxed(gave_up.into_source(), otherwise).after_attempts(attempts)
            }
            Err(error) => Self::new(otherwise).because(error),
        }
    }

    /// Tells how often it was tried, where that was more than once or all there was.
    pub(crate) fn after_attempts(mut self, attempts: Attempts) -> Self {
        if attempts != Attempts::new(1) {
            let cause = self.0.source.take();
            let cause = cause.unwrap_or_else(|| Failure::Transport.into());
            self.0.source = Some(GaveUp::new(attempts, cause).into());
        }
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What the service said, where it said anything.
    pub fn service_error(&self) -> Option<&ServiceError> {
        find::<ServiceError>(self)
    }

    /// How often it was tried, and whether there was no attempt left.
    pub fn attempts(&self) -> Attempts {
        Attempts::find(self).unwrap_or(Attempts::new(1))
    }

    /// The failure in cos-proto's classification; whether trying again can help is
    /// [`Failure::is_retryable`]'s to say.
    pub fn failure(&self) -> Failure {
        Failure::find(self).unwrap_or(Failure::Transport)
    }
}

/// A cause in words, on top of what it amounts to.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
struct Amounting {
    cause: String,
    #[source]
    failure: Failure,
}

/// What an error comes from in the end; that says most.
fn innermost<'a>(mut error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = self.0.detail.as_deref().unwrap_or("?");
        match self.0.kind {
            ErrorKind::Request => f.write_str("the request cannot be made"),
            ErrorKind::Credentials => f.write_str("the request cannot be signed"),
            ErrorKind::Connect => write!(f, "cannot connect to {detail}"),
            ErrorKind::ConnectTimeout => write!(f, "cannot connect to {detail} in time"),
            ErrorKind::Tls => write!(f, "cannot trust the TLS of {detail}"),
            ErrorKind::Proxy => write!(f, "{detail} does not let the request through"),
            ErrorKind::Connection => {
                write!(f, "the connection to {detail} broke before it answered")
            }
            ErrorKind::HeadTimeout => write!(f, "no answer came within {detail}"),
            ErrorKind::Head => write!(f, "the answer of {detail} has no acceptable head"),
            ErrorKind::Service => f.write_str("the service refused the request"),
            ErrorKind::Redirect => write!(
                f,
                "the answer points to {detail}, and redirects are not followed; \
                 set region and endpoint to those of the bucket"
            ),
            ErrorKind::Answer => f.write_str("the answer is not what was asked for"),
            ErrorKind::Body => f.write_str("the body broke off"),
            ErrorKind::BodyTimeout => write!(f, "no byte of the body came within {detail}"),
            ErrorKind::Integrity => f.write_str("the body is not what its head promised"),
            ErrorKind::Listing => f.write_str("the listing cannot be read"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("detail", &self.0.detail)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_found_below_a_cause_in_words() {
        let cause = fmt::Error;
        let error = Error::new(ErrorKind::Tls)
            .detail("cos.example")
            .amounting_to(Failure::Untrusted, &cause);
        assert_eq!(error.failure(), Failure::Untrusted);
        assert!(!error.failure().is_retryable());
        assert_eq!(error.source().unwrap().to_string(), cause.to_string());
    }

    #[test]
    fn what_is_not_classified_is_the_networks() {
        let error = Error::new(ErrorKind::Connect).because(io::Error::other("down"));
        assert_eq!(error.failure(), Failure::Transport);
        assert!(error.failure().is_retryable());
    }

    #[test]
    fn of_a_wrapped_cause_only_the_innermost_is_told() {
        #[derive(Debug, thiserror::Error)]
        #[error("a wrapper")]
        struct Wrapper(#[source] io::Error);

        let refused = || io::Error::from_raw_os_error(1);
        let error = Error::new(ErrorKind::Connect).coming_from(&Wrapper(refused()));
        let cause = error.source().unwrap();
        assert_eq!(cause.to_string(), refused().to_string());
        assert_eq!(
            cause.downcast_ref::<io::Error>().unwrap().kind(),
            refused().kind()
        );
        assert!(cause.source().is_none());

        let error = Error::new(ErrorKind::Body).coming_from(&Wrapper(io::Error::other("words")));
        assert_eq!(error.source().unwrap().to_string(), "words");
    }

    #[test]
    fn what_failed_stays_above_how_often_it_was_tried() {
        let last = Error::new(ErrorKind::HeadTimeout).after(Duration::from_secs(30));
        let boxed = BoxError::from(GaveUp::new(Attempts::new(11).exhausted(), last));
        let error = Error::from_boxed(boxed, ErrorKind::Connection);
        assert_eq!(error.kind(), ErrorKind::HeadTimeout);
        assert_eq!(error.to_string(), "no answer came within 30s");
        assert_eq!(error.attempts(), Attempts::new(11).exhausted());
        assert_eq!(error.failure(), Failure::Transport);

        let last = Error::new(ErrorKind::Tls).amounting_to(Failure::Untrusted, &fmt::Error);
        let boxed = BoxError::from(GaveUp::new(Attempts::new(2), last));
        let error = Error::from_boxed(boxed, ErrorKind::Connection);
        assert_eq!(error.failure(), Failure::Untrusted);
        assert_eq!(error.attempts().made(), 2);
    }

    #[test]
    fn an_error_that_was_boxed_keeps_its_kind() {
        let boxed = BoxError::from(Error::new(ErrorKind::HeadTimeout));
        let error = Error::from_boxed(boxed, ErrorKind::Connection);
        assert_eq!(error.kind(), ErrorKind::HeadTimeout);
        let error = Error::from_boxed("foreign".into(), ErrorKind::Connection);
        assert_eq!(error.kind(), ErrorKind::Connection);
    }
}
