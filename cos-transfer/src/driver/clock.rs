//! The machine's time.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Since the Unix epoch, and never backwards: the wall clock is asked once, and a monotonic clock
/// counts from there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Instant,
    epoch: Duration,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            // A clock before 1970 understands dates in `Retry-After` wrongly, and nothing else.
            epoch: SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(),
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.epoch.saturating_add(self.started.elapsed())
    }

    /// The runtime's name for a point in time; `None` if it is too far away to be waited for.
    pub(super) fn instant(&self, time: Duration) -> Option<Instant> {
        self.started.checked_add(time.saturating_sub(self.epoch))
    }
}
