//! Percent-encoding both ways, queries, and Base64.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// What a listing with `encoding-type=url` encodes: all but the unreserved characters and `/`.
const LISTING: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Encodes a key or prefix as listings do when asked for `encoding-type=url`.
pub(crate) fn encode_listing(text: &str) -> String {
    utf8_percent_encode(text, LISTING).to_string()
}

/// Decodes a path, once. `None` for a bad escape, and for what is not UTF-8.
pub(crate) fn decode_path(path: &str) -> Option<String> {
    let escapes = path.split('%').skip(1);
    for escape in escapes {
        let mut digits = escape.bytes();
        if !(digits.next()?.is_ascii_hexdigit() && digits.next()?.is_ascii_hexdigit()) {
            return None;
        }
    }
    String::from_utf8(percent_decode(path.as_bytes()).collect()).ok()
}

/// Decodes a query as the service and the vendor's SDKs take it: a form, where `+` is a space.
/// `None` for a bad escape, and for what is not UTF-8.
pub(crate) fn decode_query(query: &str) -> Option<Vec<(String, String)>> {
    let decode = |text: &str| decode_path(&text.replace('+', " "));
    let fields = query.split('&').filter(|field| !field.is_empty());
    fields
        .map(|field| {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            Some((decode(name)?, decode(value)?))
        })
        .collect()
}

/// Encodes in Base64, with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut bits = 0_u32;
        for index in 0..3 {
            bits = bits << 8 | u32::from(group.get(index).copied().unwrap_or_default());
        }
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 0x3f;
            let letter = usize::try_from(value)
                .ok()
                .and_then(|value| ALPHABET.get(value));
            match letter {
                Some(letter) if digit <= group.len() => text.push(char::from(*letter)),
                _ => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the listing's documentation (436/7734).
    #[test]
    fn listings_keep_slashes_and_encode_spaces() {
        assert_eq!(encode_listing("Tencent Cloud.jpg"), "Tencent%20Cloud.jpg");
        assert_eq!(
            encode_listing("照片/2020年/a+b"),
            "%E7%85%A7%E7%89%87/2020%E5%B9%B4/a%2Bb"
        );
    }

    #[test]
    fn paths_are_decoded_once_and_strictly() {
        assert_eq!(decode_path("/a%252F+%2f").as_deref(), Some("/a%2F+/"));
        for bad in ["%", "%2", "%zz", "%+1", "a%", "%ff"] {
            assert_eq!(decode_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn queries_are_forms() {
        let decoded = decode_query("a=1+2%2B3&b&&c=x=y&a=").unwrap();
        let expected = [("a", "1 2+3"), ("b", ""), ("c", "x=y"), ("a", "")];
        assert_eq!(
            decoded,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(decode_query("a=%"), None);
    }

    /// The vectors of RFC 4648, section 10.
    #[test]
    fn base64_as_in_the_rfc() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in vectors {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
