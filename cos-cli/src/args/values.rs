//! Parsers of option values.

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
