//! The head of a request: what is signed, and never changed by signing.

use alloc::{borrow::Cow, format};
use core::fmt;

use http::{HeaderMap, HeaderName, Method, Request, Uri, header, request, uri::Scheme};

use crate::{
    encode::{Plus, decode},
    pairs::Param,
};

/// A view of a request's method, URI and headers.
///
/// The URI must be final: exactly what goes to the wire. Signing reads it and never rewrites it, so
/// that a key such as `a//b` or `x/./y` stays the key it is. The URI may be absolute, as a client
/// has it, or a path and a query, as a server has it.
///
/// `Debug` shows the method, the path and the names of the headers: a query may hold a signature,
/// and a header a secret.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// The head made of these parts.
    #[must_use]
    pub const fn new(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        Self {
            method,
            uri,
            headers,
        }
    }

    pub(crate) const fn method(self) -> &'a Method {
        self.method
    }

    pub(crate) const fn uri(self) -> &'a Uri {
        self.uri
    }

    pub(crate) const fn headers(self) -> &'a HeaderMap {
        self.headers
    }

    /// The header fields as the receiver sees them: the host of the URI among them where there is
    /// no such header, and no value with blanks around it, which are not part of it (RFC 9110,
    /// 5.5).
    pub(crate) fn fields(self) -> impl Iterator<Item = Param<'a>> {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name, value.as_bytes().trim_ascii().into()));
        let host = if self.headers.contains_key(header::HOST) {
            None
        } else {
            self.host_of_uri()
        };
        headers
            .chain(host.map(|host| (&header::HOST, host)))
            .map(|(name, value)| (name.as_str().as_bytes().into(), value))
    }

    /// Whether [`Head::fields`] has a field of this name.
    pub(crate) fn has_field(self, name: &HeaderName) -> bool {
        self.headers.contains_key(name) || (name == header::HOST && self.uri.host().is_some())
    }

    /// The path as it is signed: decoded, any bytes.
    pub(crate) fn path(self) -> Result<Cow<'a, [u8]>, Defect> {
        let path = self.uri.path();
        if !path.starts_with('/') {
            return Err(Defect::NoPath);
        }
        decode(path, Plus::Plus).map_err(|_| Defect::InvalidEscape { part: "path" })
    }

    /// The parameters of the query, decoded as a form: `+` is a space, as the vendor's Go SDK and
    /// the presigned URLs of its Python SDK have it. A parameter without `=` has an empty value;
    /// between two `&` without anything in between there is none.
    pub(crate) fn params(self) -> impl Iterator<Item = Result<Param<'a>, Defect>> {
        let query = self.uri.query().unwrap_or_default();
        query
            .split('&')
            .filter(|param| !param.is_empty())
            .map(|param| {
                let (name, value) = param.split_once('=').unwrap_or((param, ""));
                let decode = |text| {
                    decode(text, Plus::Space).map_err(|_| Defect::InvalidEscape { part: "query" })
                };
                Ok((decode(name)?, decode(value)?))
            })
    }

    /// The host an HTTP client sends for a request without a `Host` header: the authority of the
    /// URI without the user, and without the port if it is the default of the scheme.
    fn host_of_uri(self) -> Option<Cow<'a, [u8]>> {
        let host = self.uri.host()?;
        let default_port = if self.uri.scheme() == Some(&Scheme::HTTPS) {
            443
        } else {
            80
        };
        Some(match self.uri.port_u16() {
            Some(port) if port != default_port => Cow::Owned(format!("{host}:{port}").into_bytes()),
            _ => Cow::Borrowed(host.as_bytes()),
        })
    }
}

/// What is wrong with a head that cannot be signed, nor verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    NoPath,
    InvalidEscape { part: &'static str },
}

impl<'a, B> From<&'a Request<B>> for Head<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self::new(request.method(), request.uri(), request.headers())
    }
}

impl<'a> From<&'a request::Parts> for Head<'a> {
    fn from(parts: &'a request::Parts) -> Self {
        Self::new(&parts.method, &parts.uri, &parts.headers)
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Names<'a>(&'a HeaderMap);

        impl fmt::Debug for Names<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list()
                    .entries(self.0.keys().map(|name| name.as_str()))
                    .finish()
            }
        }

        f.debug_struct("Head")
            .field("method", self.method)
            .field("path", &self.uri.path())
            .field("headers", &Names(self.headers))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{
        string::{String, ToString},
        vec::Vec,
    };

    fn request(uri: &str) -> Request<()> {
        Request::get(uri).body(()).unwrap()
    }

    fn path(uri: &str) -> Result<Vec<u8>, Defect> {
        let request = request(uri);
        Ok(Head::from(&request).path()?.into_owned())
    }

    fn params(uri: &str) -> Result<Vec<(String, String)>, Defect> {
        let text = |bytes: Cow<'_, [u8]>| String::from_utf8(bytes.into_owned()).unwrap();
        Head::from(&request(uri))
            .params()
            .map(|param| param.map(|(name, value)| (text(name), text(value))))
            .collect()
    }

    #[test]
    fn the_path_is_decoded_and_not_normalised() {
        assert_eq!(
            path("http://h/a//b/./c/../%2e%2E").unwrap(),
            b"/a//b/./c/../.."
        );
        assert_eq!(path("/a+b%2Fc%252F").unwrap(), b"/a+b/c%2F");
        assert_eq!(path("/%FF%00").unwrap(), b"/\xFF\0");
        assert_eq!(path("//x").unwrap(), b"//x");
        assert_eq!(path("http://h").unwrap(), b"/");
        assert_eq!(path("http://h?a").unwrap(), b"/");
    }

    #[test]
    fn a_target_without_a_path_is_refused() {
        assert_eq!(path("*"), Err(Defect::NoPath));
        assert_eq!(path("host:80"), Err(Defect::NoPath));
    }

    #[test]
    fn broken_escapes_are_refused() {
        assert_eq!(path("/a%2"), Err(Defect::InvalidEscape { part: "path" }));
        let refused = Err(Defect::InvalidEscape { part: "query" });
        assert_eq!(params("/?%zz=1"), refused);
        assert_eq!(params("/?a=1&b=%"), refused);
    }

    #[test]
    fn the_query_is_decoded_as_a_form() {
        let expected = [
            ("acl", ""),
            ("", "v"),
            ("a", "1 2+3/"),
            ("a", "="),
            ("%2F", "%2F"),
        ]
        .map(|(name, value)| (name.to_string(), value.to_string()));
        assert_eq!(
            params("/?acl&&=v&a=1+2%2B3%2F&a==&%252F=%252F&").unwrap(),
            expected
        );
        assert_eq!(params("/").unwrap(), []);
        assert_eq!(params("/?").unwrap(), []);
    }

    #[test]
    fn the_host_is_what_a_client_sends() {
        for (uri, host) in [
            ("https://h.example/", Some("h.example")),
            ("https://h.example:443/", Some("h.example")),
            ("https://h.example:80/", Some("h.example:80")),
            ("http://h.example:80/", Some("h.example")),
            ("http://h.example:443/", Some("h.example:443")),
            ("http://127.0.0.1:9000/", Some("127.0.0.1:9000")),
            ("http://[::1]:9000/", Some("[::1]:9000")),
            ("http://user:word@h.example/", Some("h.example")),
            ("/", None),
        ] {
            let request = request(uri);
            let host = host.map(str::as_bytes);
            assert_eq!(Head::from(&request).host_of_uri().as_deref(), host, "{uri}");
        }
    }
}
