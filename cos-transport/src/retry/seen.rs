//! What came back from an attempt, as far as a decision needs it.

use std::error::Error as StdError;
use std::io;

use cos_proto::{Attempts, Failure, ServiceError, Timestamp};
use http::{Response, StatusCode};

use crate::BoxError;
use crate::chain::find;
use crate::credentials::SignedBy;

/// A failed attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) failure: Failure,
    /// The status, where there was an answer.
    pub(super) status: Option<StatusCode>,
    /// Whether COS itself has answered. Without a request id it was somebody on the way.
    pub(super) from_cos: bool,
    /// The server's clock.
    pub(super) date: Option<Timestamp>,
    /// What the attempt was signed with.
    pub(super) signed_by: Option<SignedBy>,
    /// Somebody below has given up.
    pub(super) exhausted: bool,
}

/// Tells what an error amounts to that cos-proto does not know.
pub(super) type Classify = dyn Fn(&(dyn StdError + 'static)) -> Option<Failure> + Send + Sync;

impl Seen {
    /// The failure in an answer; `None` for 2xx.
    pub(super) fn answer<B>(response: &Response<B>) -> Option<Self> {
        if response.status().is_success() {
            return None;
        }
        let extensions = response.extensions();
        let unread;
        let error = match extensions.get::<ServiceError>() {
            Some(error) => error,
            None => {
                unread = unread_error(response);
                &unread
            }
        };
        Some(Self {
            failure: Failure::of(error),
            status: Some(response.status()),
            from_cos: error.request_id().is_some(),
            date: error.date(),
            signed_by: extensions.get().copied(),
            exhausted: extensions
                .get()
                .is_some_and(|attempts: &Attempts| attempts.is_exhausted()),
        })
    }

    pub(super) fn error(error: &BoxError, classify: Option<&Classify>) -> Self {
        let error: &(dyn StdError + 'static) = &**error;
        let failure = classify
            .and_then(|classify| classify(error))
            .or_else(|| failure(error))
            .unwrap_or(Failure::Transport);
        Self {
            failure,
            status: None,
            from_cos: false,
            date: None,
            signed_by: None,
            exhausted: Attempts::find(error).is_some_and(Attempts::is_exhausted),
        }
    }
}

/// What the head alone says, where no layer below has read the body.
fn unread_error<B>(response: &Response<B>) -> ServiceError {
    let mut head = Response::new(());
    *head.status_mut() = response.status();
    head.headers_mut().clone_from(response.headers());
    ServiceError::read(&head.into_parts().0, &[])
}

/// The failure on an error's chain of sources, those inside of [`io::Error`]s included.
fn failure(error: &(dyn StdError + 'static)) -> Option<Failure> {
    let mut error = error;
    loop {
        if let Some(failure) = Failure::find(error) {
            return Some(failure);
        }
        error = find::<io::Error>(error)?.get_ref()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_inside_io_errors_is_found() {
        let error: BoxError = io::Error::other(io::Error::other(Failure::Untrusted)).into();
        assert_eq!(Seen::error(&error, None).failure, Failure::Untrusted);
        let error: BoxError = io::Error::other("foreign").into();
        assert_eq!(Seen::error(&error, None).failure, Failure::Transport);
    }

    #[test]
    fn the_callers_classification_goes_first() {
        let classify: &Classify = &|error| error.is::<std::fmt::Error>().then_some(Failure::Denied);
        let error: BoxError = std::fmt::Error.into();
        assert_eq!(Seen::error(&error, Some(classify)).failure, Failure::Denied);
        let error: BoxError = Failure::CutShort.into();
        assert_eq!(
            Seen::error(&error, Some(classify)).failure,
            Failure::CutShort
        );
    }

    #[test]
    fn an_answer_whose_body_nobody_has_read_is_classified_by_its_head() {
        let answer = Response::builder()
            .status(429)
            .header("retry-after", "7")
            .body(());
        let seen = Seen::answer(&answer.unwrap()).unwrap();
        assert!(
            matches!(seen.failure, Failure::Throttled { retry_after } if retry_after.is_some())
        );
        assert!(!seen.from_cos);
    }
}
