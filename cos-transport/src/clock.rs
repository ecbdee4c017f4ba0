//! What time it is here, and by how much the service sees it otherwise.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::sign::system_time;

/// By how much the service's clock is ahead of the local one, shared by all who need to know.
///
/// The retry policy learns it from the `Date` of an answer that found the clocks too far apart; the
/// signing layer signs by the corrected time from then on. Clones share the value, so it stays with
/// a client for as long as that lives. It is zero until something was learned, and is learned anew
/// when somebody sets the local clock right.
#[derive(Clone, Debug, Default)]
pub struct ClockOffset(Arc<AtomicI64>);

impl ClockOffset {
    /// No offset.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns that it is `server` there while it is `local` here; both are times since the Unix
    /// epoch.
    ///
    /// A `Date` has whole seconds, and so has the offset.
    pub fn learn(&self, local: Duration, server: Duration) {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let offset = seconds(server).saturating_sub(seconds(local));
        self.0.store(offset, Ordering::Relaxed);
    }

    /// The service's time when it is `local` here, both since the Unix epoch.
    pub fn apply(&self, local: Duration) -> Duration {
        let offset = self.seconds();
        let by = Duration::from_secs(offset.unsigned_abs());
        if offset < 0 {
            local.saturating_sub(by)
        } else {
            local.saturating_add(by)
        }
    }

    /// The offset in seconds: positive where the service's clock is ahead.
    pub fn seconds(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A clock: the time since the Unix epoch, for whoever asks.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> Duration + Send + Sync>);

impl Clock {
    pub(crate) fn new(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    pub(crate) fn now(&self) -> Duration {
        (self.0)()
    }
}

/// The system's.
impl Default for Clock {
    fn default() -> Self {
        Self::new(system_time)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(1_700_000_000_900);
    const HOURS: Duration = Duration::from_secs(7200);

    #[test]
    fn a_clock_off_in_either_direction_is_corrected() {
        let offset = ClockOffset::new();
        assert_eq!(offset.apply(NOW), NOW);
        let shared = offset.clone();
        shared.learn(NOW, NOW + HOURS);
        assert_eq!((offset.seconds(), offset.apply(NOW)), (7200, NOW + HOURS));
        shared.learn(NOW, NOW - HOURS);
        assert_eq!((offset.seconds(), offset.apply(NOW)), (-7200, NOW - HOURS));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let offset = ClockOffset::new();
        offset.learn(Duration::ZERO, Duration::MAX);
        assert_eq!(offset.apply(Duration::MAX), Duration::MAX);
        offset.learn(Duration::MAX, Duration::ZERO);
        assert_eq!(offset.apply(Duration::ZERO), Duration::ZERO);
    }
}
