//! What can go wrong, as far as the machine can see it.

use core::fmt;

use cos_proto::{Failure, JudgeError};

use super::TaskId;

/// A download that failed.
///
/// Where a task is named, its driver knows more: the answer, the error of the service below.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A failure that trying again does not help.
    #[error("the download was refused")]
    Refused {
        /// The task that met it.
        task: TaskId,
        /// What it was.
        #[source]
        failure: Failure,
    },
    /// A failure that was tried again as often as it may be.
    #[error("no attempt is left")]
    Exhausted {
        /// The task that met it last.
        task: TaskId,
        /// What it was.
        #[source]
        failure: Failure,
    },
    /// A 2xx answer that is none to what was asked. No byte of it was let through.
    #[error("the answer is not what was asked for")]
    Answer {
        /// The task that met it.
        task: TaskId,
        /// What is wrong with it.
        #[source]
        source: JudgeError,
    },
    /// The object has changed while it was downloaded: again, or after bytes of it were delivered.
    #[error("the object has changed: {0}")]
    Changed(Change),
    /// All bytes have come, and they are not those of the object.
    #[error("crc64 of the bytes is {got}, of the object {expected}")]
    Corrupt {
        /// What the service says.
        expected: u64,
        /// What the bytes have.
        got: u64,
    },
    /// A CRC64 was required and the object has none.
    #[error("the object has no crc64 to verify it by")]
    NoCrc64,
    /// [`cancel`](super::Download::cancel) was called.
    #[error("the download was cancelled")]
    Cancelled,
}

impl Error {
    /// The failure in cos-proto's classification, where it is one.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Refused { failure, .. } | Self::Exhausted { failure, .. } => Some(*failure),
            Self::Answer { source, .. } => Some(Failure::from(source)),
            Self::Changed(_) => Some(Failure::ObjectChanged),
            Self::Corrupt { .. } => Some(Failure::Corrupt),
            Self::NoCrc64 | Self::Cancelled => None,
        }
    }

    /// The task that met the failure, where it was one.
    #[must_use]
    pub const fn task(&self) -> Option<TaskId> {
        match self {
            Self::Refused { task, .. }
            | Self::Exhausted { task, .. }
            | Self::Answer { task, .. } => Some(*task),
            Self::Changed(_) | Self::Corrupt { .. } | Self::NoCrc64 | Self::Cancelled => None,
        }
    }

    /// Whether what is on the disk belongs to no object that could still be downloaded.
    pub(super) const fn spoils_checkpoint(&self) -> bool {
        matches!(self, Self::Changed(_) | Self::Corrupt { .. })
    }
}

/// By what it was told that an object has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// The service refused the condition that every request has.
    Condition,
    /// Another entity tag.
    ETag,
    /// Another length.
    Size {
        /// At first.
        was: u64,
        /// Now.
        is: u64,
    },
    /// Another CRC64.
    Crc64 {
        /// At first.
        was: u64,
        /// Now.
        is: u64,
    },
    /// Another version.
    Version,
    /// A range that was in the object is not any more.
    Range,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition => f.write_str("its entity tag is another one, the service says"),
            Self::ETag => f.write_str("its entity tag is another one"),
            Self::Size { was, is } => write!(f, "its length was {was} and is {is}"),
            Self::Crc64 { was, is } => write!(f, "its crc64 was {was} and is {is}"),
            Self::Version => f.write_str("its version is another one"),
            Self::Range => f.write_str("it ends before the range that was asked for"),
        }
    }
}
