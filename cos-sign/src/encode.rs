//! UrlEncode, as the vendor defines it, and its way back.

use alloc::{borrow::Cow, vec::Vec};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// What UrlEncode writes as `%XX`: everything but letters, digits and `-`, `_`, `.`, `~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Appends UrlEncode(`bytes`): upper-case digits, a space is `%20`, a slash `%2F`.
pub(crate) fn encode_into(bytes: &[u8], out: &mut Vec<u8>) {
    for piece in percent_encode(bytes, RESERVED) {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// UrlEncode(`bytes`).
pub(crate) fn encode(bytes: &[u8]) -> Cow<'_, str> {
    percent_encode(bytes, RESERVED).into()
}

/// The form in which a signature has a name: UrlEncoded, then lower-cased, digits of escapes and
/// all.
pub(crate) fn encode_name(name: &[u8]) -> Cow<'_, str> {
    let mut encoded = encode(name);
    if encoded.bytes().any(|byte| byte.is_ascii_uppercase()) {
        encoded.to_mut().make_ascii_lowercase();
    }
    encoded
}

/// What `+` stands for in the text to be decoded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// Itself, as in a path.
    Plus,
    /// A space, as in a query.
    Space,
}

/// A `%` that two hexadecimal digits do not follow.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InvalidEscape;

/// Decodes `%XX`, once, and `+` as told.
///
/// The decoders at hand leave a broken escape as it stands. What a service makes of one is
/// anybody's guess, and a signature over a guess is worth nothing, so here it is an error.
pub(crate) fn decode(text: &str, plus: Plus) -> Result<Cow<'_, [u8]>, InvalidEscape> {
    let special = |byte: u8| byte == b'%' || (byte == b'+' && plus == Plus::Space);
    if !text.bytes().any(special) {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'%' => {
                let high = digit(rest.next())?;
                let low = digit(rest.next())?;
                high << 4 | low
            }
            b'+' if plus == Plus::Space => b' ',
            byte => byte,
        });
    }
    Ok(Cow::Owned(decoded))
}

fn digit(byte: Option<u8>) -> Result<u8, InvalidEscape> {
    match byte {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        Some(byte @ b'a'..=b'f') => Ok(byte - b'a' + 10),
        Some(byte @ b'A'..=b'F') => Ok(byte - b'A' + 10),
        _ => Err(InvalidEscape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    use proptest::prelude::*;

    /// All the characters that the vendor's table names, and some that it does not.
    const PLAIN: &str = "a b/c?d=e&f+g~-_.!'()*$,:;<=>@[\\]^`{|}#\"";
    const ENCODED: &str = "a%20b%2Fc%3Fd%3De%26f%2Bg~-_.%21%27%28%29%2A%24%2C%3A%3B%3C%3D%3E%40\
                           %5B%5C%5D%5E%60%7B%7C%7D%23%22";

    #[test]
    fn the_reserved_characters_of_the_vendor_are_encoded() {
        assert_eq!(encode(PLAIN.as_bytes()), ENCODED);
        assert_eq!(decode(ENCODED, Plus::Plus).unwrap(), PLAIN.as_bytes());
    }

    #[test]
    fn utf_8_is_encoded_byte_by_byte() {
        assert_eq!(encode("照片/é".as_bytes()), "%E7%85%A7%E7%89%87%2F%C3%A9");
    }

    #[test]
    fn a_name_is_lower_cased_after_encoding() {
        assert_eq!(encode_name(b"versionId"), "versionid");
        assert_eq!(encode_name(b"A/B"), "a%2fb");
        assert!(matches!(encode_name(b"max-keys"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_plus_is_a_space_in_a_query_only() {
        assert_eq!(decode("a+b%2Bc", Plus::Space).unwrap(), &b"a b+c"[..]);
        assert_eq!(decode("a+b%2Bc", Plus::Plus).unwrap(), &b"a+b+c"[..]);
    }

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(decode("%252F", Plus::Plus).unwrap(), &b"%2F"[..]);
    }

    #[test]
    fn broken_escapes_are_refused() {
        for text in ["%", "%2", "a%", "%zz", "%2x", "%x2", "%%20", "%+1", "% 1"] {
            assert_eq!(decode(text, Plus::Space), Err(InvalidEscape), "{text}");
        }
    }

    proptest! {
        #[test]
        fn encoding_can_be_undone(bytes: Vec<u8>) {
            let encoded = encode(&bytes);
            prop_assert_eq!(decode(&encoded, Plus::Plus).unwrap(), &bytes[..]);
            prop_assert_eq!(decode(&encoded, Plus::Space).unwrap(), &bytes[..]);
        }

        #[test]
        fn only_unreserved_characters_and_escapes_are_written(bytes: Vec<u8>) {
            let mut out = Vec::new();
            encode_into(&bytes, &mut out);
            let encoded = encode(&bytes);
            prop_assert_eq!(&*out, encoded.as_bytes());
            prop_assert!(out.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(byte)));
        }

        #[test]
        fn decoding_never_panics(text: String) {
            let _ = decode(&text, Plus::Space);
        }
    }
}
