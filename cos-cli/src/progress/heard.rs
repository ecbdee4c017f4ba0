//! What was heard of a transfer, as a bar tells it.

use std::fmt;
use std::time::{Duration, Instant};

use crate::printer::{bytes, roughly};

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Now {
    /// Bytes that are there.
    pub(super) bytes: u64,
    /// Bytes that there will be.
    pub(super) total: u64,
    /// Whether the total is final.
    pub(super) is_final: bool,
    /// Of those that are there, bytes from a former run.
    pub(super) resumed: u64,
    /// Bytes a second; 0 where it is not known.
    pub(super) rate: u64,
}

/// What was heard last, and when something new was heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    last: Option<Now>,
    at: Instant,
}

impl Heard {
    pub(super) fn nothing() -> Self {
        Self {
            last: None,
            at: Instant::now(),
        }
    }

    /// Whether the total is known, and final.
    pub(super) fn is_final(&self) -> bool {
        self.last.is_some_and(|now| now.is_final)
    }

    pub(super) fn update(&mut self, now: Now) {
        if self.last != Some(now) {
            *self = Self {
                last: Some(now),
                at: Instant::now(),
            };
        }
    }
}

/// ` 30%  12.0 MiB of 40.0 MiB, 3.1 MiB/s, 9 s left, 8.0 MiB resumed`
impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let silence = self.at.elapsed();
        let Some(now) = self.last else {
            return match silence < SILENCE {
                true => f.write_str("asking"),
                false => write!(f, "no answer for {}", roughly(silence)),
            };
        };
        let percent = match now.total {
            0 if !now.is_final => 0,
            _ => percent(now.bytes, now.total),
        };
        let left = now.total.saturating_sub(now.bytes);
        write!(
            f,
            "{percent:>3}%  {} of {}",
            bytes(now.bytes),
            bytes(now.total)
        )?;
        if !now.is_final {
            f.write_str(" so far")?;
        }
        if left == 0 && now.is_final {
            f.write_str(", finishing")?;
        } else if silence >= SILENCE {
            write!(f, ", nothing for {}", roughly(silence))?;
        } else if now.rate > 0 {
            write!(f, ", {}/s", bytes(now.rate))?;
            if let (Some(seconds), true) = (left.checked_div(now.rate), now.is_final) {
                let left = Duration::from_secs(seconds.saturating_add(1));
                write!(f, ", {} left", roughly(left))?;
            }
        }
        match now.resumed {
            0 => Ok(()),
            resumed => write!(f, ", {} resumed", bytes(resumed)),
        }
    }
}

/// Never 100 before everything is there.
fn percent(part: u64, whole: u64) -> u64 {
    let percent = (u128::from(part) * 100).checked_div(whole.into());
    percent.map_or(100, |percent| {
        u64::try_from(percent).unwrap_or(100).min(100)
    })
}

/// A silence that is worth a word. The transport gives a connection up after 30 s of it.
const SILENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: u64, total: u64, rate: u64, resumed: u64) -> String {
        let mut heard = Heard::nothing();
        heard.update(Now {
            bytes,
            total,
            is_final: true,
            resumed,
            rate,
        });
        heard.to_string()
    }

    #[test]
    fn a_line_tells_what_is_known_and_no_more() {
        const MIB: u64 = 1 << 20;
        assert_eq!(Heard::nothing().to_string(), "asking");
        assert_eq!(told(0, 40 * MIB, 0, 0), "  0%  0 B of 40.0 MiB");
        assert_eq!(
            told(12 * MIB, 40 * MIB, 3 * MIB, 8 * MIB),
            " 30%  12.0 MiB of 40.0 MiB, 3.0 MiB/s, 10 s left, 8.0 MiB resumed"
        );
        assert_eq!(told(7, 7, 7, 0), "100%  7 B of 7 B, finishing");
        assert_eq!(told(0, 0, 0, 0), "100%  0 B of 0 B, finishing");
        assert_eq!(
            told(u64::MAX - 1, u64::MAX, 1, 0),
            " 99%  15.9 EiB of 15.9 EiB, 1 B/s, 2 s left"
        );
    }
}
