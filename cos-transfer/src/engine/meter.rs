//! How fast one connection is.

use core::time::Duration;

/// Measures the bytes that a connection has brought, over about the last second or two.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    started: Mark,
    before: Mark,
    last: Mark,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Duration,
    bytes: u64,
}

impl Meter {
    /// A connection is not judged before it has had so much time.
    pub(super) const WARM_UP: Duration = Duration::from_millis(500);

    /// How far marks are apart: a rate is measured from the last but one.
    const WINDOW: Duration = Duration::from_secs(1);

    pub(super) const fn new(now: Duration) -> Self {
        let start = Mark { at: now, bytes: 0 };
        Self {
            started: start,
            before: start,
            last: start,
            bytes: 0,
        }
    }

    pub(super) fn add(&mut self, bytes: u64, now: Duration) {
        self.bytes = self.bytes.saturating_add(bytes);
        if now.saturating_sub(self.last.at) >= Self::WINDOW {
            self.before = self.last;
            self.last = Mark {
                at: now,
                bytes: self.bytes,
            };
        }
    }

    /// Bytes per second as of late; `None` if it is too early to say.
    pub(super) fn rate(&self, now: Duration) -> Option<u64> {
        (now.saturating_sub(self.started.at) >= Self::WARM_UP).then(|| self.since(self.before, now))
    }

    /// Bytes per second from the beginning.
    pub(super) fn overall(&self, now: Duration) -> u64 {
        self.since(self.started, now)
    }

    /// Bytes in all.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    fn since(&self, mark: Mark, now: Duration) -> u64 {
        let nanos = now.saturating_sub(mark.at).as_nanos().max(1);
        let bytes = u128::from(self.bytes.saturating_sub(mark.bytes));
        let rate = bytes.saturating_mul(NANOS_PER_SECOND).checked_div(nanos);
        rate.and_then(|rate| u64::try_from(rate).ok())
            .unwrap_or(u64::MAX)
    }
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_steady_connection_has_its_rate() {
        let mut meter = Meter::new(ms(5000));
        assert_eq!(meter.rate(ms(5499)), None);
        for tick in 1..100 {
            meter.add(10_000, ms(5000 + tick * 100));
        }
        assert_eq!(meter.rate(ms(14_900)), Some(100_000));
        assert_eq!(meter.overall(ms(14_900)), 100_000);
        assert_eq!(meter.bytes(), 990_000);
    }

    #[test]
    fn a_connection_that_stalls_is_seen_to() {
        let mut meter = Meter::new(ms(0));
        for tick in 1..=50 {
            meter.add(100_000, ms(tick * 100));
        }
        let rate = |at| meter.rate(ms(at)).unwrap();
        assert!(rate(5000) >= 900_000);
        assert!(rate(8000) <= 500_000);
        assert!(rate(60_000) <= 50_000);
    }

    #[test]
    fn time_that_stands_still_or_goes_back_is_survived() {
        let mut meter = Meter::new(ms(1000));
        meter.add(u64::MAX, ms(0));
        meter.add(u64::MAX, ms(1000));
        assert_eq!(meter.rate(ms(0)), None);
        assert_eq!(meter.overall(ms(1000)), u64::MAX);
    }
}
