//! Who is in flight, who waits to be, and who holds a permit without using it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::in_flight::adaptive::Adaptive;
use crate::in_flight::{ABANDONED_AFTER, UNREAD_AFTER};
use crate::line::{Line, Shared, Ticket, Wakes};

/// The gate through which all requests go; clones are the same gate.
#[derive(Clone, Debug)]
pub(super) struct Gate(Shared<State>);

#[derive(Debug)]
struct State {
    adaptive: Adaptive,
    /// The permits that are out, lent ones included.
    held: BTreeMap<Ticket, Held>,
    /// How many of them are not lent.
    in_flight: usize,
    line: Line<()>,
    /// Not before then are unused permits looked for again.
    next_look: Instant,
    waits: u64,
}

/// What is known of a permit that is out.
#[derive(Debug)]
struct Held {
    round: u64,
    /// If its holder is not heard of before then, the permit is lent to others.
    lend_at: Instant,
    lent: bool,
}

impl Gate {
    pub(super) fn new(ceiling: NonZeroUsize) -> Self {
        Self(Shared::new(State {
            adaptive: Adaptive::new(ceiling),
            held: BTreeMap::new(),
            in_flight: 0,
            line: Line::new(),
            next_look: Instant::now(),
            waits: 0,
        }))
    }

    /// A way in, for one request.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            gate: self.clone(),
            ticket: None,
            alarm: Alarm::default(),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.0.with(|state, _| state.adaptive.limit())
    }

    pub(super) fn in_flight(&self) -> usize {
        self.0.with(|state, _| state.in_flight)
    }

    pub(super) fn lent(&self) -> usize {
        self.0
            .with(|state, _| state.held.len().saturating_sub(state.in_flight))
    }

    pub(super) fn waiting(&self) -> usize {
        self.0.with(|state, _| state.line.len())
    }

    pub(super) fn waits(&self) -> u64 {
        self.0.with(|state, _| state.waits)
    }

    pub(super) fn slow_downs(&self) -> u64 {
        self.0.with(|state, _| state.adaptive.round())
    }
}

impl State {
    /// Lets in as many as there is room for, whoever of them it is that is `polled`.
    fn admit(&mut self, polled: Option<Ticket>, now: Instant, wakes: &mut Wakes) {
        while self.in_flight < self.adaptive.limit() {
            let Some(ticket) = self.line.serve(polled, wakes) else {
                return;
            };
            self.hold(ticket, now);
        }
    }

    fn hold(&mut self, ticket: Ticket, now: Instant) {
        self.in_flight += 1;
        let held = Held {
            round: self.adaptive.round(),
            lend_at: now + UNREAD_AFTER,
            lent: false,
        };
        self.held.insert(ticket, held);
    }

    fn release(&mut self, ticket: Ticket) {
        if self.held.remove(&ticket).is_some_and(|held| !held.lent) {
            self.in_flight -= 1;
        }
    }

    /// The holder of a permit was heard of, and will be again within `patience`.
    fn heard_of(&mut self, ticket: Ticket, patience: Duration, now: Instant) {
        let Some(held) = self.held.get_mut(&ticket) else {
            return;
        };
        held.lend_at = now + patience;
        if held.lent {
            // It goes on at once, whether there is room or not: if it waited, its holder could be
            // the one for whom those that were let in instead are waiting.
            held.lent = false;
            self.in_flight += 1;
        }
    }

    /// Takes note of the permits whose holders were not heard of for too long.
    fn lend(&mut self, now: Instant) {
        if now < self.next_look {
            return;
        }
        self.next_look = now + LOOK_EVERY;
        for held in self.held.values_mut() {
            if !held.lent && held.lend_at <= now {
                held.lent = true;
                self.in_flight -= 1;
            }
        }
    }
}

/// The way of one request through the [`Gate`].
///
/// Nobody behind it depends on its being polled. Dropped, it leaves the line, and a permit that it
/// was given goes to the next.
#[derive(Debug)]
pub(super) struct Entry {
    gate: Gate,
    /// A place in the line, or a permit not yet handed out.
    ticket: Option<Ticket>,
    alarm: Alarm,
}

impl Entry {
    pub(super) fn poll_enter(&mut self, cx: &mut Context<'_>) -> Poll<Permit> {
        loop {
            let now = Instant::now();
            if let Some(permit) = self.try_enter(now, cx.waker()) {
                return Poll::Ready(permit);
            }
            // Wakes up now and then, to look for permits that can be lent.
            ready!(self.alarm.poll(now + LOOK_EVERY, cx));
        }
    }

    fn try_enter(&mut self, now: Instant, waker: &Waker) -> Option<Permit> {
        let ticket = &mut self.ticket;
        let entered = self.gate.0.with(|state, wakes| {
            let ticket = match *ticket {
                Some(ticket) => ticket,
                None if state.line.is_empty() && state.in_flight < state.adaptive.limit() => {
                    let ticket = state.line.ticket();
                    state.hold(ticket, now);
                    return Some(ticket);
                }
                None => {
                    state.waits = state.waits.saturating_add(1);
                    *ticket.insert(state.line.join((), waker.clone()))
                }
            };
            state.lend(now);
            state.admit(Some(ticket), now, wakes);
            let waits = state.line.renew(ticket, waker, wakes);
            (!waits).then_some(ticket)
        })?;
        *ticket = None;
        Some(Permit {
            gate: self.gate.clone(),
            ticket: entered,
        })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        let now = Instant::now();
        self.gate.0.with(|state, wakes| {
            if !state.line.leave(ticket, wakes) {
                state.release(ticket);
                state.admit(None, now, wakes);
            }
        });
    }
}

/// One request in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Gate,
    ticket: Ticket,
}

impl Permit {
    /// Its holder waits for the service, and is woken when something comes.
    pub(super) fn waits(&self) {
        self.heard_of(ABANDONED_AFTER);
    }

    /// Its holder has got something, and is free to ask for more.
    pub(super) fn got(&self) {
        self.heard_of(UNREAD_AFTER);
    }

    /// The service answered well.
    pub(super) fn good(&self) {
        let now = Instant::now();
        self.gate.0.with(|state, wakes| {
            if let Some(held) = state.held.get(&self.ticket) {
                state.adaptive.good(held.round, state.in_flight);
                state.admit(None, now, wakes);
            }
        });
    }

    /// The service asked to slow down.
    pub(super) fn slow_down(&self) {
        self.gate.0.with(|state, _| {
            if let Some(held) = state.held.get(&self.ticket) {
                state.adaptive.slow_down(held.round);
            }
        });
    }

    fn heard_of(&self, patience: Duration) {
        let now = Instant::now();
        self.gate
            .0
            .with(|state, _| state.heard_of(self.ticket, patience, now));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let now = Instant::now();
        self.gate.0.with(|state, wakes| {
            state.release(self.ticket);
            state.admit(None, now, wakes);
        });
    }
}

/// How often permits that are not used are looked for, as long as somebody waits for one.
const LOOK_EVERY: Duration = Duration::from_secs(1);
