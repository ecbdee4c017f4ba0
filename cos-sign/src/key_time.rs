//! KeyTime: the span in which a signature is valid.

use core::{fmt, str::FromStr, time::Duration};

/// The span of Unix time in which a signature is valid, written `start;end` in whole seconds.
///
/// Both ends belong to the span. The vendor's documents name two such spans, `q-sign-time` and
/// `q-key-time`; every client that is known sends the same value for both, and so does this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyTime {
    start: u64,
    end: u64,
}

/// How far [`KeyTime::starting`] puts the start before now.
///
/// A clock that runs a little ahead of the service's would otherwise sign requests that are not
/// valid yet. One minute is what the vendor's Python SDK takes.
pub const BACKDATE: Duration = Duration::from_secs(60);

impl KeyTime {
    /// The span from `start` to `end`, in seconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// [`InvalidKeyTime::EndNotAfterStart`] unless `start < end`.
    pub const fn new(start: u64, end: u64) -> Result<Self, InvalidKeyTime> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(InvalidKeyTime::EndNotAfterStart)
        }
    }

    /// The span for a signature made now: from [`BACKDATE`] before `now` until `valid_for` after
    /// it.
    ///
    /// `now` is the time since the Unix epoch. Seconds are counted whole: a part of a second of
    /// `now` is dropped, one of `valid_for` counts as a second, and `valid_for` is at least one.
    #[must_use]
    pub fn starting(now: Duration, valid_for: Duration) -> Self {
        let now = now.as_secs();
        let part = u64::from(valid_for.subsec_nanos() > 0);
        let valid_for = valid_for.as_secs().saturating_add(part).max(1);
        Self {
            start: now.saturating_sub(BACKDATE.as_secs()),
            end: now.saturating_add(valid_for),
        }
    }

    /// The first second of the span.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start
    }

    /// The last second of the span.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.end
    }

    /// Whether `now`, a time since the Unix epoch, lies in the span.
    #[must_use]
    pub const fn contains(self, now: Duration) -> bool {
        self.start <= now.as_secs() && now.as_secs() <= self.end
    }
}

impl fmt::Display for KeyTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{}", self.start, self.end)
    }
}

impl FromStr for KeyTime {
    type Err = InvalidKeyTime;

    fn from_str(text: &str) -> Result<Self, InvalidKeyTime> {
        let (start, end) = text.split_once(';').ok_or(InvalidKeyTime::Syntax)?;
        Self::new(seconds(start)?, seconds(end)?)
    }
}

/// Why a [`KeyTime`] was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKeyTime {
    /// The text is not two decimal numbers with a `;` between them.
    #[error("a key time is two decimal numbers of seconds joined by a semicolon")]
    Syntax,
    /// The span is empty or runs backwards.
    #[error("a key time must end after it starts")]
    EndNotAfterStart,
}

/// Reads a number only as [`KeyTime`] writes it, so that a text has one reading and one spelling.
fn seconds(text: &str) -> Result<u64, InvalidKeyTime> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let padded = text.len() > 1 && text.starts_with('0');
    if !plain || padded {
        return Err(InvalidKeyTime::Syntax);
    }
    text.parse().map_err(|_| InvalidKeyTime::Syntax)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_text_is_read_and_written_the_same() {
        let text = "1557989151;1557996351";
        let key_time: KeyTime = text.parse().unwrap();
        assert_eq!(
            key_time,
            KeyTime::new(1_557_989_151, 1_557_996_351).unwrap()
        );
        assert_eq!(key_time.to_string(), text);
        assert_eq!("0;1".parse::<KeyTime>().unwrap().start(), 0);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            ";",
            "1",
            "1;",
            ";2",
            "1;2;3",
            "+1;2",
            "1;+2",
            "01;2",
            "1;02",
            " 1;2",
            "1; 2",
            "1,2",
            "-1;2",
            "1;2 ",
            "1;18446744073709551616",
            "１;2",
        ] {
            assert_eq!(
                text.parse::<KeyTime>(),
                Err(InvalidKeyTime::Syntax),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_span_ends_after_it_starts() {
        assert_eq!(KeyTime::new(2, 2), Err(InvalidKeyTime::EndNotAfterStart));
        assert_eq!(
            "3;2".parse::<KeyTime>(),
            Err(InvalidKeyTime::EndNotAfterStart)
        );
    }

    #[test]
    fn the_start_is_backdated() {
        let now = Duration::from_millis(1_557_989_753_900);
        let key_time = KeyTime::starting(now, Duration::from_secs(7200));
        assert_eq!(key_time.to_string(), "1557989693;1557996953");
    }

    #[test]
    fn extremes_still_give_a_span() {
        let early = KeyTime::starting(Duration::ZERO, Duration::ZERO);
        assert_eq!((early.start(), early.end()), (0, 1));
        let late = KeyTime::starting(Duration::MAX, Duration::MAX);
        assert_eq!((late.start(), late.end()), (u64::MAX - 60, u64::MAX));
        let short = KeyTime::starting(Duration::from_secs(100), Duration::from_millis(1500));
        assert_eq!((short.start(), short.end()), (40, 102));
    }

    #[test]
    fn both_ends_belong_to_the_span() {
        let key_time = KeyTime::new(10, 20).unwrap();
        let inside = |millis| key_time.contains(Duration::from_millis(millis));
        assert!(!inside(9_999));
        assert!(inside(10_000));
        assert!(inside(20_999));
        assert!(!inside(21_000));
    }
}
