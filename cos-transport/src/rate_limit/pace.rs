//! One rate, the line of those who wait for it, and a place in that line.

use std::num::NonZeroU64;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::deadline::deadline;
use crate::line::{Line, Shared, Ticket, Wakes};
use crate::rate_limit::bucket::TokenBucket;

/// A rate that all clones share.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    quantum: u64,
    state: Shared<State>,
}

#[derive(Debug)]
struct State {
    bucket: TokenBucket,
    /// Where the bucket's time begins.
    start: Instant,
    line: Line<Claim>,
    /// All that was ever claimed in the line. At a GiB a second, it is full after 500 years.
    claimed: u64,
    waits: u64,
}

/// What somebody waits for.
#[derive(Debug)]
struct Claim {
    tokens: u64,
    /// What was claimed in the line up to here, this claim included.
    end: u64,
    /// When its alarm rings.
    due: Instant,
}

impl Pace {
    /// A rate of `rate` tokens a second, and as many at once as come in `burst`.
    pub(super) fn new(rate: NonZeroU64, burst: Duration) -> Self {
        let bucket = TokenBucket::new(rate, burst);
        Self {
            // Half of what the bucket holds: what comes in while a timer is late finds room.
            quantum: (bucket.capacity() / 2).max(1),
            state: Shared::new(State {
                bucket,
                start: Instant::now(),
                line: Line::new(),
                claimed: 0,
                waits: 0,
            }),
        }
    }

    /// A place in the line, for one claim after the other.
    pub(super) fn turn(&self) -> Turn {
        Turn {
            pace: self.clone(),
            claim: None,
            alarm: Alarm::default(),
        }
    }

    /// The most that should be claimed at once.
    pub(super) fn quantum(&self) -> u64 {
        self.quantum
    }

    /// How often somebody had to wait.
    pub(super) fn waits(&self) -> u64 {
        self.state.with(|state, _| state.waits)
    }

    /// How many wait now.
    pub(super) fn waiting(&self) -> usize {
        self.state.with(|state, _| state.line.len())
    }
}

impl State {
    /// Takes `tokens` at once, or joins the line.
    fn claim(&mut self, tokens: u64, waker: &Waker, now: Instant) -> Option<Ticket> {
        if self.line.is_empty() && self.take(tokens, now) {
            return None;
        }
        self.waits = self.waits.saturating_add(1);
        self.claimed = self.claimed.saturating_add(tokens);
        let claim = Claim {
            tokens,
            end: self.claimed,
            due: now,
        };
        Some(self.line.join(claim, waker.clone()))
    }

    /// Serves all whose turn has come, whoever of them it is that is `polled`.
    fn serve(&mut self, polled: Option<Ticket>, now: Instant, wakes: &mut Wakes) {
        while let Some((ticket, &Claim { tokens, due, .. })) = self.line.first() {
            if self.take(tokens, now) {
                self.line.serve(polled, wakes);
                continue;
            }
            // Where others have left the line, the first's turn comes before its alarm.
            let earlier = due.saturating_duration_since(self.due(ticket, now));
            if polled != Some(ticket) && earlier > ALARM_STEP {
                self.line.wake_first(wakes);
            }
            return;
        }
    }

    /// When the claim is served at the latest: those before it may leave, but nobody comes in
    /// between.
    fn due(&mut self, ticket: Ticket, now: Instant) -> Instant {
        let begin = match self.line.first() {
            Some((_, first)) => first.end.saturating_sub(first.tokens),
            None => self.claimed,
        };
        let Some(claim) = self.line.get_mut(ticket) else {
            return now;
        };
        let ahead = claim.end.saturating_sub(begin);
        let wait = self.bucket.wait(ahead, now.duration_since(self.start));
        claim.due = now.checked_add(wait).unwrap_or_else(|| deadline(wait));
        claim.due
    }

    fn take(&mut self, tokens: u64, now: Instant) -> bool {
        self.bucket.take(tokens, now.duration_since(self.start))
    }
}

/// A place in the line of a [`Pace`].
///
/// Nobody behind it depends on its being polled. Dropped, it leaves the line, and what it was
/// given and has not used goes to those behind it.
#[derive(Debug)]
pub(super) struct Turn {
    pace: Pace,
    /// What is claimed and not handed out yet.
    claim: Option<(Ticket, u64)>,
    alarm: Alarm,
}

impl Turn {
    /// Ready once `tokens` are taken. It is to be asked for the same number until then.
    pub(super) fn poll_take(&mut self, tokens: u64, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(due) = self.claim(tokens, cx.waker()) {
            ready!(self.alarm.poll(due, cx));
        }
        Poll::Ready(())
    }

    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }

    /// `None` if the tokens are taken, else when to ask again.
    fn claim(&mut self, tokens: u64, waker: &Waker) -> Option<Instant> {
        let now = Instant::now();
        let claim = &mut self.claim;
        self.pace.state.with(|state, wakes| {
            let ticket = match *claim {
                Some((ticket, _)) => ticket,
                None => state.claim(tokens, waker, now)?,
            };
            *claim = Some((ticket, tokens));
            state.serve(Some(ticket), now, wakes);
            if !state.line.renew(ticket, waker, wakes) {
                *claim = None;
                return None;
            }
            Some(state.due(ticket, now))
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some((ticket, tokens)) = self.claim.take() else {
            return;
        };
        let now = Instant::now();
        self.pace.state.with(|state, wakes| {
            if !state.line.leave(ticket, wakes) {
                state.bucket.give_back(tokens);
            }
            state.serve(None, now, wakes);
        });
    }
}

/// How exact tokio's timers are. An alarm that rings so much too late is left alone.
const ALARM_STEP: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests;
