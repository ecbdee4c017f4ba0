//! Signature: the keyed hash, as text.

use alloc::string::String;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The hexadecimal HMAC-SHA1 of `message`: 40 lower-case digits.
///
/// Both SignKey and Signature are made this way. It is wiped when dropped, since the first is a
/// key, and the second is one for as long as it is valid.
pub(crate) fn hmac_hex(key: &[u8], message: &[u8]) -> Zeroizing<String> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key of any length");
    mac.update(message);
    let digest = Zeroizing::new(<[u8; 20]>::from(mac.finalize().into_bytes()));
    Zeroizing::new(base16ct::lower::encode_string(digest.as_slice()))
}

/// Whether two secrets are equal, in a time that depends on nothing but their lengths.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Example 2 of the vendor's documents (436/7778), with the key that belongs to it.
    #[test]
    fn the_vendors_example_gives_its_signature() {
        let sign_key = hmac_hex(
            b"BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz",
            b"1557989753;1557996953",
        );
        let string_to_sign =
            b"sha1\n1557989753;1557996953\n54ecfe22f59d3514fdc764b87a32d8133ea611e6\n";
        assert_eq!(
            *hmac_hex(sign_key.as_bytes(), string_to_sign),
            "01681b8c9d798a678e43b685a9f1bba0f6c0e012"
        );
    }

    /// RFC 2202, cases 2 and 6: keys shorter and longer than a block.
    #[test]
    fn the_rfcs_cases_give_their_digests() {
        assert_eq!(
            *hmac_hex(b"Jefe", b"what do ya want for nothing?"),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
        assert_eq!(
            *hmac_hex(
                &[0xaa; 80],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            ),
            "aa4ae5e15272d00e95705637ce8a3b55ed402112"
        );
    }

    #[test]
    fn secrets_are_the_same_only_in_every_byte() {
        assert!(same(b"abc", b"abc"));
        assert!(same(b"", b""));
        for other in ["abd", "Abc", "ab", "abcd", ""] {
            assert!(!same(b"abc", other.as_bytes()), "{other}");
        }
    }
}
