//! Decimal numbers as they stand in headers: ASCII digits and nothing else.

/// Reads a number of ASCII digits; `None` for anything else, `+5` and numbers beyond `u64::MAX`
/// included.
///
/// `str::parse` takes a leading `+`, which no header grammar of HTTP has.
pub(crate) fn parse_u64(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::parse_u64;

    #[test]
    fn only_digits_are_a_number() {
        assert_eq!(parse_u64("0"), Some(0));
        assert_eq!(parse_u64("007"), Some(7));
        assert_eq!(parse_u64(&u64::MAX.to_string()), Some(u64::MAX));
        for text in [
            "",
            "+5",
            "-5",
            "5, 5",
            " 5",
            "5 ",
            "0x5",
            "1_0",
            "18446744073709551616",
            "٣",
            "5\u{0}",
        ] {
            assert_eq!(parse_u64(text), None, "{text:?}");
        }
    }
}
