//! What is made of answers and failures.

use core::time::Duration;

use alloc::boxed::Box;

use cos_proto::{Failure, JudgeError, Missing, ObjectHead, RangeGuard};
use http::response::Parts;

use super::{Download, Exhausted, Phase};
use crate::engine::extents::Extents;
use crate::engine::identity::Identity;
use crate::engine::journal::Header;
use crate::engine::log::Log;
use crate::engine::opening::Opening;
use crate::engine::options::Crc64Use;
use crate::engine::task::{State, Task};
use crate::engine::{Change, Error, Mode, Output, TaskId};

impl Download {
    pub(super) fn answered(&mut self, id: TaskId, head: &Parts) -> Option<RangeGuard> {
        let at = self.position(id)?;
        let State::Asked(get) = &self.tasks.get(at)?.state else {
            return None;
        };
        let judged = get.judge(head);
        // If the answer is dropped, the task is over: whatever comes next, another request brings
        // it.
        let mut task = self.tasks.swap_remove(at);
        let guard = match (&self.phase, judged) {
            (Phase::Opening(opening), Ok((head, guard))) => self.open(*opening, head, guard),
            (Phase::Fetching, Ok((head, guard))) => self.go_on(&task, &head, guard),
            (Phase::Opening(_) | Phase::Fetching, Err(error)) => {
                self.misjudged(id, error);
                None
            }
            (Phase::Draining(_) | Phase::Over(_), _) => None,
        }?;
        task.fetch(guard.range(), self.now);
        self.tasks.push(task);
        Some(match self.options.crc64 {
            Crc64Use::Ignored => guard.without_crc64(),
            Crc64Use::IfThere | Crc64Use::Required => guard,
        })
    }

    /// The first answer says what the object is.
    fn open(
        &mut self,
        opening: Opening,
        head: ObjectHead,
        guard: RangeGuard,
    ) -> Option<RangeGuard> {
        if self.options.crc64 == Crc64Use::Required && head.crc64().is_none() {
            self.fail(Error::NoCrc64);
            return None;
        }
        let used = match &mut self.identity {
            Some(identity) if opening.is_bound() => {
                if let Err(change) = identity.admit(&head) {
                    self.restart(Error::Changed(change));
                    return None;
                }
                opening == Opening::Resume
            }
            _ => self.learn(opening, &head, &guard)?,
        };
        self.head = Some(Box::new(head));
        self.phase = Phase::Fetching;
        self.begin();
        used.then_some(guard)
    }

    /// Pins the identity and plans the rest. The answer is whether this body is used; `None` if the
    /// object has to be asked for once more before anything can be planned.
    fn learn(&mut self, opening: Opening, head: &ObjectHead, guard: &RangeGuard) -> Option<bool> {
        let identity = Identity::of(head);
        let wanted = match self.asked.range {
            None => 0..head.size(),
            Some(range) => range.resolve(head.size()).unwrap_or(0..0),
        };
        let got = guard.range();
        if got.start < wanted.start || wanted.end < got.end {
            // An object that was empty a moment ago.
            self.change(Change::Range);
            return None;
        }
        if !identity.is_pinned() && got != wanted {
            if opening == Opening::Single {
                self.change(Change::Range);
            } else {
                self.phase = Phase::Opening(Opening::Single);
            }
            return None;
        }
        // The last bytes tell how long the object is, but in order they come last.
        let used = self.options.mode == Mode::File || got.start == wanted.start;
        if used {
            self.plan.want(wanted.start..got.start);
            self.plan.want(got.end..wanted.end);
        } else {
            self.plan.want(wanted.clone());
        }
        self.plan.deliver(wanted.start);
        self.identity = Some(identity);
        self.wanted = wanted;
        Some(used)
    }

    /// The object is known, so that there is something to write, and to record.
    fn begin(&mut self) {
        let range = self.wanted.clone();
        let len = range.end.saturating_sub(range.start);
        let recorded = self.options.mode == Mode::File
            && (len > self.plan.part_size() || self.resumed > 0 || !self.claims.is_empty());
        self.log = self
            .identity
            .as_ref()
            .filter(|_| recorded)
            .and_then(|identity| Header::new(&self.asked, identity, range.clone()))
            .and_then(|header| Log::new(&header));
        self.begun = true;
        self.orders.push_back(Output::Begin { range });
    }

