//! What can go wrong with a download.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use cos_proto::{BuildError, Failure, GuardError, JudgeError, ServiceError};

use crate::engine::Change;
use crate::{BoxError, DestinationError};

/// A download that failed. Nothing is left at the destination but what was there before;
/// [`LocalAction::SyncName`] is the exception.
///
/// Paths are shown as they are. A name that came from a bucket may hold control characters, which a
/// terminal must not get to see.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The request cannot be made; nothing was sent.
    #[error("the request cannot be made")]
    Request(#[source] BuildError),
    /// The service below gave no answer, or its body broke. [`Failure`] says whether trying again
    /// can help.
    #[error("the transfer failed")]
    Transport {
        /// What kind of failure it is.
        failure: Failure,
        /// What the service below said.
        source: BoxError,
    },
    /// COS refused: not found, not allowed, not now.
    #[error("the service refused the request")]
    Service(#[source] ServiceError),
    /// A condition that was asked for does not hold (304, 412).
    #[error("the object does not meet the condition")]
    Condition(#[source] ServiceError),
    /// The object has changed while it was downloaded, and again when it was started anew; or after
    /// bytes of it were handed out; or it is not the one that was asked for by its entity tag or
    /// version.
    #[error("the object has changed: {0}")]
    Changed(Change),
    /// The head of the answer is not one to what was asked; nothing was written.
    #[error("the answer is not what was asked for")]
    Answer(#[source] JudgeError),
    /// The bytes are not those that the head promised: too few, too many, or another CRC64.
    #[error("the object did not arrive intact")]
    Integrity(#[source] GuardError),
    /// A CRC64 was required and the object has none.
    #[error("the object has no CRC64 to verify it by")]
    NoCrc64,
    /// The destination is no place for a file; nothing was sent.
    #[error("the object cannot be stored there")]
    Destination(#[source] DestinationError),
    /// The local file system failed.
    #[error("cannot {action} {}", path.display())]
    Local {
        /// What was tried.
        action: LocalAction,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The writer that the bytes were copied to failed.
    #[error("cannot write the object out")]
    Output(#[source] io::Error),
    /// Another process is downloading to this place. Nothing was sent.
    #[error("another process is downloading to {}", path.display())]
    Busy {
        /// The destination.
        path: PathBuf,
    },
    /// A failure that was tried again as often as it may be.
    #[error("{}", gave_up(*attempts))]
    GaveUp {
        /// Attempts without progress, the first one included.
        attempts: u32,
        /// The last one's failure.
        source: Box<Self>,
    },
    /// The download was given up by its caller.
    #[error("the download was cancelled")]
    Cancelled,
}

/// What a [`DownloadError::Local`] failed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocalAction {
    /// Making the directories above the destination, or a file in them.
    Create,
    /// Writing the bytes.
    Write,
    /// Making the bytes durable.
    Sync,
    /// Making the file's name durable, in the directory that is named. The complete file is at the
    /// destination, but may be gone after a power cut.
    SyncName,
    /// Giving the complete file its time, its mode and its name.
    Publish,
    /// Writing down what has come, to resume from it.
    Record,
    /// Removing what is left of a former run.
    Remove,
    /// Reading a file that is there, to compare it.
    Read,
}

fn gave_up(attempts: u32) -> String {
    match attempts {
        1 => "gave up after 1 attempt".to_owned(),
        _ => format!("gave up after {attempts} attempts"),
    }
}

impl fmt::Display for LocalAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create a file in",
            Self::Write => "write",
            Self::Sync | Self::SyncName => "sync",
            Self::Publish => "publish",
            Self::Record => "keep a checkpoint of",
            Self::Remove => "remove",
            Self::Read => "read",
        })
    }
}

impl DownloadError {
    /// The failure in cos-proto's classification, where it is not a local one.
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Transport { failure, .. } => Some(*failure),
            Self::Service(error) | Self::Condition(error) => Some(Failure::of(error)),
            Self::Changed(_) => Some(Failure::ObjectChanged),
            Self::Answer(error) => Some(Failure::from(error)),
            Self::Integrity(error) => Some(Failure::from(error)),
            Self::NoCrc64
            | Self::Request(_)
            | Self::Destination(_)
            | Self::Local { .. }
            | Self::Output(_)
            | Self::Busy { .. }
            | Self::Cancelled => None,
            Self::GaveUp { source, .. } => source.failure(),
        }
    }

    /// What the service said, where it said anything.
    pub fn service_error(&self) -> Option<&ServiceError> {
        match self {
            Self::GaveUp { source, .. } => source.service_error(),
            Self::Service(error) | Self::Condition(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) fn local(action: LocalAction, path: &Path, source: io::Error) -> Self {
        Self::Local {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// An answer that is not 2xx.
    pub(crate) fn refused(error: ServiceError) -> Self {
        match Failure::of(&error) {
            Failure::NotModified | Failure::PreconditionFailed => Self::Condition(error),
            _ => Self::Service(error),
        }
    }

    /// A head that is no answer to the request.
    pub(crate) fn misjudged(error: JudgeError) -> Self {
        match error {
            JudgeError::ObjectChanged { .. } => Self::Changed(Change::ETag),
            JudgeError::OtherVersion { .. } => Self::Changed(Change::Version),
            _ => Self::Answer(error),
        }
    }
}

/// What a foreign error amounts to. What cannot be classified is taken for a passing fault of the
/// network.
///
/// An [`io::Error`] that wraps another error does not name it as its source but speaks for it, so it
/// is opened here.
pub(crate) fn classify(error: &(dyn StdError + 'static)) -> Failure {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(failure) = Failure::find(error) {
            return failure;
        }
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    Failure::Transport
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_inside_io_errors_is_found() {
        let wrapped = io::Error::other(io::Error::other(Failure::Untrusted));
        assert_eq!(classify(&wrapped), Failure::Untrusted);
    }

    #[test]
    fn what_is_not_classified_is_the_networks() {
        assert_eq!(classify(&io::Error::other("down")), Failure::Transport);
    }
}
