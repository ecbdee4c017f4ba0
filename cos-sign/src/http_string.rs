//! HttpString: the canonical form of a request.

use alloc::vec::Vec;

use http::Method;
use zeroize::Zeroizing;

use crate::pairs::Pairs;

/// The HttpString: lower-cased method, decoded path, parameters and headers, each ended by a line
/// feed, the empty ones too.
///
/// It is a secret: a session token or an SSE-C key may be among the headers. The text is therefore
/// made in one place that is wiped later, and never moves to a larger one.
pub(crate) fn http_string(
    method: &Method,
    path: &[u8],
    params: &Pairs<'_>,
    headers: &Pairs<'_>,
) -> Zeroizing<Vec<u8>> {
    let method = method.as_str().as_bytes();
    let length = method.len() + path.len() + params.max_length() + headers.max_length() + 4;
    let mut text = Zeroizing::new(Vec::with_capacity(length));
    text.extend(method.iter().map(u8::to_ascii_lowercase));
    text.push(b'\n');
    text.extend_from_slice(path);
    text.push(b'\n');
    params.write_into(&mut text);
    text.push(b'\n');
    headers.write_into(&mut text);
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::string_to_sign::sha1_hex;

    fn pairs<'a>(pairs: &[(&'a str, &'a str)]) -> Pairs<'a> {
        let bytes =
            |&(name, value): &(&'a str, &'a str)| (name.as_bytes().into(), value.as_bytes().into());
        pairs.iter().map(bytes).collect()
    }

    /// Published with its hash in the tests of Teco, a Swift SDK.
    #[test]
    fn a_decoded_path_and_a_parameter_without_a_value_give_the_published_hash() {
        let params = pairs(&[("item", "apple"), ("hello", "")]);
        let path = "/示例文件.mp4".as_bytes();
        let text = http_string(&Method::GET, path, &params, &pairs(&[]));
        assert_eq!(
            *text,
            "get\n/示例文件.mp4\nhello=&item=apple\n\n".as_bytes()
        );
        assert_eq!(sha1_hex(&text), "d668fafd5fb6c543b39b14f2d7eec8b6472d350b");
    }

    /// Published as a hash alone in the tests of qcos, a Rust SDK.
    #[test]
    fn blanks_and_upper_case_names_give_the_published_hash() {
        let params = pairs(&[("a", "a "), ("B", " b")]);
        let headers = pairs(&[("h", "h"), ("user-agent", "test")]);
        let text = http_string(&Method::GET, b"/path", &params, &headers);
        assert_eq!(sha1_hex(&text), "963bfe30ee40d402ee00506981bab650e72134f6");
    }

    #[test]
    fn empty_parts_keep_their_line() {
        let text = http_string(&Method::GET, b"/x", &pairs(&[]), &pairs(&[]));
        assert_eq!(*text, b"get\n/x\n\n\n");
    }
}
