//! The range that a request asks for.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use thiserror::Error;

use crate::digits;

/// One range of bytes as a request asks for it: the value of the `Range` header (RFC 9110, section
/// 14.2).
///
/// COS takes a single range (documentation page 436/7753), so there is no list. `Display` and
/// `FromStr` are the header's form. Ends are inclusive, as in the header;
/// [`resolve`](ByteRange::resolve) and `TryFrom<Range<u64>>` speak in half-open ranges.
///
/// ```
/// use cos_proto::ByteRange;
///
/// assert_eq!(ByteRange::new(0, 499)?.to_string(), "bytes=0-499");
/// assert_eq!(ByteRange::try_from(500..1000)?.to_string(), "bytes=500-999");
/// assert_eq!("bytes=-5".parse::<ByteRange>()?.resolve(12), Some(7..12));
/// # Ok::<(), cos_proto::InvalidByteRange>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange(Spec);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Spec {
    /// `first <= last`.
    Bounded {
        first: u64,
        last: u64,
    },
    From {
        first: u64,
    },
    /// `len > 0`.
    Suffix {
        len: u64,
    },
}

impl ByteRange {
    /// The bytes from `first` to `last`, both included: `bytes=first-last`.
    ///
    /// # Errors
    ///
    /// Refuses a `last` before `first`.
    pub const fn new(first: u64, last: u64) -> Result<Self, InvalidByteRange> {
        if last < first {
            return Err(InvalidByteRange(()));
        }
        Ok(Self(Spec::Bounded { first, last }))
    }

    /// All bytes from `first` on: `bytes=first-`.
    #[must_use]
    pub const fn starting_at(first: u64) -> Self {
        Self(Spec::From { first })
    }

    /// The last `len` bytes: `bytes=-len`.
    ///
    /// # Errors
    ///
    /// Refuses a length of 0, which no server can satisfy.
    pub const fn suffix(len: u64) -> Result<Self, InvalidByteRange> {
        if len == 0 {
            return Err(InvalidByteRange(()));
        }
        Ok(Self(Spec::Suffix { len }))
    }

    /// The first byte that is asked for; `None` for a suffix.
    #[must_use]
    pub const fn first(self) -> Option<u64> {
        match self.0 {
            Spec::Bounded { first, .. } | Spec::From { first } => Some(first),
            Spec::Suffix { .. } => None,
        }
    }

    /// The last byte that is asked for, included; `None` where the range goes to the end.
    #[must_use]
    pub const fn last(self) -> Option<u64> {
        match self.0 {
            Spec::Bounded { last, .. } => Some(last),
            Spec::From { .. } | Spec::Suffix { .. } => None,
        }
    }

    /// The half-open range that this means in an object of `complete` bytes; `None` where it cannot
    /// be satisfied.
    #[must_use]
    pub fn resolve(self, complete: u64) -> Option<Range<u64>> {
        let range = match self.0 {
            // An end beyond the object means its end, as in every server.
            Spec::Bounded { first, last } => first..last.saturating_add(1).min(complete),
            Spec::From { first } => first..complete,
            Spec::Suffix { len } => complete.saturating_sub(len)..complete,
        };
        (range.start < range.end).then_some(range)
    }
}

impl TryFrom<Range<u64>> for ByteRange {
    type Error = InvalidByteRange;

    /// From a half-open range; an empty one is refused.
    fn try_from(range: Range<u64>) -> Result<Self, Self::Error> {
        range
            .end
            .checked_sub(1)
            .ok_or(InvalidByteRange(()))
            .and_then(|last| Self::new(range.start, last))
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Spec::Bounded { first, last } => write!(f, "bytes={first}-{last}"),
            Spec::From { first } => write!(f, "bytes={first}-"),
            Spec::Suffix { len } => write!(f, "bytes=-{len}"),
        }
    }
}

impl FromStr for ByteRange {
    type Err = InvalidByteRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits| digits::parse_u64(digits).ok_or(InvalidByteRange(()));
        let spec = text.strip_prefix("bytes=").ok_or(InvalidByteRange(()))?;
        match spec.split_once('-') {
            Some(("", len)) => Self::suffix(number(len)?),
            Some((first, "")) => Ok(Self::starting_at(number(first)?)),
            Some((first, last)) => Self::new(number(first)?, number(last)?),
            None => Err(InvalidByteRange(())),
        }
    }
}

/// What is no single, non-empty range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("byte range is not `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-LENGTH`, or it is empty")]
pub struct InvalidByteRange(());

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_three_forms_are_read_and_written() {
        for text in [
            "bytes=0-0",
            "bytes=0-499",
            "bytes=500-",
            "bytes=-500",
            "bytes=0-18446744073709551615",
        ] {
            assert_eq!(text.parse::<ByteRange>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=-0",
            "bytes=5",
            "bytes=5-4",
            "bytes=+1-2",
            "bytes=1-+2",
            "bytes=0-1,3-4",
            "Bytes=0-1",
            "bytes= 0-1",
            "bytes=0-1 ",
            "bytes=0--1",
            "items=0-1",
            "bytes=0-18446744073709551616",
            "0-1",
        ] {
            assert!(text.parse::<ByteRange>().is_err(), "{text:?}");
        }
        assert!(ByteRange::try_from(7..7).is_err());
        assert!(ByteRange::try_from(0..0).is_err());
    }

    #[test]
    fn resolving_stops_at_the_end_of_the_object() {
        let resolve = |text: &str, complete| text.parse::<ByteRange>().unwrap().resolve(complete);
        assert_eq!(resolve("bytes=0-9", 100), Some(0..10));
        assert_eq!(resolve("bytes=0-9", 5), Some(0..5));
        assert_eq!(resolve("bytes=90-", 100), Some(90..100));
        assert_eq!(resolve("bytes=-30", 20), Some(0..20));
        assert_eq!(
            resolve("bytes=0-18446744073709551615", u64::MAX),
            Some(0..u64::MAX)
        );
        assert_eq!(resolve("bytes=100-200", 100), None);
        for text in ["bytes=0-0", "bytes=0-", "bytes=-1"] {
            assert_eq!(resolve(text, 0), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_header_round_trips(first: u64, last: u64, kind in 0..3_u8) {
            let range = match kind {
                0 => ByteRange::new(first.min(last), first.max(last)).unwrap(),
                1 => ByteRange::starting_at(first),
                _ => ByteRange::suffix(first.max(1)).unwrap(),
            };
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }

        #[test]
        fn arbitrary_text_is_read_or_refused(text in "(bytes=)?[0-9+, -]{0,24}") {
            if let Ok(range) = text.parse::<ByteRange>() {
                prop_assert_eq!(range.to_string().parse(), Ok(range));
            }
        }
    }
}
