//! What a task has met, in words for people and in a word for the machine.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use cos_proto::{Attempts, Failure};

use crate::engine::{Error, TaskId};
use crate::error::classify;
use crate::{BoxError, DownloadError};

/// A failure of one request or of its body.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: DownloadError,
    pub(crate) failure: Failure,
    /// What a layer below says of how often it has tried.
    attempts: Option<Attempts>,
}

impl Fault {
    pub(crate) fn new(error: DownloadError) -> Self {
        let failure = error.failure().unwrap_or(Failure::Transport);
        Self::of(error, failure)
    }

    pub(crate) fn of(error: DownloadError, failure: Failure) -> Self {
        Self {
            error,
            failure,
            attempts: None,
        }
    }

    /// An error of the service below, or of a body of it.
    pub(crate) fn of_service(source: BoxError) -> Self {
        let attempts = Attempts::find(&*source);
        let failure = classify(&*source);
        Self::of(DownloadError::Transport { failure, source }, failure).after(attempts)
    }

    pub(crate) fn after(mut self, attempts: Option<Attempts>) -> Self {
        self.attempts = attempts;
        self
    }

    /// Whether the system gives no more file handles: to this process, or to anybody.
    pub(crate) fn is_for_want_of_handles(&self) -> bool {
        let mut next: Option<&(dyn StdError + 'static)> = Some(&self.error);
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<io::Error>()
                && no_handles(error)
            {
                return true;
            }
            next = error.source();
        }
        false
    }

    /// Whether a layer below has tried as often as it may.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.attempts.is_some_and(Attempts::is_exhausted)
    }
}

#[cfg(unix)]
fn no_handles(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE)
    )
}

/// Elsewhere sockets do not come out of so small a store.
#[cfg(not(unix))]
fn no_handles(_: &io::Error) -> bool {
    false
}

/// The failure that a download ends by, as the task that met it has told it.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) task: TaskId,
    pub(super) error: DownloadError,
    /// Attempts of this range that brought nothing, this one included.
    pub(super) attempts: u32,
}

/// What the machine ended by, with what is known of it.
pub(super) fn explain(error: Error, last: Option<Last>) -> DownloadError {
    let told = last.filter(|last| error.task() == Some(last.task));
    match error {
        Error::Refused { failure, .. } => match told {
            Some(last) => last.error,
            None => unexplained(failure),
        },
        Error::Exhausted { failure, .. } => match told {
            Some(last) => gave_up(last),
            None => unexplained(failure),
        },
        Error::Answer { source, .. } => DownloadError::misjudged(source),
        Error::Changed(change) => DownloadError::Changed(change),
        Error::Corrupt { expected, got } => {
            DownloadError::Integrity(cos_proto::GuardError::ChecksumMismatch { expected, got })
        }
        Error::NoCrc64 => DownloadError::NoCrc64,
        Error::Cancelled => DownloadError::Cancelled,
    }
}

fn gave_up(last: Last) -> DownloadError {
    let Last {
        error, attempts, ..
    } = last;
    let is_said = matches!(&error, DownloadError::Transport { source, .. } if Attempts::find(&**source).is_some());
    if is_said || attempts < 2 {
        return error;
    }
    DownloadError::GaveUp {
        attempts,
        source: Box::new(error),
    }
}

/// No request has failed: the machine has given a connection up by itself.
fn unexplained(failure: Failure) -> DownloadError {
    DownloadError::Transport {
        failure,
        source: Box::new(TooSlow),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("less than 1 KiB a second came for {} seconds, again and again", Self::TIME.as_secs())]
struct TooSlow;

impl TooSlow {
    const TIME: Duration = Duration::from_secs(30);
}
