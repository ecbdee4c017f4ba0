//! Parsers of option values.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Duration;

use cos_proto::{Timestamp, TrafficLimit};

/// `2s`, `1h`, `500ms`, `1h 30m`; more than nothing.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() {
        Err("must be more than nothing".to_owned())
    } else {
        Ok(duration)
    }
}

/// How long a presigned URL is valid.
pub(super) fn validity(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration > LONGEST_VALIDITY {
        return Err("must be 365days at most: a URL can be withdrawn only with its key".to_owned());
    }
    Ok(duration)
}

/// The service sets no bound. Whoever wants a URL for longer than a year wants a public object, or
/// has mistyped.
const LONGEST_VALIDITY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// `20MiB`, `20M` (the same), `1048576`: bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text.get(digits.len()..).unwrap_or_default() {
        "" | "B" => 0,
        "K" | "KiB" => 10,
        "M" | "MiB" => 20,
        "G" | "GiB" => 30,
        "T" | "TiB" => 40,
        _ => return Err("expected a size like 20MiB, 20M or 1048576".to_owned()),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.is_empty() {
        return Err("expected a size like 20MiB, 20M or 1048576".to_owned());
    }
    let number: Option<u64> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "is too large".to_owned())
}

/// Bytes of a part; more than nothing.
pub(crate) fn part_size(text: &str) -> Result<u64, String> {
    match size(text)? {
        0 => Err("must be more than nothing".to_owned()),
        bytes => Ok(bytes),
    }
}

/// A number of connections, or of parts that each have one.
pub(crate) fn connections(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .ok()
        .filter(|number: &NonZeroUsize| number.get() <= MOST_CONNECTIONS)
        .ok_or_else(|| format!("expected a number from 1 to {MOST_CONNECTIONS}"))
}

/// As many open files as a process gets on most systems; beyond, opening one more fails.
const MOST_CONNECTIONS: usize = 1024;

/// A size for each second; more than nothing.
pub(super) fn rate(text: &str) -> Result<NonZeroU64, String> {
    NonZeroU64::new(size(text)?).ok_or_else(|| "must be more than nothing".to_owned())
}

/// A number of bits per second that the service accepts.
pub(super) fn traffic_limit(text: &str) -> Result<TrafficLimit, String> {
    let bits = text
        .parse()
        .map_err(|_| "expected a number of bits per second".to_owned())?;
    TrafficLimit::bits_per_second(bits).map_err(|error| error.to_string())
}

/// A time as RFC 3339 (`2026-01-02T03:04:05Z`) or as an HTTP date.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text)
        .or_else(|_| Timestamp::parse_http_date(text))
        .map_err(|_| "expected a time like 2026-01-02T03:04:05Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for text in ["", "5", "0s", "-1s", "1x", "99999999999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_url_is_valid_for_a_year_at_most() {
        for text in ["1s", "1h", "365days"] {
            assert!(validity(text).is_ok(), "{text}");
        }
        for text in ["0s", "8761h", "100years", "500000000000years"] {
            assert!(validity(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_binary_units() {
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("7B", 7),
            ("3K", 3 << 10),
            ("20MiB", 20 << 20),
            ("20M", 20 << 20),
            ("1GiB", 1 << 30),
            ("16777215T", 16_777_215 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "M",
            "-1",
            "+1",
            "1.5M",
            "1 M",
            "1m",
            "1MB",
            "1MiBs",
            "0x10",
            "16777216T",
            "99999999999999999999",
            "1٣",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(rate("0").is_err() && rate("0M").is_err() && rate("1").is_ok());
    }

    #[test]
    fn parts_and_connections_are_some_and_not_too_many() {
        assert_eq!(part_size("20MiB"), Ok(20 << 20));
        assert!(part_size("0").is_err() && part_size("1").is_ok());
        for text in ["1", "5", "1024"] {
            assert!(connections(text).is_ok(), "{text}");
        }
        for text in ["", "0", "-1", "1025", "five", "99999999999999999999"] {
            assert!(connections(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_traffic_limit_lies_in_the_range_of_the_service() {
        for text in ["819200", "838860800"] {
            assert!(traffic_limit(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "0",
            "819199",
            "838860801",
            "-819200",
            "1MiB",
            "99999999999999999999999",
        ] {
            assert!(traffic_limit(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_rfc_3339_or_http_dates() {
        assert_eq!(
            time("2014-10-28T20:30:00Z"),
            time("Tue, 28 Oct 2014 20:30:00 GMT")
        );
        assert!(time("yesterday").is_err());
    }
}
