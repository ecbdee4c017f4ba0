//! The speed limit that the server keeps for one connection.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// A speed limit that COS keeps for the one answer, in **bits** per second.
///
/// From [`TrafficLimit::MIN`] to [`TrafficLimit::MAX`]; COS answers 400 outside of these
/// (documentation page 436/7753).
///
/// ```
/// use cos_proto::TrafficLimit;
///
/// assert_eq!(TrafficLimit::bits_per_second(819_200)?.get(), 819_200);
/// assert!(TrafficLimit::bits_per_second(1_000).is_err());
/// # Ok::<(), cos_proto::InvalidTrafficLimit>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrafficLimit(u64);

impl TrafficLimit {
    /// The lowest limit, 800 Kbit/s.
    pub const MIN: u64 = 819_200;

    /// The highest limit, 800 Mbit/s.
    pub const MAX: u64 = 838_860_800;

    /// Checks a limit in bits per second.
    ///
    /// # Errors
    ///
    /// Refuses what COS would refuse: less than [`TrafficLimit::MIN`] or more than
    /// [`TrafficLimit::MAX`].
    pub const fn bits_per_second(bits: u64) -> Result<Self, InvalidTrafficLimit> {
        if bits < Self::MIN || bits > Self::MAX {
            return Err(InvalidTrafficLimit(()));
        }
        Ok(Self(bits))
    }

    /// The limit in bits per second.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TrafficLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TrafficLimit {
    type Err = InvalidTrafficLimit;

    /// Reads bits per second in decimal digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        crate::digits::parse_u64(text)
            .ok_or(InvalidTrafficLimit(()))
            .and_then(Self::bits_per_second)
    }
}

/// A number that is no traffic limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("traffic limit is not a number of bits per second from {min} to {max}", min = TrafficLimit::MIN, max = TrafficLimit::MAX)]
pub struct InvalidTrafficLimit(());

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn limits_are_those_of_the_documentation() {
        for bits in [TrafficLimit::MIN, 1_048_576, TrafficLimit::MAX] {
            let limit = TrafficLimit::bits_per_second(bits).unwrap();
            assert_eq!(limit.get(), bits);
            assert_eq!(limit.to_string().parse(), Ok(limit));
        }
        for bits in [0, 819_199, 838_860_801, u64::MAX] {
            assert!(TrafficLimit::bits_per_second(bits).is_err(), "{bits}");
        }
        for text in ["", "+819200", "819200 ", "8e5", "1048576.0"] {
            assert!(text.parse::<TrafficLimit>().is_err(), "{text:?}");
        }
    }
}
