//! How long to wait before the next attempt.

use core::time::Duration;

use super::RetryAfter;

/// Exponential backoff with equal jitter: half of each delay is fixed, the other half random.
///
/// With the defaults the delays before ten further attempts sum up to at least 27 seconds, so that
/// an outage of 20 seconds is always survived. How many attempts there are is for
/// [`RetryBudget`](crate::RetryBudget).
///
/// ```
/// use core::time::Duration;
/// use cos_proto::Backoff;
///
/// let backoff = Backoff::new();
/// assert_eq!(backoff.delay(0, 0), Duration::from_millis(125));
/// assert!(backoff.delay(3, u64::MAX) <= Duration::from_secs(2));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
}

impl Backoff {
    /// The delay before the first further attempt, at most.
    pub const BASE: Duration = Duration::from_millis(250);

    /// The longest delay.
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

    /// The delay before further attempt `attempt`, counted from 0. `random` is any number, drawn
    /// anew for each delay.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: u64) -> Duration {
        let factor = 2_u32.saturating_pow(attempt);
        let full = self.base.saturating_mul(factor).min(self.cap);
        let half = nanoseconds(full) / 2;
        // `random / 2^64` of the half: the product of two 64-bit numbers fits into 128 bits, and
        // its high word is below `half`.
        let jitter = u128::from(half).saturating_mul(u128::from(random)) >> u64::BITS;
        let jitter = u64::try_from(jitter).unwrap_or(half);
        Duration::from_nanos(half.saturating_add(jitter))
    }

    /// The delay, or what the server asked for if that is longer. `now` is the time since the Unix
    /// epoch.
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

/// Saturates after 584 years.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn delays_double_up_to_the_cap() {
        let shortest = |attempt| Backoff::new().delay(attempt, 0).as_millis();
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6, 9].map(shortest),
            [125, 250, 500, 1000, 2000, 4000, 5000, 5000]
        );
        assert_eq!(shortest(u32::MAX), 5000);
    }

    #[test]
    fn the_random_number_decides_on_the_other_half() {
        let delay = |random| Backoff::new().delay(3, random);
        assert_eq!(delay(0), Duration::from_secs(1));
        assert_eq!(delay(1 << 63), Duration::from_millis(1500));
        assert_eq!(delay(u64::MAX), Duration::from_nanos(1_999_999_999));
    }

    #[test]
    fn an_outage_of_twenty_seconds_is_survived() {
        let total: Duration = (0..10)
            .map(|attempt| Backoff::new().delay(attempt, 0))
            .sum();
        assert!(total > Duration::from_secs(20), "{total:?}");
    }

    #[test]
    fn the_servers_word_prolongs_but_never_shortens() {
        let backoff = Backoff::new();
        let own = backoff.delay(5, 42);
        let after = |text| backoff.delay_after(5, 42, RetryAfter::parse(text), Duration::ZERO);
        assert_eq!(after("30"), Duration::from_secs(30));
        assert_eq!(after("86400"), RetryAfter::CAP);
        assert_eq!(after("0"), own);
        assert_eq!(after("garbage"), own);
    }

    proptest! {
        #[test]
        fn half_is_fixed_and_half_is_random(attempt: u32, random: u64, base in 0..u64::MAX, cap in 0..u64::MAX) {
            let (base, cap) = (Duration::from_nanos(base), Duration::from_nanos(cap));
            let backoff = Backoff::new().base(base).cap(cap);
            let delay = backoff.delay(attempt, random);
            let full = base.saturating_mul(2_u32.saturating_pow(attempt)).min(cap);
            prop_assert!(delay <= full);
            prop_assert!(delay.as_nanos() >= full.as_nanos() / 2);
        }
    }
}
