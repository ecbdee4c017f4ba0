//! The intermediate strings of a signature, for explaining a mismatch.

use alloc::{string::String, vec::Vec};
use core::fmt;

use zeroize::Zeroizing;

use crate::{
    Head, KeyTime, head::Defect, http_string::http_string, pairs::Pairs,
    string_to_sign::string_to_sign,
};

/// What is signed, step by step: to be held against what the service says it has computed.
///
/// The service answers a wrong signature with its own `StringToSign` and `FormatString` (the
/// HttpString); beside these, the values here show where the two differ.
///
/// `Debug` shows the names and the StringToSign, which holds nothing but a span of time and a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Explanation {
    http_string: Zeroizing<Vec<u8>>,
    string_to_sign: String,
    header_list: String,
    param_list: String,
}

impl Explanation {
    /// Takes the steps from a head to its StringToSign, given what of it is to be signed.
    pub(crate) fn new(
        head: Head<'_>,
        params: &Pairs<'_>,
        headers: &Pairs<'_>,
        key_time: KeyTime,
    ) -> Result<Self, Defect> {
        let http_string = http_string(head.method(), &head.path()?, params, headers);
        Ok(Self {
            string_to_sign: string_to_sign(key_time, &http_string),
            http_string,
            header_list: headers.list(),
            param_list: params.list(),
        })
    }

    /// The HttpString: method, decoded path, parameters and headers.
    ///
    /// **It is a secret**: it holds the session token and an SSE-C key where the request has them.
    /// It is not always UTF-8, as a path is any bytes.
    #[must_use]
    pub fn http_string(&self) -> &[u8] {
        &self.http_string
    }

    /// The StringToSign: algorithm, key time and the SHA-1 of the HttpString. Safe to show.
    #[must_use]
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// The names of the signed headers, sorted and joined by `;`, as `q-header-list` has them.
    #[must_use]
    pub fn header_list(&self) -> &str {
        &self.header_list
    }

    /// The names of the signed parameters, sorted and joined by `;`, as `q-url-param-list` has
    /// them.
    #[must_use]
    pub fn param_list(&self) -> &str {
        &self.param_list
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("string_to_sign", &self.string_to_sign)
            .field("header_list", &self.header_list)
            .field("param_list", &self.param_list)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    /// Example 2 of the vendor's documents (436/7778), from the request to the hash.
    #[test]
    fn the_vendors_example_is_explained_step_by_step() {
        let uri = "/exampleobject%28%E8%85%BE%E8%AE%AF%E4%BA%91%29\
                   ?response-content-type=application%2Foctet-stream\
                   &response-cache-control=max-age%3D600";
        let request = Request::get(uri)
            .header(
                "Host",
                "examplebucket-1250000000.cos.ap-beijing.myqcloud.com",
            )
            .header("Date", "Thu, 16 May 2019 06:55:53 GMT")
            .body(())
            .unwrap();
        let head = Head::from(&request);
        let params = head.params().map(Result::unwrap).collect();
        let headers = head.fields().collect();

        let key_time = "1557989753;1557996953".parse().unwrap();
        let explanation = Explanation::new(head, &params, &headers, key_time).unwrap();
        assert_eq!(
            explanation.http_string(),
            "get\n/exampleobject(腾讯云)\n\
             response-cache-control=max-age%3D600&response-content-type=application%2Foctet-stream\n\
             date=Thu%2C%2016%20May%202019%2006%3A55%3A53%20GMT\
             &host=examplebucket-1250000000.cos.ap-beijing.myqcloud.com\n"
                .as_bytes()
        );
        assert_eq!(
            explanation.string_to_sign(),
            "sha1\n1557989753;1557996953\n54ecfe22f59d3514fdc764b87a32d8133ea611e6\n"
        );
        assert_eq!(explanation.header_list(), "date;host");
        assert_eq!(
            explanation.param_list(),
            "response-cache-control;response-content-type"
        );
    }
}
