//! Entity tags.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

/// The entity tag of an object: opaque text, strong or weak (RFC 9110, section 8.8.3).
///
/// COS gives strong ones; for an object that was uploaded in parts it is no MD5 but `"…-N"`. Text
/// that went through a proxy that compresses may come back weak, and a weak tag pins nothing.
///
/// [`as_str`](ETag::as_str) is the text between the quotes, `Display` the form of the header.
///
/// ```
/// use cos_proto::ETag;
///
/// let etag = ETag::parse("\"ee8de918d05640145b18f70f4c3aa602\"")?;
/// assert_eq!(etag, ETag::parse("ee8de918d05640145b18f70f4c3aa602")?);
/// assert_eq!(etag.as_str(), "ee8de918d05640145b18f70f4c3aa602");
/// assert_eq!(etag.to_string(), "\"ee8de918d05640145b18f70f4c3aa602\"");
/// # Ok::<(), cos_proto::InvalidETag>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ETag {
    opaque: String,
    weak: bool,
}

impl ETag {
    /// The longest opaque text that is taken, in bytes. Those of COS have about 40; the bound keeps
    /// memory small.
    pub const MAX_LEN: usize = 1024;

    /// A strong tag of this opaque text, which has no quotes.
    ///
    /// # Errors
    ///
    /// Refuses an empty text, one longer than [`ETag::MAX_LEN`] bytes, and characters that are not
    /// visible ASCII or are `"`.
    pub fn new(opaque: impl Into<String>) -> Result<Self, InvalidETag> {
        Self::checked(opaque.into(), false)
    }

    /// Reads the form of the header, `"…"` or `W/"…"`; the quotes of a strong tag may be left out.
    ///
    /// # Errors
    ///
    /// As [`ETag::new`], and for a text with only one quote.
    pub fn parse(text: &str) -> Result<Self, InvalidETag> {
        let (quoted, weak) = match text.strip_prefix("W/") {
            Some(rest) if rest.starts_with('"') => (rest, true),
            _ => (text, false),
        };
        let opaque = match quoted.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').ok_or(InvalidETag(()))?,
            None => quoted,
        };
        Self::checked(String::from(opaque), weak)
    }

    /// As [`ETag::parse`], in the memory of the text.
    pub(crate) fn from_text(mut text: String) -> Result<Self, InvalidETag> {
        if text.len() < 2 || !text.starts_with('"') || !text.ends_with('"') {
            return Self::parse(&text);
        }
        text.pop();
        text.remove(0);
        Self::checked(text, false)
    }

    /// The opaque text, without quotes and without the mark of a weak tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.opaque
    }

    /// Whether the tag is weak: `W/"…"`.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.weak
    }

    /// The strong comparison of RFC 9110, section 8.8.3.2: the same text, and neither is weak.
    ///
    /// Only this says that two answers are of the same bytes.
    #[must_use]
    pub fn strongly_matches(&self, other: &Self) -> bool {
        !self.weak && !other.weak && self.opaque == other.opaque
    }

    fn checked(opaque: String, weak: bool) -> Result<Self, InvalidETag> {
        let lawful = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
        if (1..=Self::MAX_LEN).contains(&opaque.len()) && opaque.bytes().all(lawful) {
            Ok(Self { opaque, weak })
        } else {
            Err(InvalidETag(()))
        }
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weak = if self.weak { "W/" } else { "" };
        write!(f, "{weak}\"{}\"", self.opaque)
    }
}

impl FromStr for ETag {
    type Err = InvalidETag;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A text that is no entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("entity tag is not 1 to 1024 visible ASCII characters, in quotes or without")]
pub struct InvalidETag(());

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn quotes_are_optional_and_written() {
        for text in ["\"abc-2\"", "abc-2"] {
            let etag = ETag::parse(text).unwrap();
            assert_eq!((etag.as_str(), etag.is_weak()), ("abc-2", false));
            assert_eq!(etag.to_string(), "\"abc-2\"");
        }
    }

    #[test]
    fn weak_tags_are_marked_and_match_nothing() {
        let weak = ETag::parse("W/\"abc\"").unwrap();
        let strong = ETag::new("abc").unwrap();
        assert!(weak.is_weak());
        assert_eq!(weak.to_string(), "W/\"abc\"");
        assert_ne!(weak, strong);
        assert!(!weak.strongly_matches(&strong));
        assert!(!weak.strongly_matches(&weak.clone()));
        assert!(strong.strongly_matches(&strong.clone()));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for text in [
            "",
            "\"",
            "\"\"",
            "\"a",
            "a\"",
            "W/\"",
            "W/\"\"",
            "\"a\", \"b\"",
            "a b",
            "a\r\nb",
            "\"ä\"",
            "w/\"a\"",
        ] {
            assert!(ETag::parse(text).is_err(), "{text:?}");
        }
        assert!(ETag::new("\"abc\"").is_err());
        assert!(ETag::new("e".repeat(1025)).is_err());
    }
}
