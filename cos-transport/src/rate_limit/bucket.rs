//! The token bucket itself: arithmetic, and no clock.

use std::num::NonZeroU64;
use std::time::Duration;

/// A bucket into which tokens drip at a constant rate, and out of which they are taken.
///
/// In any stretch of time at most `rate * time + capacity` tokens can be taken out. It knows no
/// clock: each call is told the time, as a duration since an instant of the caller's. Time that
/// goes backwards counts as standing still. The arithmetic is exact at any rate: nothing is lost
/// or gained by rounding, however often the bucket is asked.
///
/// ```
/// use std::{num::NonZeroU64, time::Duration};
/// use cos_transport::layer::TokenBucket;
///
/// let ten_a_second = NonZeroU64::new(10).ok_or("zero")?;
/// let mut bucket = TokenBucket::new(ten_a_second, Duration::from_millis(200));
/// let start = Duration::ZERO;
/// assert!(bucket.take(1, start) && bucket.take(1, start) && !bucket.take(1, start));
/// assert_eq!(bucket.wait(1, start), Duration::from_millis(100));
/// assert!(bucket.take(1, Duration::from_millis(100)));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokenBucket {
    /// Tokens a second, which is also: billionths of a token a nanosecond.
    rate: NonZeroU64,
    /// In billionths of a token, so that every nanosecond adds a whole number of them.
    capacity: u128,
    /// What the bucket lacks to be full, in billionths of a token. Beyond `capacity`, a debt.
    missing: u128,
    /// The latest time that was told.
    now: Duration,
}

impl TokenBucket {
    /// A full bucket that gets `rate` tokens a second and holds as many as come in `burst`, but at
    /// least one.
    pub fn new(rate: NonZeroU64, burst: Duration) -> Self {
        Self {
            rate,
            capacity: burst
                .as_nanos()
                .saturating_mul(rate.get().into())
                .max(TOKEN),
            missing: 0,
            now: Duration::ZERO,
        }
    }

    /// Takes `tokens` out if that many are there; else takes none, and is `false`.
    ///
    /// More than the bucket can hold are taken once it is full; it is then in debt, and gives
    /// nothing until that is paid off.
    pub fn take(&mut self, tokens: u64, now: Duration) -> bool {
        self.refill(now);
        let amount = billionths(tokens);
        let needed = amount.min(self.capacity);
        let enough = self.missing.saturating_add(needed) <= self.capacity;
        if enough {
            self.missing = self.missing.saturating_add(amount);
        }
        enough
    }

    /// How long it takes until `tokens` will have come in, with what is there already: zero if
    /// they can be taken now.
    ///
    /// For more tokens than the bucket can hold, this is when the last of them comes in if those
    /// before are taken in the meantime. Rounded up to a nanosecond, [`Duration::MAX`] where it is
    /// longer than that.
    pub fn wait(&mut self, tokens: u64, now: Duration) -> Duration {
        self.refill(now);
        let lacking = self
            .missing
            .saturating_add(billionths(tokens))
            .saturating_sub(self.capacity);
        from_nanos(lacking.div_ceil(self.rate.get().into()))
    }

    /// Puts back tokens that were taken and not used.
    pub fn give_back(&mut self, tokens: u64) {
        self.missing = self.missing.saturating_sub(billionths(tokens));
    }

    /// The most tokens that can be taken at once without a debt; at least one.
    pub fn capacity(&self) -> u64 {
        u64::try_from(self.capacity / TOKEN).unwrap_or(u64::MAX)
    }

    /// Tokens a second.
    pub fn rate(&self) -> NonZeroU64 {
        self.rate
    }

    fn refill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.now);
        self.now = self.now.max(now);
        let amount = passed.as_nanos().saturating_mul(self.rate.get().into());
        self.missing = self.missing.saturating_sub(amount);
    }
}

/// A token, in the unit of the arithmetic.
const TOKEN: u128 = 1_000_000_000;

fn billionths(tokens: u64) -> u128 {
    // Below 2^94: a u64 times 10^9.
    u128::from(tokens).saturating_mul(TOKEN)
}

fn from_nanos(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    match (u64::try_from(nanos / SECOND), u32::try_from(nanos % SECOND)) {
        (Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos),
        _ => Duration::MAX,
    }
}

#[cfg(test)]
mod tests;
