//! What the machine asks of its driver.

use core::fmt;
use core::ops::Range;
use core::time::Duration;

use alloc::boxed::Box;
use alloc::vec::Vec;

use cos_proto::{Extent, GetObject, RetryBudget};

use super::Error;
use super::journal::Record;
use crate::Verified;

/// What the driver must do now. [`Download::poll_output`](super::Download::poll_output) gives one
/// after the other.
#[derive(Clone, Debug)]
#[must_use = "what is not done is not asked for again"]
#[non_exhaustive]
pub enum Output {
    /// Send this request. Its answer goes to [`handle_head`](super::Download::handle_head) if it is
    /// 2xx, else, like every other failure, to
    /// [`handle_failure`](super::Download::handle_failure).
    Request(Box<Request>),
    /// Let the task end early, at `end`: the bytes from there on are for another connection.
    ///
    /// Answer with where it will end indeed by
    /// [`handle_shortened`](super::Download::handle_shortened). A driver that cannot do this need
    /// not answer; the range is then not split.
    Shorten {
        /// The task.
        task: TaskId,
        /// Offset in the object behind the last byte that it should fetch.
        end: u64,
    },
    /// End the task, at once: give up its request or its body, tell what is written by then with
    /// [`handle_written`](super::Download::handle_written), and then
    /// [`handle_end`](super::Download::handle_end).
    Stop {
        /// The task.
        task: TaskId,
    },
    /// The object is known, and these bytes of it will come: reserve space for them. A byte at
    /// offset `n` of the object belongs at offset `n - range.start` of the file.
    Begin {
        /// The bytes that are wanted, as offsets in the object.
        range: Range<u64>,
    },
    /// Write the journal anew with these bytes: into another file, which is then renamed, so that
    /// there is always a whole one.
    Rewrite(Vec<u8>),
    /// Append this record to the journal. It needs no fsync: it is a claim, which is verified
    /// before it is believed.
    Record(Record),
    /// Forget the journal and all bytes that were written: they are of no use any more. It comes
    /// when no task is under way.
    Discard,
    /// Read these bytes back and compare their CRC64: answer with
    /// [`handle_verified`](super::Download::handle_verified) or
    /// [`handle_refuted`](super::Download::handle_refuted).
    Verify {
        /// What to name in the answer.
        claim: ClaimId,
        /// Which bytes, as offsets in the object, and what their CRC64 is if the claim is true.
        extent: Extent,
    },
    /// There is nothing to do until one of the `handle_*` methods or a command was called, or until
    /// this point in time, if there is one.
    WaitUntil(Option<Duration>),
    /// All bytes are there and are right: publish them. It is said again whenever asked.
    Done(Outcome),
    /// The download has failed, and no task is under way. What is recorded stays good for another
    /// try unless [`Output::Discard`] came before. It is said again whenever asked.
    Failed(Error),
}

/// A request to send.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// What to name in everything that comes of it.
    pub task: TaskId,
    /// The request value; [`GetObject::to_request`] makes it an HTTP request.
    pub get: GetObject,
    /// The range's attempts. A service that tries again by itself has to draw from the same, so put
    /// it into the request's extensions.
    pub budget: RetryBudget,
}

/// One request and what comes of it. No number is used twice in a download, so that a late word on
/// a task that is over is known as such, and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub(super) u64);

/// One claim that is being read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimId(pub(super) u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What came out of a download that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The bytes that are there, as offsets in the object.
    pub range: Range<u64>,
    /// Their CRC64.
    pub crc64: u64,
    /// What they were held against.
    pub verified: Verified,
    /// Whether all requests were bound to one entity tag. Without one an object is fetched by one
    /// request alone.
    pub pinned: bool,
    /// Bytes that were fetched, those included that were of no use because the object changed.
    pub fetched: u64,
    /// Bytes that were there from a former run.
    pub resumed: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Whether the download was started anew, because the object changed or because what was
    /// resumed did not make the object.
    pub restarted: bool,
}