    /// A further answer has to be of the same object.
    fn go_on(&mut self, task: &Task, head: &ObjectHead, guard: RangeGuard) -> Option<RangeGuard> {
        let change = match self.identity.as_mut()?.admit(head) {
            Ok(()) if guard.range() == task.rest() => return Some(guard),
            Ok(()) => Change::Range,
            Err(change) => change,
        };
        self.change(change);
        None
    }

    fn misjudged(&mut self, task: TaskId, error: JudgeError) {
        let change = match &error {
            JudgeError::ObjectChanged { .. } => Some(Change::ETag),
            JudgeError::OtherVersion { .. } => Some(Change::Version),
            _ => None,
        };
        match (&self.phase, change) {
            (Phase::Opening(opening), Some(change)) if opening.is_bound() => {
                self.restart(Error::Changed(change));
            }
            (Phase::Fetching, Some(change)) => self.change(change),
            _ => self.fail(Error::Answer {
                task,
                source: error,
            }),
        }
    }

    /// A task has ended, by this failure unless all of it is there or it was told to.
    pub(super) fn failed(&mut self, at: usize, failure: Failure, exhausted: Exhausted) {
        self.record(at);
        let Some(task) = self.tasks.get_mut(at) else {
            return;
        };
        if let Some(meter) = task.meter() {
            self.pace.finish(meter, self.now);
            if task.rest().is_empty() {
                return self.remove(at);
            }
        }
        let (id, stopping) = (task.id, task.stopping);
        match (&self.phase, failure) {
            (Phase::Draining(_) | Phase::Over(_), _) => self.remove(at),
            _ if stopping => self.again(at, self.now, failure),
            (Phase::Opening(opening), Failure::RangeNotSatisfiable { complete })
                if opening.turns_out_empty(&self.asked, complete) =>
            {
                self.phase = Phase::Opening(Opening::Empty);
                self.again(at, self.now, failure);
            }
            (phase, failure) => match (phase, change(failure)) {
                (Phase::Opening(opening), Some(change)) if opening.is_bound() => {
                    self.remove(at);
                    self.restart(Error::Changed(change));
                }
                (Phase::Fetching, Some(change)) => {
                    self.remove(at);
                    self.change(change);
                }
                _ => self.try_again(at, id, failure, exhausted),
            },
        }
    }

    /// Draws another attempt, if the failure is one to try again.
    fn try_again(&mut self, at: usize, id: TaskId, failure: Failure, exhausted: Exhausted) {
        if !failure.is_retryable() {
            // A version that is named may be had again, and is the same then.
            self.gone |= matches!(self.phase, Phase::Fetching)
                && matches!(failure, Failure::NotFound(missing) if missing != Missing::Bucket)
                && self.asked.version_id.is_none();
            self.remove(at);
            return self.fail(Error::Refused { task: id, failure });
        }
        let drawn = match exhausted {
            Exhausted::Yes => None,
            Exhausted::No => self.tasks.get(at).and_then(|task| task.budget.draw()),
        };
        let Some(attempt) = drawn else {
            self.remove(at);
            return self.fail(Error::Exhausted { task: id, failure });
        };
        let delay = self.options.backoff.delay_after(
            attempt,
            self.random.next(),
            failure.retry_after(),
            self.now,
        );
        let until = self.now.saturating_add(delay);
        if matches!(failure, Failure::Throttled { .. }) {
            // It is the service that wants fewer requests, not this range's alone.
            self.held_until = self.held_until.max(until);
        }
        self.again(at, until, failure);
    }

    /// Lets a task ask once more. What is not pinned has to begin from its start.
    fn again(&mut self, at: usize, until: Duration, failure: Failure) {
        let known = self.identity.is_some();
        let rewinds = known && !self.is_pinned();
        let Some(task) = self.tasks.get_mut(at) else {
            return;
        };
        if rewinds && self.delivered {
            let task = task.id;
            self.remove(at);
            return self.fail(Error::Exhausted { task, failure });
        }
        task.wait(until);
        if rewinds {
            task.rewind();
            self.extents = Extents::new(self.options.record_bytes);
        }
    }
}

/// What a refusal of a bound request says about the object.
const fn change(failure: Failure) -> Option<Change> {
    match failure {
        Failure::PreconditionFailed => Some(Change::Condition),
        Failure::RangeNotSatisfiable { .. } => Some(Change::Range),
        Failure::ObjectChanged => Some(Change::ETag),
        _ => None,
    }
}
