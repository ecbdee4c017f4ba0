//! The server's own word on when to come again.

use core::time::Duration;

use crate::Timestamp;

/// The value of a `Retry-After` header (RFC 9110, section 10.2.3): so many seconds, or a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter(Form);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Delay(Duration),
    At(Timestamp),
}

impl RetryAfter {
    /// The longest that a server is waited for.
    pub const CAP: Duration = Duration::from_secs(60);

    /// Reads the header's value; `None` for what is neither a number of seconds nor an HTTP-date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        todo!()
    }

    /// How long to wait, at most [`RetryAfter::CAP`]. `now` is the time since the Unix epoch.
    #[must_use]
    pub fn delay(self, now: Duration) -> Duration {
        todo!()
    }
}
