//! The machine itself: what it owns, and what it is told.

mod answers;
mod ending;
mod poll;

use core::fmt;
use core::ops::Range;
use core::time::Duration;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use cos_proto::{Extent, Failure, GetObject, ObjectHead, RangeGuard, RetryBudget};
use http::response::Parts;

use super::claims::Claims;
use super::extents::Extents;
use super::identity::Identity;
use super::journal::Checkpoint;
use super::log::Log;
use super::opening::Opening;
use super::pace::Pace;
use super::plan::Plan;
use super::random::Random;
use super::task::{Split, State, Task};
use super::{ClaimId, Error, Mode, Options, Outcome, Output, TaskId};

/// A download of one object, or of a range of it: what to ask for, what has come, and what to do
/// next.
///
/// See the [module](super) for how to drive it. Its methods are of four kinds:
///
/// - getters, which change nothing;
/// - `handle_*`, which tell it what has happened. A word on a task that is over is ignored, so that
///   nothing has to be awaited when tasks are stopped;
/// - commands of the application: [`cancel`](Self::cancel),
///   [`set_connections`](Self::set_connections);
/// - [`poll_output`](Self::poll_output), which says what to do now. Call it after any of the others,
///   until it says [`Output::WaitUntil`], [`Output::Done`] or [`Output::Failed`].
///
/// Time is a [`Duration`] since a point of the driver's choice, and does not go back. Where that
/// point is the Unix epoch, dates in `Retry-After` are understood: take the wall clock once, and add
/// what a monotonic clock has counted since. With any other point, such a date is waited for as long
/// as a server is ever waited for, [`RetryAfter::CAP`](cos_proto::RetryAfter::CAP).
pub struct Download {
    asked: GetObject,
    options: Options,
    now: Duration,
    random: Random,
    phase: Phase,
    /// Known from the first answer, or from a checkpoint.
    identity: Option<Identity>,
    head: Option<Box<ObjectHead>>,
    wanted: Range<u64>,
    plan: Plan,
    tasks: Vec<Task>,
    extents: Extents,
    claims: Claims,
    /// There where a checkpoint is kept.
    log: Option<Log>,
    pace: Pace,
    /// When the pace is looked at next.
    next_look: Duration,
    /// The service wants to be left alone until then.
    held_until: Duration,
    orders: VecDeque<Output>,
    last_id: u64,
    /// Something may be on the disk.
    begun: bool,
    /// A byte is out, and cannot be taken back.
    delivered: bool,
    /// The one restart is spent.
    restarted: bool,
    /// The object was deleted while it was fetched.
    gone: bool,
    fetched: u64,
    resumed: u64,
    requests: u64,
}

/// As in the diagram of the module.
#[derive(Clone, Debug)]
enum Phase {
    Opening(Opening),
    Fetching,
    Draining(Ending),
    Over(Result<Outcome, Error>),
}

/// What comes when no task is under way any more.
#[derive(Clone, Debug)]
enum Ending {
    Restart { otherwise: Error },
    Fail(Error),
}

impl Download {
    /// A download of what `asked` asks for. Its conditions are those of the first request; its
    /// range, if it has one, is what is wanted.
    ///
    /// `seed` is any number, another for each download: the jitter of delays comes from it.
    #[must_use]
    pub fn new(asked: GetObject, options: Options, seed: u64) -> Self {
        Self {
            now: Duration::ZERO,
            random: Random::new(seed),
            phase: Phase::Opening(Opening::of(options.known_size)),
            identity: None,
            head: None,
            wanted: 0..0,
            plan: Plan::new(&options),
            tasks: Vec::new(),
            extents: Extents::new(options.record_bytes),
            claims: Claims::default(),
            log: None,
            pace: Pace::default(),
            next_look: Duration::ZERO,
            held_until: Duration::ZERO,
            orders: VecDeque::new(),
            last_id: 0,
            begun: false,
            delivered: false,
            restarted: false,
            gone: false,
            fetched: 0,
            resumed: 0,
            requests: 0,
            asked,
            options,
        }
    }

    /// A download that goes on from a checkpoint, which was read for the same `asked`.
    ///
    /// If the object is not the checkpoint's any more, it starts anew, with [`Output::Discard`]. In
    /// [`Mode::Ordered`] there are no checkpoints, and this is [`Download::new`].
    #[must_use]
    pub fn resume(asked: GetObject, options: Options, seed: u64, checkpoint: &Checkpoint) -> Self {
        let mut download = Self::new(asked, options, seed);
        if download.options.mode != Mode::File {
            return download;
        }
        download.begun = true;
        download.identity = Some(checkpoint.identity());
        download.wanted = checkpoint.range();
        for gap in checkpoint.gaps() {
            download.plan.want(gap);
        }
        download.phase = Phase::Opening(if download.plan.is_empty() {
            Opening::Confirm
        } else {
            Opening::Resume
        });
        if download.options.trust_claims {
            for claim in checkpoint.claims() {
                download.keep(claim);
            }
        } else {
            download.claims = Claims::new(checkpoint.claims());
        }
        download
    }

