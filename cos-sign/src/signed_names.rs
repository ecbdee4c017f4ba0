//! Which headers a signature covers.

use alloc::vec::Vec;

use http::{HeaderName, header};

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
    /// Sorted, without repetitions.
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

    /// The selected headers of a head, all of which must be there.
    pub(crate) fn select<'a>(&self, head: Head<'a>) -> Result<Pairs<'a>, SignError> {
        let required: &[HeaderName] = match &self.0 {
            Selection::Vendor => &[header::HOST],
            Selection::Named(names) => names,
        };
        match required.iter().find(|name| !head.has_field(name)) {
            None => Ok(head.fields().filter(|(name, _)| self.has(name)).collect()),
            Some(name) if name == header::HOST => Err(SignError::NoHost),
            Some(name) => Err(SignError::HeaderNotPresent { name: name.clone() }),
        }
    }

    fn has(&self, name: &[u8]) -> bool {
        match &self.0 {
            Selection::Vendor => is_signed_by_vendor(name),
            Selection::Named(names) => names
                .binary_search_by(|other| other.as_str().as_bytes().cmp(name))
                .is_ok(),
        }
    }
}

fn is_signed_by_vendor(name: &[u8]) -> bool {
    let listed = || VENDOR.binary_search_by(|other| other.as_bytes().cmp(name));
    name.starts_with(b"x-cos-") || name.starts_with(b"x-ci-") || listed().is_ok()
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
        let pairs = names.select(Head::from(request))?;
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
            .header("Access-Control-Request-Headers", "a")
            .header("Access-Control-Request-Method", "GET")
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
            "access-control-request-headers=a&access-control-request-method=GET\
             &host=h.example&range=bytes%3D0-3&x-ci-process=1&x-cos-acl=private"
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
        assert_eq!(names, SignedNames::headers([header::DATE]));
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
