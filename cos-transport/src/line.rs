//! Who waits for something that is shared, in the order in which they came.
//!
//! A line is data inside a mutex; nobody in it has to be polled for the others to be served.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

/// A state with a line in it, shared by all who clone it.
///
/// Wakers are foreign code, which may come back here: they are woken and dropped when the mutex is
/// free again.
#[derive(Debug)]
pub(crate) struct Shared<T>(Arc<Mutex<T>>);

impl<T> Shared<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// Reads or changes the state, and wakes whom that concerns. `access` must not panic.
    pub(crate) fn with<R>(&self, access: impl FnOnce(&mut T, &mut Wakes) -> R) -> R {
        let mut wakes = Wakes::default();
        let result = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            access(&mut state, &mut wakes)
        };
        wakes.wake.into_iter().for_each(Waker::wake);
        result
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A line in which the first to come is the first to be served.
#[derive(Debug)]
pub(crate) struct Line<T> {
    waiting: BTreeMap<Ticket, (T, Waker)>,
    next: Ticket,
}

/// A place in a [`Line`]; a smaller one came earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

impl<T> Line<T> {
    pub(crate) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            next: Ticket(0),
        }
    }

    /// A ticket for one who is served without waiting.
    pub(crate) fn ticket(&mut self) -> Ticket {
        let ticket = self.next;
        // 2^64 tickets take centuries.
        self.next = Ticket(ticket.0.wrapping_add(1));
        ticket
    }

    /// Joins the line at its end.
    pub(crate) fn join(&mut self, item: T, waker: Waker) -> Ticket {
        let ticket = self.ticket();
        self.waiting.insert(ticket, (item, waker));
        ticket
    }

    /// Takes the first out of the line, because it is served, and leaves it to be woken, unless it
    /// is `polled` at this moment.
    pub(crate) fn serve(&mut self, polled: Option<Ticket>, wakes: &mut Wakes) -> Option<Ticket> {
        let (ticket, (_, waker)) = self.waiting.pop_first()?;
        if polled == Some(ticket) {
            wakes.discard(waker);
        } else {
            wakes.wake(waker);
        }
        Some(ticket)
    }

    /// Leaves the line before being served. `false` if it was served already.
    pub(crate) fn leave(&mut self, ticket: Ticket, wakes: &mut Wakes) -> bool {
        let left = self.waiting.remove(&ticket);
        let waited = left.is_some();
        if let Some((_, waker)) = left {
            wakes.discard(waker);
        }
        waited
    }

    /// Whether `ticket` still waits; if so, it is woken by `waker` from now on.
    pub(crate) fn renew(&mut self, ticket: Ticket, waker: &Waker, wakes: &mut Wakes) -> bool {
        let Some((_, old)) = self.waiting.get_mut(&ticket) else {
            return false;
        };
        if !old.will_wake(waker) {
            wakes.discard(std::mem::replace(old, waker.clone()));
        }
        true
    }

    pub(crate) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut T> {
        self.waiting.get_mut(&ticket).map(|(item, _)| item)
    }

    /// The first in the line.
    pub(crate) fn first(&self) -> Option<(Ticket, &T)> {
        let (ticket, (item, _)) = self.waiting.first_key_value()?;
        Some((*ticket, item))
    }

    /// Wakes the first, who stays in the line.
    pub(crate) fn wake_first(&self, wakes: &mut Wakes) {
        if let Some((_, (_, waker))) = self.waiting.first_key_value() {
            wakes.wake(waker.clone());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// Wakers to be woken, and others to be dropped, when the mutex is free again.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    wake: Vec<Waker>,
    discard: Vec<Waker>,
}

impl Wakes {
    fn wake(&mut self, waker: Waker) {
        self.wake.push(waker);
    }

    fn discard(&mut self, waker: Waker) {
        self.discard.push(waker);
    }
}
