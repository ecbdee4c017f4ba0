//! What to do next.

use core::ops::Range;
use core::time::Duration;

use alloc::boxed::Box;

use cos_proto::{Failure, GetObject};

use super::{Download, Phase};
use crate::engine::opening::{Opening, further, resumed};
use crate::engine::output::Request;
use crate::engine::pace::{Pace, Verdict};
use crate::engine::task::{Split, State, Task};
use crate::engine::{ClaimId, Error, Mode, Output, TaskId};

impl Download {
    pub(super) fn next_output(&mut self) -> Output {
        self.record_what_is_due();
        self.look_at_the_pace();
        self.split();
        self.settle();
        self.orders
            .pop_front()
            .or_else(|| self.next_record())
            .or_else(|| self.next_claim())
            .or_else(|| self.next_request())
            .unwrap_or_else(|| self.rest())
    }

    fn record_what_is_due(&mut self) {
        let Self { options, now, .. } = self;
        let (bytes, time, now) = (options.record_bytes, options.record_time, *now);
        for at in 0..self.tasks.len() {
            let due = self
                .tasks
                .get(at)
                .and_then(|task| task.record_by(bytes, time));
            if due.is_some_and(|due| due <= now) {
                self.record(at);
            }
        }
    }

    fn next_record(&mut self) -> Option<Output> {
        let log = self.log.as_mut()?;
        if log.is_to_be_rewritten() {
            let known = self.extents.iter().chain(self.claims.iter());
            return Some(Output::Rewrite(log.rewrite(known)));
        }
        log.next().map(Output::Record)
    }

    fn next_claim(&mut self) -> Option<Output> {
        if !self.is_going() || !self.claims.may_be_read() {
            return None;
        }
        let claim = ClaimId(self.next_id());
        let extent = self.claims.next(claim)?;
        Some(Output::Verify { claim, extent })
    }

    fn next_request(&mut self) -> Option<Output> {
        if self.now < self.held_until || !self.is_going() {
            return None;
        }
        let at = match self.tasks.iter().position(|task| task.is_due(self.now)) {
            Some(at) => at,
            None => {
                let range = self.next_range()?;
                self.tasks.push(Task::new(range, self.budget()));
                self.tasks.len().checked_sub(1)?
            }
        };
        let get = self.request(self.tasks.get(at)?);
        let id = TaskId(self.next_id());
        let task = self.tasks.get_mut(at)?;
        task.ask(id, get.clone());
        self.requests = self.requests.saturating_add(1);
        Some(Output::Request(Box::new(Request {
            task: id,
            get,
            budget: task.budget.clone(),
        })))
    }

    /// The range of a new task, if there may be one.
    fn next_range(&mut self) -> Option<Range<u64>> {
        match self.phase {
            Phase::Opening(_) if !self.tasks.is_empty() => None,
            Phase::Opening(Opening::Resume) => self.plan.next(),
            Phase::Opening(Opening::Confirm) => {
                Some(self.wanted.start..self.wanted.start.saturating_add(1))
            }
            Phase::Opening(_) => Some(0..0),
            Phase::Fetching if self.tasks.len() < self.options.connections => self.plan.next(),
            Phase::Fetching | Phase::Draining(_) | Phase::Over(_) => None,
        }
    }

    fn request(&self, task: &Task) -> GetObject {
        let etag = self
            .identity
            .as_ref()
            .and_then(|identity| identity.etag.as_ref());
        match (&self.phase, etag) {
            (Phase::Opening(opening), etag) if opening.is_bound() => {
                resumed(&self.asked, task.rest(), etag)
            }
            (Phase::Opening(opening), _) => opening.request(&self.asked, self.plan.part_size()),
            (_, Some(etag)) => further(&self.asked, task.rest(), etag),
            (_, None) => Opening::Single.request(&self.asked, self.plan.part_size()),
        }
    }