    /// What the first answer said of the object; `None` before it.
    #[must_use]
    pub fn head(&self) -> Option<&ObjectHead> {
        self.head.as_deref()
    }

    /// The bytes that are wanted, as offsets in the object; `None` before they are known.
    #[must_use]
    pub fn range(&self) -> Option<Range<u64>> {
        self.identity.as_ref().map(|_| self.wanted.clone())
    }

    /// Bytes that are there: written in this run, or found and verified. They are never more than
    /// [`range`](Self::range) has, and become fewer only where the download starts anew.
    #[must_use]
    pub fn committed(&self) -> u64 {
        let unrecorded = self.tasks.iter().map(Task::unrecorded);
        unrecorded.fold(self.extents.bytes(), u64::saturating_add)
    }

    /// Bytes that a checkpoint claims to be there, and that have not been read back.
    #[must_use]
    pub fn claimed(&self) -> u64 {
        self.claims
            .iter()
            .fold(0, |sum, claim| sum.saturating_add(claim.len()))
    }

    /// Bytes that were fetched in this run, those included that turned out to be of no use.
    #[must_use]
    pub const fn fetched(&self) -> u64 {
        self.fetched
    }

    /// Bytes that were there from a former run.
    #[must_use]
    pub const fn resumed(&self) -> u64 {
        self.resumed
    }

    /// Requests that were sent.
    #[must_use]
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Whether it has ended, one way or the other. There may still be outputs before
    /// [`Output::Done`] or [`Output::Failed`].
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    /// What it fails with, as soon as that is certain: there may still be tasks that have to be
    /// stopped before [`Output::Failed`] says the same.
    #[must_use]
    pub const fn failure(&self) -> Option<&Error> {
        match &self.phase {
            Phase::Draining(Ending::Fail(error)) | Phase::Over(Err(error)) => Some(error),
            _ => None,
        }
    }

    /// A 2xx head has come for a task. It is judged before a byte of its body may be used: fetch
    /// the body under the guard, chunk by chunk.
    ///
    /// `None` says that the body is of no use: drop it, unread. The task is over then.
    #[must_use = "without a guard the body must be dropped"]
    pub fn handle_head(&mut self, task: TaskId, head: &Parts, now: Duration) -> Option<RangeGuard> {
        self.advance(now);
        self.answered(task, head)
    }

    /// Bytes of a task were written: all that its guard had accepted when it said `so_far`
    /// ([`RangeGuard::so_far`]), from the start of the body.
    ///
    /// Tell it as often as you like, at least once a second while bytes come: how fast a connection
    /// is, is measured by this. What the task cannot have written is ignored, and fetched again.
    pub fn handle_written(&mut self, task: TaskId, so_far: Extent, now: Duration) {
        self.advance(now);
        let now = self.now;
        let pinned = self.is_pinned();
        let Some(task) = self.task_mut(task) else {
            return;
        };
        let Some(new) = task.report(so_far, now) else {
            return;
        };
        // What is not pinned starts anew after a failure, which is no progress, however much it was.
        if pinned {
            task.budget.progress(new);
        }
        self.fetched = self.fetched.saturating_add(new);
    }

    /// The body of a task has ended, or was stopped. All that was written has been told before.
    ///
    /// Whether it has ended too early is for the machine to see.
    pub fn handle_end(&mut self, task: TaskId, now: Duration) {
        self.advance(now);
        if let Some(at) = self.position(task) {
            self.failed(at, Failure::CutShort, Exhausted::No);
        }
    }

    /// The request of a task, or its body, has failed. All that was written has been told before.
    ///
    /// A failure after the last byte is none.
    pub fn handle_failure(&mut self, task: TaskId, failure: Failure, now: Duration) {
        self.advance(now);
        if let Some(at) = self.position(task) {
            self.failed(at, failure, Exhausted::No);
        }
    }

    /// As [`handle_failure`](Self::handle_failure), where a layer below has tried as often as it may
    /// ([`Attempts::is_exhausted`](cos_proto::Attempts::is_exhausted)): it is not tried again.
    pub fn handle_exhausted(&mut self, task: TaskId, failure: Failure, now: Duration) {
        self.advance(now);
        if let Some(at) = self.position(task) {
            self.failed(at, failure, Exhausted::Yes);
        }
    }

