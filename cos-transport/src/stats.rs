//! What a client has done so far, in numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::ClockOffset;
use crate::in_flight::InFlightHandle;
use crate::rate_limit::RateLimitLayer;

/// Counts what a [`Client`](crate::Client) and its clones do; see
/// [`Client::stats`](crate::Client::stats).
///
/// A handle, cheap to clone, that can be read at any time and from any thread, also after the
/// client is gone. Counters never go back, and each is exact; two of them read one after the other
/// may differ by what has happened in between. Whoever wants rates reads twice.
#[derive(Clone, Debug)]
pub struct Stats {
    counters: Arc<Counters>,
    rate_limit: RateLimitLayer,
    in_flight: InFlightHandle,
    offset: ClockOffset,
}

impl Stats {
    pub(crate) fn new(
        counters: Arc<Counters>,
        rate_limit: RateLimitLayer,
        in_flight: InFlightHandle,
        offset: ClockOffset,
    ) -> Self {
        Self {
            counters,
            rate_limit,
            in_flight,
            offset,
        }
    }

    /// Requests that were begun, however they ended. One that is tried again counts once.
    pub fn requests(&self) -> u64 {
        Counters::read(&self.counters.requests)
    }

    /// Attempts that were handed to the connections: those whose credentials were there. Beyond
    /// [`requests`](Self::requests), they are repetitions.
    pub fn attempts(&self) -> u64 {
        Counters::read(&self.counters.attempts)
    }

    /// Bytes of bodies that were handed out. The bodies of refusals count only if somebody reads
    /// them; heads do not count.
    pub fn bytes(&self) -> u64 {
        Counters::read(&self.counters.bytes)
    }

    /// Attempts that had to wait because of
    /// [`requests_per_second`](crate::ClientBuilder::requests_per_second).
    pub fn request_waits(&self) -> u64 {
        self.rate_limit.request_waits()
    }

    /// How often a body had to wait because of
    /// [`bytes_per_second`](crate::ClientBuilder::bytes_per_second).
    pub fn body_waits(&self) -> u64 {
        self.rate_limit.body_waits()
    }

    /// Attempts that had to wait because as many as are allowed were in flight.
    pub fn in_flight_waits(&self) -> u64 {
        self.in_flight.waits()
    }

    /// How often the service has asked to slow down; a burst counts once.
    pub fn slow_downs(&self) -> u64 {
        self.in_flight.slow_downs()
    }

    /// What is in flight at this moment, and how much may be.
    pub fn in_flight(&self) -> &InFlightHandle {
        &self.in_flight
    }

    /// By how many seconds the service's clock is ahead of ours, as far as that was learned; 0
    /// until then.
    pub fn clock_offset_seconds(&self) -> i64 {
        self.offset.seconds()
    }
}

/// The counters themselves. They order nothing else, so they are relaxed.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    attempts: AtomicU64,
    bytes: AtomicU64,
}

impl Counters {
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn attempt(&self) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self, bytes: usize) {
        // What is in memory is no longer than 64 bits can say.
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn read(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}
