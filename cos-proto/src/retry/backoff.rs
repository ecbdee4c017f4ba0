//! How long to wait before the next attempt.

use core::time::Duration;

use super::RetryAfter;

/// Exponential backoff with equal jitter: half of each delay is fixed, half is random.
///
/// With the defaults the delays of ten attempts sum up to at least 27 seconds, so that an outage of 20 seconds is always
/// survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// The delay before the first further attempt, jitter aside.
    pub const BASE: Duration = Duration::from_millis(250);

    /// The longest delay, jitter aside.
    pub const CAP: Duration = Duration::from_secs(10);

    /// Starts at [`Backoff::BASE`], doubles, stops at [`Backoff::CAP`].
    #[must_use]
    pub const fn new() -> Self {
        Self {
            base: Self::BASE,
            cap: Self::CAP,
        }
    }

    /// Starts at another delay.
    #[must_use]
    pub const fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Stops at another delay.
    #[must_use]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// The delay before further attempt `attempt`, counted from 0. `random` is any number, drawn anew for each delay.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        todo!()
    }

    /// The delay, or what the server asked for if that is longer. `now` is the time since the Unix epoch.
    #[must_use]
    pub fn delay_after(
        &self,
        attempt: u32,
        random: u64,
        retry_after: Option<RetryAfter>,
        now: Duration,
    ) -> Duration {
        let own = self.delay(attempt, random);
        retry_after.map_or(own, |asked| own.max(asked.delay(now)))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}
