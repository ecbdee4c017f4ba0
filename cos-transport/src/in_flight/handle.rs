//! What can be seen of the limit from outside.

use crate::in_flight::gate::Gate;

/// Shows what an [`InFlightLayer`](crate::layer::InFlightLayer) and its clones are doing. Each
/// number is of the moment at which it is asked for.
#[derive(Clone, Debug)]
pub struct InFlightHandle {
    gate: Gate,
}

impl InFlightHandle {
    pub(super) fn new(gate: Gate) -> Self {
        Self { gate }
    }

    /// How many requests may be in flight, from one to the ceiling.
    pub fn limit(&self) -> usize {
        self.gate.limit()
    }

    /// How many requests are in flight, without those whose permit is lent.
    pub fn in_flight(&self) -> usize {
        self.gate.in_flight()
    }

    /// How many requests have their permit lent, because nobody reads what they bring.
    pub fn lent(&self) -> usize {
        self.gate.lent()
    }

    /// How many requests wait to be let in.
    pub fn waiting(&self) -> usize {
        self.gate.waiting()
    }

    /// How many requests had to wait so far.
    pub fn waits(&self) -> u64 {
        self.gate.waits()
    }

    /// How often the service has asked to slow down, a burst counted once.
    pub fn slow_downs(&self) -> u64 {
        self.gate.slow_downs()
    }
}
