//! Which headers a signature covers.

use alloc::vec::Vec;

use http::{HeaderName, HeaderValue, header};

use crate::{Head, SignError, pairs::Pairs};

/// Which headers of a request are signed. Query parameters are always signed, all of them.
///
/// The algorithm leaves the choice to the client: what the signature names is checked, the rest may
/// change on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedNames(Selection);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Selection {
    #[default]
    Vendor,
    /// Without repetitions.
    Named(Vec<HeaderName>),
}

impl SignedNames {
    /// What the vendor's SDKs sign of the headers that a request has: the union of the lists of the
    /// Go SDK (`auth.go`) and the Python SDK (`cos_auth.py`), everything that starts with `x-cos-`
    /// or `x-ci-`, and the host in any case.
    ///
    /// `User-Agent`, `Accept-Encoding`, `Referer`, `Date` and the like, which clients and proxies
    /// write as they please, stay unsigned.
    #[must_use]
    pub const fn vendor() -> Self {
        Self(Selection::Vendor)
    }

    /// Exactly the headers named here; a request that lacks one of them is not signed.
    ///
    /// `Authorization`, which holds the signature, is left out. An empty list signs no header, not
    /// even the host.
    pub fn headers(names: impl IntoIterator<Item = HeaderName>) -> Self {
        let mut names: Vec<_> = names
            .into_iter()
            .filter(|name| name != header::AUTHORIZATION)
            .collect();
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        names.dedup();
        Self(Selection::Named(names))
    }

    /// The selected headers of a head. The host comes from the URI where there is no such header.
    pub(crate) fn select<'a>(&'a self, head: Head<'a>) -> Result<Pairs<'a>, SignError> {
        let mut selected = Pairs::default();
        match &self.0 {
            Selection::Vendor => {
                for (name, value) in head.headers() {
                    if is_signed_by_vendor(name.as_str()) {
                        push(&mut selected, name, value);
                    }
                }
                if !head.headers().contains_key(header::HOST) {
                    push_host_of_uri(&mut selected, head)?;
                }
            }
            Selection::Named(names) => {
                for name in names {
                    let values = head.headers().get_all(name);
                    if values.iter().next().is_some() {
                        values
                            .iter()
                            .for_each(|value| push(&mut selected, name, value));
                    } else if name == header::HOST {
                        push_host_of_uri(&mut selected, head)?;
                    } else {
                        return Err(SignError::HeaderNotPresent { name: name.clone() });
                    }
                }
            }
        }
        Ok(selected)
    }
}

/// Adds a header. Blanks around a value are not part of it (RFC 9110, 5.5): the other side does not
/// see them, so they are not signed.
pub(crate) fn push<'a>(pairs: &mut Pairs<'a>, name: &'a HeaderName, value: &'a HeaderValue) {
    let value = value.as_bytes().trim_ascii();
    pairs.push(name.as_str().as_bytes().into(), value.into());
}

fn push_host_of_uri<'a>(pairs: &mut Pairs<'a>, head: Head<'a>) -> Result<(), SignError> {
    let host = head.host_of_uri().ok_or(SignError::NoHost)?;
    pairs.push(header::HOST.as_str().as_bytes().into(), host);
    Ok(())
}

fn is_signed_by_vendor(name: &str) -> bool {
    name.starts_with("x-cos-") || name.starts_with("x-ci-") || VENDOR.binary_search(&name).is_ok()
}

/// The names that the vendor's SDKs sign, sorted.
const VENDOR: [&str; 19] = [
    "access-control-request-headers",
    "access-control-request-method",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "expect",
    "expires",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "origin",
    "pic-operations",
    "range",
    "transfer-encoding",
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use http::Request;

    fn selected(names: &SignedNames, request: &Request<()>) -> Result<String, SignError> {
        let mut pairs = names.select(Head::from(request))?;
        pairs.sort();
        let mut line = Vec::new();
        pairs.write_into(&mut line);
        Ok(String::from_utf8(line).unwrap())
    }

    #[test]
    fn the_vendors_names_are_sorted() {
        assert!(VENDOR.is_sorted());
    }

    #[test]
    fn the_vendor_signs_its_list_and_its_prefixes_and_the_host() {
        let request = Request::get("https://h.example/")
            .header("Range", "bytes=0-3")
            .header("X-Cos-Acl", "private")
            .header("x-ci-Process", "1")
            .header("x-cosmetic", "1")
            .header("User-Agent", "x/1")
            .header("Date", "Thu, 16 May 2019 06:45:51 GMT")
            .header("Accept-Encoding", "identity")
            .header("Authorization", "q-sign-algorithm=sha1")
            .body(())
            .unwrap();
        assert_eq!(
            selected(&SignedNames::vendor(), &request).unwrap(),
            "host=h.example&range=bytes%3D0-3&x-ci-process=1&x-cos-acl=private"
        );
        assert_eq!(SignedNames::default(), SignedNames::vendor());
    }

    #[test]
    fn the_host_header_comes_before_the_uri() {
        let request = Request::get("https://h.example/")
            .header("Host", "other.example:8080")
            .body(())
            .unwrap();
        for names in [SignedNames::vendor(), SignedNames::headers([header::HOST])] {
            assert_eq!(
                selected(&names, &request).unwrap(),
                "host=other.example%3A8080"
            );
        }
    }

    #[test]
    fn a_request_without_a_host_is_refused_if_the_host_is_to_be_signed() {
        let request = Request::get("/").body(()).unwrap();
        for names in [SignedNames::vendor(), SignedNames::headers([header::HOST])] {
            assert_eq!(selected(&names, &request), Err(SignError::NoHost));
        }
        assert_eq!(selected(&SignedNames::headers([]), &request).unwrap(), "");
    }

    #[test]
    fn named_headers_are_signed_and_no_others() {
        let request = Request::get("https://h.example/")
            .header("Date", "now")
            .header("Range", "bytes=0-3")
            .header("Authorization", "old")
            .body(())
            .unwrap();
        let names = [header::DATE, header::AUTHORIZATION, header::DATE];
        let names = SignedNames::headers(names);
        assert_eq!(selected(&names, &request).unwrap(), "date=now");

        let names = SignedNames::headers([header::IF_MATCH]);
        assert_eq!(
            selected(&names, &request),
            Err(SignError::HeaderNotPresent {
                name: header::IF_MATCH
            })
        );
    }

    #[test]
    fn every_value_of_a_repeated_header_is_signed() {
        let request = Request::get("https://h.example/")
            .header("x-cos-meta-a", "2")
            .header("x-cos-meta-a", "1")
            .body(())
            .unwrap();
        assert_eq!(
            selected(&SignedNames::vendor(), &request).unwrap(),
            "host=h.example&x-cos-meta-a=1&x-cos-meta-a=2"
        );
    }

    #[test]
    fn blanks_around_a_value_are_not_signed() {
        let request = Request::get("https://h.example/")
            .header("x-cos-meta-a", " \t1 2\t ")
            .body(())
            .unwrap();
        assert_eq!(
            selected(&SignedNames::vendor(), &request).unwrap(),
            "host=h.example&x-cos-meta-a=1%202"
        );
    }
}
