//! StringToSign: what the signature is made of.

use alloc::{format, string::String};

use sha1::{Digest, Sha1};

use crate::KeyTime;

/// The StringToSign: algorithm, key time and the hash of the HttpString. No secret: it tells
/// nothing of the HttpString but its hash.
pub(crate) fn string_to_sign(key_time: KeyTime, http_string: &[u8]) -> String {
    format!("sha1\n{key_time}\n{}\n", sha1_hex(http_string))
}

pub(crate) fn sha1_hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha1::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Example 1 of the vendor's documents (436/7778).
    #[test]
    fn the_vendors_example_gives_its_string() {
        let key_time = "1557989151;1557996351".parse().unwrap();
        let http_string = "put\n/exampleobject(腾讯云)\n\n\
            content-length=13&content-md5=mQ%2FfVh815F3k6TAUm8m0eg%3D%3D&content-type=text%2Fplain&\
            date=Thu%2C%2016%20May%202019%2006%3A45%3A51%20GMT&\
            host=examplebucket-1250000000.cos.ap-beijing.myqcloud.com&x-cos-acl=private&\
            x-cos-grant-read=uin%3D%22100000000011%22\n";
        assert_eq!(
            string_to_sign(key_time, http_string.as_bytes()),
            "sha1\n1557989151;1557996351\n8b2751e77f43a0995d6e9eb9477f4b685cca4172\n"
        );
    }
}
