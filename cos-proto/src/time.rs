//! Points in time, in the two forms that COS writes them.

use alloc::string::String;
use core::fmt;
use core::iter;
use core::str::FromStr;
use core::time::Duration;

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::Offset;
use thiserror::Error;

/// A point in time from 1970 to 9999.
///
/// Headers carry the HTTP-date (`Thu, 10 Dec 2020 03:37:30 GMT`, whole seconds), listings ISO 8601
/// (`2020-12-10T03:37:30.000Z`). `Display` writes RFC 3339. No clock is read here or anywhere else
/// in this crate.
///
/// ```
/// use cos_proto::Timestamp;
///
/// let time = Timestamp::parse_http_date("Thu, 10 Dec 2020 03:37:30 GMT")?;
/// assert_eq!(time, Timestamp::parse_rfc3339("2020-12-10T03:37:30.000Z")?);
/// assert_eq!(time.to_string(), "2020-12-10T03:37:30Z");
/// assert_eq!(time.since_epoch().as_secs(), 1_607_571_450);
/// # Ok::<(), cos_proto::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(
    /// Never before the epoch. A type of another crate, so it stays private.
    jiff::Timestamp,
);

impl Timestamp {
    /// From a duration since the Unix epoch.
    ///
    /// # Errors
    ///
    /// Refuses what is later than 9999-12-30T22:00:00.999999999Z: every time of this type has a year
    /// of four digits at every offset from UTC.
    pub fn from_unix(since_epoch: Duration) -> Result<Self, InvalidTimestamp> {
        jiff::Timestamp::UNIX_EPOCH
            .checked_add(since_epoch)
            .map(Self)
            .map_err(|_| InvalidTimestamp(()))
    }

    /// Reads the HTTP-date of headers, `Thu, 10 Dec 2020 03:37:30 GMT` (IMF-fixdate of RFC 9110,
    /// section 5.6.7).
    ///
    /// That the day of the week is that day's is not checked: examples in the vendor's own
    /// documentation are wrong in it. The two obsolete forms, which the service does not write, are
    /// not taken.
    ///
    /// # Errors
    ///
    /// Refuses every other text, days and times that do not exist, leap seconds, which Unix time
    /// does not count, and times before 1970.
    pub fn parse_http_date(text: &str) -> Result<Self, InvalidTimestamp> {
        http_date(text.as_bytes()).ok_or(InvalidTimestamp(()))
    }

    /// Reads the ISO 8601 time of listings, `2020-12-10T03:37:30.000Z`, as RFC 3339 has it.
    ///
    /// # Errors
    ///
    /// As [`Timestamp::parse_http_date`].
    pub fn parse_rfc3339(text: &str) -> Result<Self, InvalidTimestamp> {
        rfc3339(text.as_bytes()).ok_or(InvalidTimestamp(()))
    }

    /// The time since the Unix epoch.
    #[must_use]
    pub fn since_epoch(self) -> Duration {
        self.0.as_duration().unsigned_abs()
    }

    /// The HTTP-date of this time, its fraction of a second cut off.
    #[must_use]
    pub fn to_http_date(self) -> String {
        // The printer refuses years outside of 0 to 9999 only, and this type has none of those.
        rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.0)
            .unwrap_or_default()
    }

    /// A day and a time of it, at an offset from UTC.
    fn from_civil(civil: DateTime, offset: Offset) -> Option<Self> {
        let timestamp = offset.to_timestamp(civil).ok()?;
        (timestamp >= jiff::Timestamp::UNIX_EPOCH).then_some(Self(timestamp))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many digits of the second as there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// As [`Timestamp::parse_rfc3339`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_rfc3339(text)
    }
}

/// A text or number that is no time of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("time is not of a known form, or not between 1970 and 9999")]
pub struct InvalidTimestamp(());

/// `Thu, 10 Dec 2020 03:37:30 GMT`, which always has 29 bytes.
fn http_date(text: &[u8]) -> Option<Timestamp> {
    let (weekday, rest) = text.split_first_chunk::<3>()?;
    let (separator, rest) = rest.split_first_chunk::<2>()?;
    let (day, rest) = number::<2>(rest)?;
    let (month, rest) = literal(rest, b' ')?.split_first_chunk::<3>()?;
    let (year, rest) = number::<4>(literal(rest, b' ')?)?;
    let (time, rest) = time_of_day(literal(rest, b' ')?)?;
    if !WEEKDAYS.contains(weekday) || separator != b", " || rest != b" GMT" {
        return None;
    }
    let month = (1_i8..)
        .zip(MONTHS)
        .find_map(|(number, name)| (name == month).then_some(number))?;
    Timestamp::from_civil(civil(year, month, day, time, 0)?, Offset::UTC)
}