    /// There is no connection to be had for a task, because this process or the machine has no more
    /// of what connections are made of. As long as others are under way that is no attempt of its
    /// range: there are fewer connections from now on, and one of them asks for it in time.
    pub fn handle_no_room(&mut self, task: TaskId, now: Duration) {
        self.advance(now);
        let Some(at) = self.position(task) else {
            return;
        };
        let others = self.tasks.len().saturating_sub(1);
        let (Phase::Fetching, Some(task), 1..) = (&self.phase, self.tasks.get(at), others) else {
            return self.failed(at, Failure::Transport, Exhausted::No);
        };
        let rest = task.rest();
        self.record(at);
        self.remove(at);
        self.plan.want(rest);
        self.options.connections = self.options.connections.min(others);
    }

    /// The answer to [`Output::Shorten`]: the task will end at `end`, and not write a byte beyond.
    /// That may be later than it was asked to, but then nothing is fetched twice.
    pub fn handle_shortened(&mut self, task: TaskId, end: u64, now: Duration) {
        self.advance(now);
        let Some(task) = self.task_mut(task) else {
            return;
        };
        if task.split != Split::Asked || !matches!(task.state, State::Fetching(_)) {
            return;
        }
        let rest = task.rest();
        let end = end.clamp(rest.start, rest.end.max(rest.start));
        task.split = if end < rest.end {
            Split::Possible
        } else {
            Split::Refused
        };
        task.range.end = end;
        self.plan.want(end..rest.end);
    }

    /// The answer to [`Output::Verify`]: the bytes were read back, and have the CRC64 of the claim.
    pub fn handle_verified(&mut self, claim: ClaimId, now: Duration) {
        self.advance(now);
        if let Some(extent) = self.claims.finish(claim) {
            self.keep(extent);
        }
    }

    /// The answer to [`Output::Verify`]: the bytes have another CRC64, or cannot be read. They are
    /// fetched again, they alone.
    pub fn handle_refuted(&mut self, claim: ClaimId, now: Duration) {
        self.advance(now);
        if let Some(extent) = self.claims.finish(claim) {
            self.plan.want(extent.offset()..extent.end());
        }
    }

    /// In [`Mode::Ordered`]: all bytes before `offset`, an offset in the object, have been
    /// delivered. The window moves on, and from now on the object may not change.
    pub fn handle_delivered(&mut self, offset: u64, now: Duration) {
        self.advance(now);
        self.delivered |= offset > self.wanted.start;
        self.plan.deliver(offset);
    }

    /// In [`Mode::Ordered`]: somebody was told what [`head`](Self::head) says. From now on the
    /// object may not change, as if a byte of it had been delivered.
    pub fn handle_head_told(&mut self) {
        self.delivered |= self.identity.is_some();
    }

    /// How many ranges may be in flight from now on: 0 counts as 1. Those that are too many are not
    /// stopped.
    pub const fn set_connections(&mut self, connections: usize) {
        self.options.connections = if connections == 0 { 1 } else { connections };
    }

    /// Gives the download up: all tasks are stopped, what was written is recorded, and then comes
    /// [`Output::Failed`] with [`Error::Cancelled`]. A failure of your own, of the disk for one, is
    /// a reason too.
    pub fn cancel(&mut self) {
        self.fail(Error::Cancelled);
    }

    /// What to do now. After [`Output::WaitUntil`] it has to be called again when something was
    /// told, and when the time has come.
    pub fn poll_output(&mut self, now: Duration) -> Output {
        self.advance(now);
        self.next_output()
    }

    /// Time does not go back.
    fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    fn is_pinned(&self) -> bool {
        self.identity.as_ref().is_some_and(Identity::is_pinned)
    }

    /// An extent of a checkpoint that is true, or is taken for true.
    fn keep(&mut self, extent: Extent) {
        if self.extents.insert(extent) {
            self.resumed = self.resumed.saturating_add(extent.len());
        }
    }

    /// Counts what a task has written as there, and records it.
    fn record(&mut self, at: usize) {
        let Some(extent) = self.tasks.get_mut(at).and_then(Task::take_unrecorded) else {
            return;
        };
        if self.extents.insert(extent)
            && let Some(log) = &mut self.log
        {
            log.push(extent);
        }
    }

    fn budget(&self) -> RetryBudget {
        RetryBudget::new(self.options.retries)
    }

    fn position(&self, id: TaskId) -> Option<usize> {
        let is = |task: &Task| task.id == id && task.is_under_way();
        self.tasks.iter().position(is)
    }

    fn task_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        let at = self.position(id)?;
        self.tasks.get_mut(at)
    }

    fn remove(&mut self, at: usize) {
        if at < self.tasks.len() {
            self.tasks.swap_remove(at);
        }
    }

    const fn next_id(&mut self) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }
}

/// Whether a layer below has tried as often as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exhausted {
    Yes,
    No,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("key", &self.asked.key)
            .field("phase", &self.phase)
            .field("range", &self.range())
            .field("committed", &self.committed())
            .field("tasks", &self.tasks.len())
            .finish_non_exhaustive()
    }
}
