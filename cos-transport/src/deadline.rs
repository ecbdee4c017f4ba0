//! The instant at which a limit runs out.

use std::time::Duration;

use tokio::time::Instant;

/// What stands for "never" where a limit is too long for the clock.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// `after` from now; a limit beyond the clock's range is as good as none.
pub(crate) fn deadline(after: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(after).unwrap_or_else(|| now + FAR_FUTURE)
}
