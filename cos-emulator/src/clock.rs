//! The emulator's clock, which may be wrong on purpose, and the two spellings of a time.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{
    Timestamp,
    fmt::rfc2822::{DateTimeParser, DateTimePrinter},
};

/// The system's clock, shifted.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Seconds by which this clock is ahead.
    skew: AtomicI64,
}

impl Clock {
    pub(crate) const fn ahead_by(seconds: i64) -> Self {
        Self {
            skew: AtomicI64::new(seconds),
        }
    }

    pub(crate) fn set(&self, seconds: i64) {
        self.skew.store(seconds, Ordering::Relaxed);
    }

    /// The time since the Unix epoch, `extra` seconds further ahead than this clock is.
    pub(crate) fn now(&self, extra: i64) -> Duration {
        let skew = self.skew.load(Ordering::Relaxed).saturating_add(extra);
        let by = Duration::from_secs(skew.unsigned_abs());
        if skew < 0 {
            since_epoch(SystemTime::now()).saturating_sub(by)
        } else {
            since_epoch(SystemTime::now()).saturating_add(by)
        }
    }
}

/// A time as `Duration` since the Unix epoch; times before it are taken as the epoch.
pub(crate) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `Sat, 01 Jan 2000 00:00:00 GMT`, the form of headers.
pub(crate) fn http_date(time: Duration) -> String {
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&timestamp(time))
        .unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 GMT".to_owned())
}

/// `2000-01-01T00:00:00.000Z`, the form of listings.
pub(crate) fn listing_date(time: Duration) -> String {
    timestamp(time)
        .strftime("%Y-%m-%dT%H:%M:%S.000Z")
        .to_string()
}

/// `2000-01-01T00:00:00Z`, the form of the list of buckets.
pub(crate) fn bucket_date(time: Duration) -> String {
    timestamp(time).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a date header, to the second. `None` for what is no date: such a condition is ignored.
pub(crate) fn parse_http_date(text: &str) -> Option<u64> {
    let parsed = DateTimeParser::new().parse_timestamp(text).ok()?;
    u64::try_from(parsed.as_second()).ok()
}

fn timestamp(time: Duration) -> Timestamp {
    i64::try_from(time.as_secs())
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_service_writes_them() {
        let time = Duration::from_secs(1_607_571_450);
        assert_eq!(http_date(time), "Thu, 10 Dec 2020 03:37:30 GMT");
        assert_eq!(listing_date(time), "2020-12-10T03:37:30.000Z");
        assert_eq!(bucket_date(time), "2020-12-10T03:37:30Z");
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(
            parse_http_date("Thu, 10 Dec 2020 03:37:30 GMT"),
            Some(1_607_571_450)
        );
        assert_eq!(parse_http_date("yesterday"), None);
    }

    #[test]
    fn a_clock_may_be_ahead_or_behind() {
        let ahead = Clock::ahead_by(7_200).now(0);
        let behind = Clock::default().now(-7_200);
        let between = ahead.saturating_sub(behind).as_secs();
        assert!((14_399..=14_401).contains(&between), "{between}");
    }
}