    /// Stops connections that are too slow, so that their ranges are asked for anew.
    fn look_at_the_pace(&mut self) {
        if self.now < self.next_look || !matches!(self.phase, Phase::Fetching) {
            return;
        }
        self.next_look = self.now.saturating_add(Pace::TICK);
        // A limit is slow by intent, and so are all connections under it.
        if !self.options.hedge || self.asked.traffic_limit.is_some() {
            return;
        }
        let now = self.now;
        // In order, a connection may be slow because it waits for its reader.
        let compares = self.is_pinned() && self.options.mode == Mode::File;
        let median = self.pace.median(&self.tasks, now).filter(|_| compares);
        let mut dead = None;
        for task in self.tasks.iter_mut().filter(|task| !task.stopping) {
            let Some(rate) = task.rate(now) else {
                continue;
            };
            let verdict = Pace::judge(task.slowness_mut(), rate, median, now);
            if verdict == Verdict::Fine {
                continue;
            }
            // It counts as an attempt, so that it ends.
            if task.budget.draw().is_some() {
                task.stopping = true;
                self.orders.push_back(Output::Stop { task: task.id });
            } else if verdict == Verdict::Trickles {
                dead = Some(task.id);
            }
        }
        if let Some(task) = dead {
            self.fail(Error::Exhausted {
                task,
                failure: Failure::Transport,
            });
        }
    }

    /// Where there is nothing left to ask for, connections that are free take the ends of the
    /// ranges that would take longest.
    fn split(&mut self) {
        if !matches!(self.phase, Phase::Fetching) || !self.plan.is_empty() || !self.is_pinned() {
            return;
        }
        let asked = self
            .tasks
            .iter()
            .filter(|task| task.split == Split::Asked)
            .count();
        let taken = self.tasks.len().saturating_add(asked);
        let now = self.now;
        for _ in taken..self.options.connections {
            let median = self.pace.median(&self.tasks, now);
            let candidates = self.tasks.iter_mut().filter_map(|task| {
                let free = task.split == Split::Possible && !task.stopping;
                let rate = task.rate(now).filter(|_| free)?;
                Some((task, rate))
            });
            let longest = candidates.max_by_key(|(task, rate)| {
                let rest = task.rest();
                let len = rest.end.saturating_sub(rest.start);
                len.checked_div(*rate).unwrap_or(u64::MAX)
            });
            let Some((task, rate)) = longest else {
                return;
            };
            let rest = task.rest();
            let len = rest.end.saturating_sub(rest.start);
            let Some(share) = Pace::share(len, rate, median, self.options.split_bytes) else {
                return;
            };
            task.split = Split::Asked;
            self.orders.push_back(Output::Shorten {
                task: task.id,
                end: rest.end.saturating_sub(share),
            });
        }
    }

    /// The end, if it is reached; else when to come again.
    fn rest(&self) -> Output {
        match &self.phase {
            Phase::Over(Ok(outcome)) => Output::Done(outcome.clone()),
            Phase::Over(Err(error)) => Output::Failed(error.clone()),
            Phase::Opening(_) | Phase::Fetching | Phase::Draining(_) => {
                Output::WaitUntil(self.next_deadline())
            }
        }
    }

    fn next_deadline(&self) -> Option<Duration> {
        let options = &self.options;
        let look = matches!(self.phase, Phase::Fetching).then_some(self.next_look);
        let of_tasks = self.tasks.iter().flat_map(|task| {
            let (asks, looks) = match task.state {
                State::Ready => (Some(self.held_until), None),
                State::Waiting(until) => (Some(until.max(self.held_until)), None),
                State::Asked(_) => (None, None),
                State::Fetching(_) => (None, look),
            };
            let records = task.record_by(options.record_bytes, options.record_time);
            [asks, looks, records].into_iter().flatten()
        });
        // What keeps a part back is the service's wish, a slot or the window: only the first ends
        // by itself.
        let held = (self.now < self.held_until && self.is_going()).then_some(self.held_until);
        of_tasks.chain(held).min()
    }

    const fn is_going(&self) -> bool {
        matches!(self.phase, Phase::Opening(_) | Phase::Fetching)
    }
}
