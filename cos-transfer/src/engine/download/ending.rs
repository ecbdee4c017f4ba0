//! How a download ends, or starts anew.

use alloc::collections::VecDeque;

use super::{Download, Ending, Phase};
use crate::Verified;
use crate::engine::claims::Claims;
use crate::engine::extents::Extents;
use crate::engine::opening::Opening;
use crate::engine::options::Crc64Use;
use crate::engine::plan::Plan;
use crate::engine::{Change, Error, Mode, Outcome, Output};

impl Download {
    /// The object has changed: a file starts anew, once; what was delivered cannot.
    pub(super) fn change(&mut self, change: Change) {
        let error = Error::Changed(change);
        if self.restarted || self.is_out() {
            self.fail(error);
        } else {
            self.restarted = true;
            self.restart(error);
        }
    }

    /// Starts anew when all tasks have ended, or fails with this error if bytes have gone out by
    /// then.
    ///
    /// Where it is a checkpoint that was of another object, nothing of this run was in vain and the
    /// one restart is not spent: there is no second checkpoint.
    pub(super) fn restart(&mut self, otherwise: Error) {
        self.drain(Ending::Restart { otherwise });
    }

    /// Fails when all tasks have ended. The first failure counts.
    pub(super) fn fail(&mut self, error: Error) {
        self.drain(Ending::Fail(error));
    }

    /// Goes on to the end, once nothing is under way any more.
    pub(super) fn settle(&mut self) {
        if matches!(self.phase, Phase::Fetching)
            && self.tasks.is_empty()
            && self.plan.is_empty()
            && self.claims.is_empty()
        {
            self.finish();
        }
        if let Phase::Draining(ending) = &self.phase
            && self.tasks.is_empty()
        {
            match ending.clone() {
                Ending::Restart { .. } if !self.is_out() => self.start_anew(),
                Ending::Restart { otherwise: error } | Ending::Fail(error) => {
                    if (self.gone || error.spoils_checkpoint()) && !self.is_out() {
                        self.discard();
                    }
                    self.phase = Phase::Over(Err(error));
                }
            }
        }
    }

    /// Whether bytes of the object have been delivered, which binds what is to come.
    fn is_out(&self) -> bool {
        self.delivered && matches!(self.options.mode, Mode::Ordered { .. })
    }

    fn drain(&mut self, ending: Ending) {
        match &self.phase {
            Phase::Draining(Ending::Fail(_)) | Phase::Over(_) => return,
            Phase::Opening(_) | Phase::Fetching | Phase::Draining(Ending::Restart { .. }) => {}
        }
        self.phase = Phase::Draining(ending);
        for at in 0..self.tasks.len() {
            self.record(at);
        }
        self.tasks.retain(super::Task::is_under_way);
        self.orders
            .retain(|order| !matches!(order, Output::Shorten { .. }));
        for task in self.tasks.iter_mut().filter(|task| !task.stopping) {
            task.stopping = true;
            self.orders.push_back(Output::Stop { task: task.id });
        }
    }

    /// All bytes are there: are they the object's?
    fn finish(&mut self) {
        let Some(identity) = &self.identity else {
            return;
        };
        let got = self.extents.crc64();
        let whole = self.wanted == (0..identity.size);
        let expected = identity
            .crc64
            .filter(|_| whole && self.options.crc64 != Crc64Use::Ignored);
        if let Some(expected) = expected
            && expected != got
        {
            // What a former run was given may have been wrong, and no claim can tell: it is true to
            // what came. What came in this run alone would come the same way again.
            let error = Error::Corrupt { expected, got };
            if self.resumed == 0 || self.restarted {
                return self.fail(error);
            }
            self.restarted = true;
            return self.restart(error);
        }
        self.phase = Phase::Over(Ok(Outcome {
            range: self.wanted.clone(),
            crc64: got,
            verified: if expected.is_some() {
                Verified::Crc64
            } else {
                Verified::Size
            },
            pinned: identity.is_pinned(),
            fetched: self.fetched,
            resumed: self.resumed,
            requests: self.requests,
            restarted: self.restarted,
        }));
    }

    fn start_anew(&mut self) {
        self.discard();
        self.identity = None;
        self.head = None;
        self.wanted = 0..0;
        self.plan = Plan::new(&self.options);
        self.extents = Extents::new(self.options.record_bytes);
        self.claims = Claims::default();
        self.resumed = 0;
        self.phase = Phase::Opening(Opening::Part);
    }

    /// Nothing that is on the disk, or was meant for it, is of any use.
    fn discard(&mut self) {
        self.log = None;
        self.orders = VecDeque::new();
        if self.begun {
            self.begun = false;
            self.orders.push_back(Output::Discard);
        }
    }
}
