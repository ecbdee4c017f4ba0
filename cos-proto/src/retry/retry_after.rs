//! The server's own word on when to come again.

use core::time::Duration;

use crate::{Timestamp, digits};

/// The value of a `Retry-After` header: so many seconds, or a point in time (RFC 9110, section
/// 10.2.3).
///
/// No page of the vendor speaks of it, but proxies and other servers send it. What it says is
/// bounded by [`RetryAfter::CAP`], so that no server can put a client to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter(Form);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Seconds(u64),
    At(Timestamp),
}

impl RetryAfter {
    /// The longest that a server is waited for.
    pub const CAP: Duration = Duration::from_secs(60);

    /// Reads the header's value; `None` for what is neither a number of seconds nor an HTTP-date.
    ///
    /// ```
    /// use core::time::Duration;
    /// use cos_proto::RetryAfter;
    ///
    /// let now = Duration::from_secs(1_607_571_450); // 2020-12-10T03:37:30Z
    /// let delay = |text| RetryAfter::parse(text).map(|asked| asked.delay(now).as_secs());
    /// assert_eq!(delay("7"), Some(7));
    /// assert_eq!(delay("Thu, 10 Dec 2020 03:37:40 GMT"), Some(10));
    /// assert_eq!(delay("1000000000"), Some(60));
    /// assert_eq!(delay("-1"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number beyond 64 bits is absurd, but a number.
            return Some(Self(Form::Seconds(
                digits::parse_u64(text).unwrap_or(u64::MAX),
            )));
        }
        Timestamp::parse_http_date(text)
            .ok()
            .map(|time| Self(Form::At(time)))
    }

    /// How long to wait, at most [`RetryAfter::CAP`]; nothing for a point in the past. `now` is the
    /// time since the Unix epoch.
    #[must_use]
    pub fn delay(self, now: Duration) -> Duration {
        let asked = match self.0 {
            Form::Seconds(seconds) => Duration::from_secs(seconds),
            Form::At(time) => time.since_epoch().saturating_sub(now),
        };
        asked.min(Self::CAP)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_607_571_450);

    fn seconds(text: &str) -> Option<u64> {
        RetryAfter::parse(text).map(|asked| asked.delay(NOW).as_secs())
    }

    #[test]
    fn both_forms_are_read_and_bounded() {
        assert_eq!(seconds("0"), Some(0));
        assert_eq!(seconds("59"), Some(59));
        assert_eq!(seconds("61"), Some(60));
        assert_eq!(seconds("1000000000"), Some(60));
        assert_eq!(seconds("99999999999999999999999999"), Some(60));
        assert_eq!(seconds("Thu, 10 Dec 2020 03:37:35 GMT"), Some(5));
        assert_eq!(seconds("Thu, 10 Dec 2020 03:37:20 GMT"), Some(0));
        assert_eq!(seconds("Fri, 31 Dec 9998 00:00:00 GMT"), Some(60));
    }

    #[test]
    fn garbage_is_no_word_of_the_server() {
        for text in [
            "",
            "-5",
            "+5",
            "5.0",
            "5s",
            "soon",
            "0x10",
            "10 Dec 2020",
            "5, 6",
        ] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_asks_for_more_than_the_cap(text: String, number: u128, now: u64) {
            for text in [text, number.to_string()] {
                let delay = RetryAfter::parse(&text).map_or(Duration::ZERO, |asked| asked.delay(Duration::from_secs(now)));
                prop_assert!(delay <= RetryAfter::CAP);
            }
        }
    }
}
