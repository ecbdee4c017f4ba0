//! The `Range` header.

use std::ops::Range;

/// What a `Range` header means for an object of some size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// No range, one that cannot be read, or several: the whole object, as RFC 9110 has it.
    Whole,
    Part(Range<u64>),
    Unsatisfiable,
}

/// Reads a single byte range: `bytes=a-b`, `bytes=a-` or `bytes=-n`.
pub(crate) fn asked(header: Option<&str>, size: u64) -> Asked {
    let Some((first, last)) = header
        .and_then(|range| range.strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Asked::Whole;
    };
    let range = match (first, last) {
        ("", last) => number(last).map(|count| (size.saturating_sub(count), size)),
        (first, "") => number(first).map(|first| (first, size)),
        (first, last) => number(first)
            .zip(number(last))
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| (first, last.saturating_add(1).min(size))),
    };
    match range {
        None => Asked::Whole,
        Some((start, end)) if start < end => Asked::Part(start..end),
        Some(_) => Asked::Unsatisfiable,
    }
}

/// Digits only: `parse` would take a sign. More digits than a `u64` has are beyond every object.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_to_the_object() {
        let part = |range: &str| asked(Some(range), 10);
        assert_eq!(part("bytes=0-0"), Asked::Part(0..1));
        assert_eq!(part("bytes=3-7"), Asked::Part(3..8));
        assert_eq!(part("bytes=3-"), Asked::Part(3..10));
        assert_eq!(part("bytes=3-18446744073709551615"), Asked::Part(3..10));
        assert_eq!(part("bytes=3-99999999999999999999999"), Asked::Part(3..10));
        assert_eq!(part("bytes=-4"), Asked::Part(6..10));
        assert_eq!(part("bytes=-40"), Asked::Part(0..10));
    }

    #[test]
    fn ranges_beyond_the_object_are_unsatisfiable() {
        for range in [
            "bytes=10-",
            "bytes=10-20",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(asked(Some(range), 10), Asked::Unsatisfiable, "{range}");
        }
        assert_eq!(asked(Some("bytes=0-0"), 0), Asked::Unsatisfiable);
        assert_eq!(asked(Some("bytes=-5"), 0), Asked::Unsatisfiable);
    }

    #[test]
    fn what_is_no_single_range_asks_for_the_whole() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=7-3",
            "bytes=+1-2",
            "lines=1-2",
            "bytes=0-1,3-4",
            "bytes=a-b",
        ] {
            assert_eq!(asked(Some(range), 10), Asked::Whole, "{range}");
        }
        assert_eq!(asked(None, 10), Asked::Whole);
    }
}
