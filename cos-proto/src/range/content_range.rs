//! The range that an answer says it holds.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use thiserror::Error;

use crate::digits;

/// The range of a 206 answer: `bytes first-last/complete`, where `first <= last < complete` (RFC
/// 9110, section 14.4).
///
/// An answer that does not say the complete length (`bytes 0-9/*`) is refused: nothing could be
/// checked against it.
///
/// ```
/// use cos_proto::ContentRange;
///
/// let range: ContentRange = "bytes 0-16086/16087".parse()?;
/// assert_eq!((range.first(), range.last(), range.complete()), (0, 16086, 16087));
/// assert!("bytes 0-16087/16087".parse::<ContentRange>().is_err());
/// # Ok::<(), cos_proto::InvalidContentRange>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentRange {
    first: u64,
    last: u64,
    complete: u64,
}

impl ContentRange {
    /// Checks the three numbers. `last` is below `complete`, so `last + 1` never overflows.
    ///
    /// # Errors
    ///
    /// Refuses numbers for which `first <= last < complete` does not hold.
    pub const fn new(first: u64, last: u64, complete: u64) -> Result<Self, InvalidContentRange> {
        if first <= last && last < complete {
            Ok(Self {
                first,
                last,
                complete,
            })
        } else {
            Err(InvalidContentRange(()))
        }
    }

    /// Offset of the first byte.
    #[must_use]
    pub const fn first(self) -> u64 {
        self.first
    }

    /// Offset of the last byte, included.
    #[must_use]
    pub const fn last(self) -> u64 {
        self.last
    }

    /// Length of the whole object.
    #[must_use]
    pub const fn complete(self) -> u64 {
        self.complete
    }

    /// The same as a half-open range.
    #[must_use]
    pub const fn range(self) -> Range<u64> {
        self.first..self.last.saturating_add(1)
    }
}

impl FromStr for ContentRange {
    type Err = InvalidContentRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = InvalidContentRange(());
        let number = |digits| digits::parse_u64(digits).ok_or(InvalidContentRange(()));
        let (range, complete) = text
            .strip_prefix("bytes ")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(invalid)?;
        let (first, last) = range.split_once('-').ok_or(invalid)?;
        Self::new(number(first)?, number(last)?, number(complete)?)
    }
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes {}-{}/{}", self.first, self.last, self.complete)
    }
}

/// The length that a 416 answer gives: `bytes */complete` (RFC 9110, section 15.5.17).
///
/// ```
/// use cos_proto::UnsatisfiedRange;
///
/// assert_eq!("bytes */47022".parse::<UnsatisfiedRange>()?.complete(), 47022);
/// # Ok::<(), cos_proto::InvalidContentRange>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UnsatisfiedRange {
    complete: u64,
}

impl UnsatisfiedRange {
    /// A refused range of an object of `complete` bytes.
    #[must_use]
    pub const fn new(complete: u64) -> Self {
        Self { complete }
    }

    /// Length of the whole object.
    #[must_use]
    pub const fn complete(self) -> u64 {
        self.complete
    }
}

impl FromStr for UnsatisfiedRange {
    type Err = InvalidContentRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let complete = text.strip_prefix("bytes */").and_then(digits::parse_u64);
        complete.map(Self::new).ok_or(InvalidContentRange(()))
    }
}

impl fmt::Display for UnsatisfiedRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bytes */{}", self.complete)
    }
}

/// What is no lawful `Content-Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "content range is not `bytes FIRST-LAST/COMPLETE` with first <= last < complete, or `bytes */COMPLETE`"
)]
pub struct InvalidContentRange(());

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lawful_ranges_are_read_and_written() {
        for text in [
            "bytes 0-0/1",
            "bytes 0-16086/16087",
            "bytes 18446744073709551613-18446744073709551614/18446744073709551615",
        ] {
            assert_eq!(text.parse::<ContentRange>().unwrap().to_string(), text);
        }
        assert_eq!(
            "bytes */0".parse::<UnsatisfiedRange>().unwrap().to_string(),
            "bytes */0"
        );
    }

    #[test]
    fn unlawful_ranges_are_refused() {
        for text in [
            "",
            "bytes",
            "bytes ",
            "bytes */*",
            "bytes */5",
            "bytes 0-9/*",
            "bytes 5-4/9",
            "bytes 0-9/9",
            "bytes 0-9/5",
            "bytes +0-9/10",
            "bytes 0-+9/10",
            "bytes 0-9/+10",
            "bytes 0 - 9/10",
            "bytes  0-9/10",
            "bytes 0-9/10 ",
            " bytes 0-9/10",
            "Bytes 0-9/10",
            "bytes=0-9/10",
            "bytes 0-9",
            "bytes -9/10",
            "bytes 0-/10",
            "bytes 0-9/10/10",
            "bytes 0-9-9/10",
            "bytes 0-9,20-29/40",
            "items 0-9/10",
            "bytes 0-18446744073709551615/18446744073709551616",
            "bytes 11024-20479/3000",
            "bytes 18446744073709551615-18446744073709551615/18446744073709551615",
        ] {
            assert!(text.parse::<ContentRange>().is_err(), "{text:?}");
        }
        for text in [
            "",
            "bytes */",
            "bytes */*",
            "bytes */+5",
            "bytes 0-1/5",
            "bytes */5 ",
            "bytes */18446744073709551616",
        ] {
            assert!(text.parse::<UnsatisfiedRange>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_header_round_trips(a: u64, b: u64, c: u64) {
            let mut sorted = [a, b, c];
            sorted.sort_unstable();
            let [first, last, complete] = sorted;
            prop_assume!(last < complete);
            let range = ContentRange::new(first, last, complete).unwrap();
            prop_assert_eq!(range.to_string().parse(), Ok(range));
            prop_assert!(range.range().end <= complete);
        }

        #[test]
        fn what_is_read_is_lawful(text in "(bytes )?[0-9*+/ -]{0,30}") {
            if let Ok(range) = text.parse::<ContentRange>() {
                prop_assert!(range.first() <= range.last() && range.last() < range.complete());
                prop_assert_eq!(range.to_string().parse(), Ok(range));
            }
        }

        #[test]
        fn arbitrary_text_is_read_or_refused(text: String) {
            let _ = text.parse::<ContentRange>();
            let _ = text.parse::<UnsatisfiedRange>();
        }
    }
}