/// `2020-12-10T03:37:30Z`, with a fraction of up to nine digits, and `Z` or an offset like
/// `+08:00`.
fn rfc3339(text: &[u8]) -> Option<Timestamp> {
    let (year, rest) = number::<4>(text)?;
    let (month, rest) = number::<2>(literal(rest, b'-')?)?;
    let (day, rest) = number::<2>(literal(rest, b'-')?)?;
    let (time, rest) = time_of_day(literal(rest, b'T')?)?;
    let (nanosecond, rest) = match rest.split_first() {
        Some((b'.', rest)) => fraction(rest)?,
        _ => (0, rest),
    };
    let civil = civil(year, i8::try_from(month).ok()?, day, time, nanosecond)?;
    Timestamp::from_civil(civil, offset(rest)?)
}

/// `03:37:30`.
fn time_of_day(text: &[u8]) -> Option<([i16; 3], &[u8])> {
    let (hour, rest) = number::<2>(text)?;
    let (minute, rest) = number::<2>(literal(rest, b':')?)?;
    let (second, rest) = number::<2>(literal(rest, b':')?)?;
    Some(([hour, minute, second], rest))
}

/// The digits after the point, as nanoseconds.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(len)?;
    if !(1..=9).contains(&len) {
        return None;
    }
    let padded = digits.iter().copied().chain(iter::repeat(b'0')).take(9);
    let nanoseconds = padded.fold(0_i32, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i32::from(digit.saturating_sub(b'0')))
    });
    Some((nanoseconds, rest))
}

