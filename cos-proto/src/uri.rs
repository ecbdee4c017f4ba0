//! Percent-encoding of paths and queries, and strict decoding.
//!
//! The service has one encoding, its *UrlEncode*: every byte except `A-Z a-z 0-9 - _ . ~` becomes
//! `%XX` with upper-case hex digits, a space becomes `%20` and never `+` (documentation page
//! 436/7778, and the vendor's Python SDK, `quote(x, safe='-_.~')`). A request target made with it
//! says the same thing to every server, whatever its reading of `+` is.
//!
//! Nothing here normalises: `a/../b`, `a//b` and `.` are legal keys and stay as they are, byte for
//! byte.

use alloc::string::String;
use alloc::vec::Vec;

use memchr::memchr;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;

/// Encodes an object key for the path of a request target, keeping `/`.
///
/// The result has no leading slash of its own: the request target of an object is `/` and this, so
/// that the key `/x` goes to the wire as `//x`.
///
/// ```
/// use cos_proto::uri::encode_path;
///
/// assert_eq!(encode_path("a b/../c+d//e.txt"), "a%20b/../c%2Bd//e.txt");
/// ```
#[must_use]
pub fn encode_path(key: &str) -> String {
    utf8_percent_encode(key, PATH).collect()
}

/// Encodes a name or a value of a query, `/` included.
///
/// ```
/// use cos_proto::uri::encode_query_component;
///
/// assert_eq!(encode_query_component("photos/a+b c"), "photos%2Fa%2Bb%20c");
/// ```
#[must_use]
pub fn encode_query_component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).collect()
}

/// Decodes percent-encoded text, and nothing but that: `+` stays a plus.
///
/// Hex digits of either case are taken, and characters that need no encoding may be encoded or not:
/// what is decoded was written by a server, and servers differ in this.
///
/// # Errors
///
/// A `%` that is not followed by two hex digits, and bytes that are not UTF-8 once decoded, are
/// refused. A key that was repaired would be another key.
///
/// ```
/// use cos_proto::uri::decode;
///
/// assert_eq!(decode("Tencent%20Cloud+1.jpg")?, "Tencent Cloud+1.jpg");
/// assert!(decode("100%zz").is_err());
/// # Ok::<(), cos_proto::uri::DecodeError>(())
/// ```
pub fn decode(text: &str) -> Result<String, DecodeError> {
    if memchr(b'%', text.as_bytes()).is_none() {
        return Ok(String::from(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let high = bytes.next().and_then(|(_, digit)| hex_value(digit));
        let low = bytes.next().and_then(|(_, digit)| hex_value(digit));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(DecodeError::BadEscape { at });
        };
        decoded.push(high << 4 | low);
    }
    String::from_utf8(decoded).map_err(|_| DecodeError::NotUtf8)
}

/// Percent-encoded text that cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A `%` is not followed by two hex digits.
    #[error("`%` at byte {at} is not followed by two hex digits")]
    BadEscape {
        /// Offset of the `%` in the encoded text, in bytes.
        at: usize,
    },
    /// The decoded bytes are not UTF-8.
    #[error("decoded bytes are not utf-8")]
    NotUtf8,
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Everything that the vendor's UrlEncode encodes.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The same without `/`, which separates the components of a path.
const PATH: &AsciiSet = &COMPONENT.remove(b'/');

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    /// Text of the vendor's own signature documentation, every special character once.
    const SPECIAL: &str = "a b/c?d=e&f+g~-_.!'()*$,:;<=>@[\\]^`{|}#\"";
    const SPECIAL_ENCODED: &str = "a%20b%2Fc%3Fd%3De%26f%2Bg~-_.%21%27%28%29%2A%24%2C%3A%3B%3C%3D%3E%40%5B%5C%5D%5E%60%7B%7C%7D%23%22";

    #[test]
    fn every_special_character_is_encoded_as_the_vendor_does() {
        assert_eq!(encode_query_component(SPECIAL), SPECIAL_ENCODED);
        assert_eq!(encode_path(SPECIAL), SPECIAL_ENCODED.replace("%2F", "/"));
        assert_eq!(decode(SPECIAL_ENCODED).as_deref(), Ok(SPECIAL));
    }

    #[test]
    fn bytes_beyond_ascii_are_encoded_one_by_one() {
        assert_eq!(
            encode_path("照片/2020年/IMG0001.jpg"),
            "%E7%85%A7%E7%89%87/2020%E5%B9%B4/IMG0001.jpg"
        );
        assert_eq!(decode("%E7%85%A7%e7%89%87").as_deref(), Ok("照片"));
    }

    #[test]
    fn dot_segments_and_empty_segments_stay() {
        for key in [".", "..", "a/../b", "a//b", "/x", "./a", "a/."] {
            assert_eq!(encode_path(key), key);
        }
    }

    #[test]
    fn plus_stays_a_plus() {
        assert_eq!(decode("a+b%2Bc").as_deref(), Ok("a+b+c"));
    }

    #[test]
    fn a_bad_escape_is_an_error_that_says_where() {
        for (text, at) in [
            ("%", 0),
            ("%4", 0),
            ("ab%", 2),
            ("ab%4", 2),
            ("%zz", 0),
            ("%41%+1", 3),
            ("%4%41", 0),
            ("% 1", 0),
        ] {
            assert_eq!(decode(text), Err(DecodeError::BadEscape { at }), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error() {
        for text in ["%FF", "%E7%85", "%C0%AF", "%ED%A0%80"] {
            assert_eq!(decode(text), Err(DecodeError::NotUtf8), "{text}");
        }
        assert_eq!(
            DecodeError::NotUtf8.to_string(),
            "decoded bytes are not utf-8"
        );
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in any::<String>()) {
            let component = encode_query_component(&text);
            prop_assert!(component.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte)));
            prop_assert_eq!(decode(&component), Ok(text.clone()));
            prop_assert_eq!(decode(&encode_path(&text)), Ok(text));
        }

        #[test]
        fn every_byte_encoded_decodes_to_itself(text in any::<String>()) {
            let all: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            prop_assert_eq!(decode(&all), Ok(text));
        }

        #[test]
        fn arbitrary_text_decodes_or_is_refused(text in "[%0-9a-fA-Fg-z+ ]{0,40}") {
            if let Ok(decoded) = decode(&text) {
                prop_assert!(decoded.len() <= text.len());
            }
        }
    }
}
