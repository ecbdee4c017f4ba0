//! The head of a request: what is signed, and never changed by signing.

use alloc::{borrow::Cow, format};
use core::fmt;

use http::{HeaderMap, Method, Request, Uri, header, request, uri::Scheme};

/// A view of a request's method, URI and headers.
///
/// The URI must be final: exactly what goes to the wire. Signing reads it and never rewrites it, so
/// that a key such as `a//b` or `x/./y` stays the key it is.
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

    /// The host an HTTP client would send for a head without a `Host` header: the authority of the
    /// URI without user and without the scheme's default port.
    pub(crate) fn host_of_uri(self) -> Option<Cow<'a, str>> {
        let host = self.uri.host()?;
        let default_port = if self.uri.scheme() == Some(&Scheme::HTTPS) {
            443
        } else {
            80
        };
        Some(match self.uri.port_u16() {
            Some(port) if port != default_port => Cow::Owned(format!("{host}:{port}")),
            _ => Cow::Borrowed(host),
        })
    }
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
        f.debug_struct("Head")
            .field("method", self.method)
            .field("host", &self.headers.get(header::HOST).is_some())
            .finish_non_exhaustive()
    }
}
