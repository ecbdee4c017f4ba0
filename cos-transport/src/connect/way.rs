//! Where the way to a request's host leads through.

use std::fmt;
use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::proxy::{Proxies, Proxy};

/// The way of every request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ways(Arc<Settings>);

#[derive(Debug, Default)]
struct Settings {
    proxies: Proxies,
    dial_to: Option<DialTo>,
}

/// Where the way of one request leads through.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way<'a> {
    /// To the host itself.
    Direct,
    /// To a proxy that is handed the request, with its whole URI.
    Forward(&'a Proxy),
    /// To a proxy that passes bytes on to the host and back.
    Tunnel(&'a Proxy),
}

impl<'a> Way<'a> {
    pub(crate) fn proxy(self) -> Option<&'a Proxy> {
        match self {
            Self::Direct => None,
            Self::Forward(proxy) | Self::Tunnel(proxy) => Some(proxy),
        }
    }
}

impl Ways {
    pub(crate) fn new(proxies: Proxies, dial_to: Option<DialTo>) -> Self {
        Self(Arc::new(Settings { proxies, dial_to }))
    }

    /// The way of a request to `uri`.
    pub(crate) fn of(&self, uri: &Uri) -> Way<'_> {
        let dial_to = self.0.dial_to.as_ref();
        let dialled = match dial_to {
            Some(place) => place.0.host(),
            None => uri.host().unwrap_or_default(),
        };
        match self.0.proxies.proxy_of(uri, dialled) {
            None => Way::Direct,
            // A proxy that is handed a request dials what the request says, and that is another
            // place then: only a tunnel leads there. curl does the same.
            Some(proxy) if dial_to.is_some() => Way::Tunnel(proxy),
            Some(proxy) if uri.scheme() == Some(&Scheme::HTTP) => Way::Forward(proxy),
            Some(proxy) => Way::Tunnel(proxy),
        }
    }

    /// `uri`, with the authority of the place to dial for it.
    pub(super) fn dialled(&self, uri: &Uri) -> Uri {
        match &self.0.dial_to {
            Some(DialTo(authority)) => elsewhere(uri.clone(), authority),
            None => uri.clone(),
        }
    }
}

/// A host and port to dial in place of the URI's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DialTo(Authority);

impl DialTo {
    /// Reads `host:port`; the port is needed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let complete = authority.port_u16().is_some()
            && !authority.host().is_empty()
            && !authority.as_str().contains('@');
        complete.then_some(Self(authority))
    }
}

impl fmt::Display for DialTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `uri` with another authority; connectors read nothing else but the scheme.
fn elsewhere(uri: Uri, authority: &Authority) -> Uri {
    let mut parts = uri.into_parts();
    parts.authority = Some(authority.clone());
    // Scheme and path were there or not before, and still are: this cannot fail. Should it ever,
    // a URI without a host is refused by the connector, and nobody is dialled by mistake.
    Uri::from_parts(parts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dial_to_needs_host_and_port() {
        assert!(DialTo::parse("127.0.0.1:9000").is_some());
        assert!(DialTo::parse("[::1]:9000").is_some());
        assert!(DialTo::parse("cos.example:443").is_some());
        for wrong in [
            "",
            "host",
            "host:",
            ":80",
            "host:99999",
            "user@host:80",
            "http://host:80",
        ] {
            assert_eq!(DialTo::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_the_authority_changes() {
        let uri = Uri::from_static("https://bucket.cos.example/a//b?x=1");
        let ways = Ways::new(Proxies::none(), DialTo::parse("127.0.0.1:9000"));
        assert_eq!(
            ways.dialled(&uri).to_string(),
            "https://127.0.0.1:9000/a//b?x=1"
        );
        assert_eq!(Ways::default().dialled(&uri), uri);
    }

    #[test]
    fn only_a_request_in_clear_text_to_its_own_host_is_handed_over() {
        let proxies = || Proxies::all(Proxy::new("http://proxy:1").unwrap());
        let http = Uri::from_static("http://cos.example/");
        let https = Uri::from_static("https://cos.example/");
        let ways = Ways::new(proxies(), None);
        assert!(matches!(ways.of(&http), Way::Forward(_)));
        assert!(matches!(ways.of(&https), Way::Tunnel(_)));
        let ways = Ways::new(proxies(), DialTo::parse("10.0.0.1:80"));
        assert!(matches!(ways.of(&http), Way::Tunnel(_)));
        assert!(matches!(ways.of(&https), Way::Tunnel(_)));
        assert!(matches!(Ways::default().of(&https), Way::Direct));
    }
}