/// `Z`, `+08:00` or `-03:30`.
fn offset(text: &[u8]) -> Option<Offset> {
    let (sign, rest) = text.split_first()?;
    let sign = match sign {
        b'Z' if rest.is_empty() => return Some(Offset::UTC),
        b'+' => 1_i32,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = number::<2>(rest)?;
    let (minutes, rest) = number::<2>(literal(rest, b':')?)?;
    if hours > 23 || minutes > 59 || !rest.is_empty() {
        return None;
    }
    let minutes = i32::from(hours)
        .saturating_mul(60)
        .saturating_add(i32::from(minutes));
    Offset::from_seconds(minutes.saturating_mul(60).saturating_mul(sign)).ok()
}

fn civil(year: i16, month: i8, day: i16, time: [i16; 3], nanosecond: i32) -> Option<DateTime> {
    let [hour, minute, second] = time;
    let small = |number: i16| i8::try_from(number).ok();
    DateTime::new(
        year,
        month,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        nanosecond,
    )
    .ok()
}

/// Exactly `N` digits, which are at most four.
fn number<const N: usize>(text: &[u8]) -> Option<(i16, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<N>()?;
    let value = digits.iter().try_fold(0_i16, |value, digit| {
        let digit = digit
            .is_ascii_digit()
            .then(|| i16::from(digit.saturating_sub(b'0')))?;
        value.checked_mul(10)?.checked_add(digit)
    })?;
    Some((value, rest))
}

fn literal(text: &[u8], expected: u8) -> Option<&[u8]> {
    let (first, rest) = text.split_first()?;
    (*first == expected).then_some(rest)
}

const WEEKDAYS: [[u8; 3]; 7] = [
    *b"Mon", *b"Tue", *b"Wed", *b"Thu", *b"Fri", *b"Sat", *b"Sun",
];

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_of_the_service_are_read() {
        let http = Timestamp::parse_http_date("Thu, 10 Dec 2020 03:37:30 GMT").unwrap();
        assert_eq!(http.since_epoch(), Duration::from_secs(1_607_571_450));
        assert_eq!(http.to_http_date(), "Thu, 10 Dec 2020 03:37:30 GMT");
        let listed = Timestamp::parse_rfc3339("2020-12-10T03:37:30.123Z").unwrap();
        assert_eq!(
            listed.since_epoch(),
            Duration::from_millis(1_607_571_450_123)
        );
        assert_eq!(listed.to_string(), "2020-12-10T03:37:30.123Z");
        assert_eq!(listed.to_http_date(), "Thu, 10 Dec 2020 03:37:30 GMT");
    }

    #[test]
    fn a_wrong_day_of_the_week_is_forgiven() {
        // The vendor's own example: that day was a Tuesday.
        let time = Timestamp::parse_http_date("Wed, 28 Oct 2014 20:30:00 GMT").unwrap();
        assert_eq!(time.to_string(), "2014-10-28T20:30:00Z");
        assert_eq!(time.to_http_date(), "Tue, 28 Oct 2014 20:30:00 GMT");
    }

    #[test]
    fn offsets_are_taken_into_account() {
        let utc = Timestamp::parse_rfc3339("2020-12-10T03:37:30Z").unwrap();
        for text in [
            "2020-12-10T11:37:30+08:00",
            "2020-12-10T00:07:30.000000000-03:30",
            "2020-12-10T03:37:30-00:00",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), Ok(utc), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "Thu, 10 Dec 2020 03:37:30",
            "Thu, 10 Dec 2020 03:37:30 UTC",
            "Thu, 10 Dec 2020 03:37:30 GMT ",
            "thu, 10 Dec 2020 03:37:30 GMT",
            "Thu, 31 Feb 2020 03:37:30 GMT",
            "Thu, 10 dec 2020 03:37:30 GMT",
            "Thu, 1 Dec 2020 03:37:30 GMT",
            "Thu, 10 Dec 2020 24:00:00 GMT",
            "Thu, 10 Dec 2020 03:37:60 GMT",
            "Sat, 31 Dec 2016 23:59:60 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Sat, 01 Jan 0000 00:00:00 GMT",
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Mon, 29 Feb 2100 00:00:00 GMT",
            "Thursday, 10-Dec-20 03:37:30 GMT",
            "Thu Dec 10 03:37:30 2020",
            "Thu, +1 Dec 2020 03:37:30 GMT",
            "Thu, 10 Dec 2020 03:37:30 +0000",
        ] {
            assert!(Timestamp::parse_http_date(text).is_err(), "{text:?}");
        }
        for text in [
            "",
            "2020-12-10",
            "2020-12-10T03:37:30",
            "2020-12-10T03:37Z",
            "2020-12-10 03:37:30Z",
            "2020-12-10t03:37:30z",
            "2020-12-10T03:37:30.Z",
            "2020-12-10T03:37:30.1234567890Z",
            "2020-02-30T03:37:30Z",
            "2020-13-10T03:37:30Z",
            "2020-12-10T25:37:30Z",
            "2016-12-31T23:59:60Z",
            "1969-12-31T23:59:59Z",
            "0000-00-00T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-30T22:00:01Z",
            "1970-01-01T00:00:00+00:01",
            "2020-12-10T03:37:30+0800",
            "2020-12-10T03:37:30+24:00",
            "2020-12-10T03:37:30Z ",
            "+020-12-10T03:37:30Z",
            "2020-12-10T03:37:30Z[UTC]",
            "9999-12-31T23:59:59Z",
            "２020-12-10T03:37:30Z",
        ] {
            assert!(Timestamp::parse_rfc3339(text).is_err(), "{text:?}");
        }
        assert!(Timestamp::from_unix(Duration::MAX).is_err());
    }

    #[test]
    fn the_first_and_the_last_time_have_both_forms() {
        for (rfc3339, http) in [
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (
                "9999-12-30T22:00:00.999999999Z",
                "Thu, 30 Dec 9999 22:00:00 GMT",
            ),
        ] {
            let time = Timestamp::parse_rfc3339(rfc3339).unwrap();
            assert_eq!(time.to_string(), rfc3339);
            assert_eq!(time.to_http_date(), http);
            assert_eq!(Timestamp::from_unix(time.since_epoch()), Ok(time));
            let later = time.since_epoch() + Duration::from_nanos(1);
            assert_eq!(
                Timestamp::from_unix(later).is_ok(),
                rfc3339.starts_with("1970")
            );
        }
    }

    proptest! {
        #[test]
        fn every_time_round_trips(seconds in 0..253_402_207_200_u64, nanoseconds in 0..1_000_000_000_u32) {
            let time = Timestamp::from_unix(Duration::new(seconds, nanoseconds)).unwrap();
            prop_assert_eq!(time.since_epoch(), Duration::new(seconds, nanoseconds));
            prop_assert_eq!(Timestamp::parse_rfc3339(&time.to_string()), Ok(time));
            let whole = Timestamp::from_unix(Duration::from_secs(seconds)).unwrap();
            prop_assert_eq!(Timestamp::parse_http_date(&time.to_http_date()), Ok(whole));
        }

        #[test]
        fn arbitrary_text_is_read_or_refused(text: String, near in "[0-9TZ:.+-]{0,40}") {
            let _ = Timestamp::parse_http_date(&text);
            let _ = Timestamp::parse_rfc3339(&text);
            let _ = Timestamp::parse_rfc3339(&near);
        }
    }
}
