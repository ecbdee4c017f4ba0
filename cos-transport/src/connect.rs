//! From a URI to a connection: name lookup, TCP, and TLS where the scheme asks for it.
//!
//! All three share one time limit, and their failures are told apart here, where they arise.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::{self, Authority};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::BoxError;
use crate::chain::find;

/// How a new connection comes about.
#[derive(Clone)]
pub(crate) struct Connector {
    scheme: Scheme,
    limit: Duration,
}

/// What stands on TCP. A client speaks one of the two and never falls back to the other.
#[derive(Clone)]
enum Scheme {
    Http(DialTcp),
    Https(HttpsConnector<DialTcp>),
}

impl Connector {
    /// A connector for `https`, or without a `tls` for `http`, that dials `dial_to`, where given,
    /// whatever the URI says; the name that TLS verifies is always the URI's.
    pub(crate) fn new(
        tls: Option<Arc<ClientConfig>>,
        dial_to: Option<DialTo>,
        limit: Duration,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        // Requests are small, and latency is what a small object's download consists of.
        tcp.set_nodelay(true);
        // Divided among the addresses of a name, so that one that is dead leaves time for the next.
        tcp.set_connect_timeout(Some(limit));
        // Which scheme is spoken was looked at before.
        tcp.enforce_http(false);
        let tcp = DialTcp { tcp, dial_to };
        let scheme = match tls {
            None => Scheme::Http(tcp),
            Some(config) => {
                let mut https = HttpsConnector::from((tcp, config));
                https.enforce_https();
                Scheme::Https(https)
            }
        };
        Self { scheme, limit }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        match &mut self.scheme {
            Scheme::Http(tcp) => tcp.poll_ready(cx).map_err(|e| ConnectError::of(e.into())),
            Scheme::Https(tls) => tls.poll_ready(cx).map_err(ConnectError::of),
        }
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let limit = self.limit;
        let spoken = match &self.scheme {
            Scheme::Http(_) => uri::Scheme::HTTP,
            Scheme::Https(_) => uri::Scheme::HTTPS,
        };
        if uri.scheme() != Some(&spoken) {
            return Box::pin(std::future::ready(Err(ConnectError::Scheme(spoken))));
        }
        match &mut self.scheme {
            Scheme::Http(tcp) => {
                let connecting = tcp.call(uri);
                Box::pin(within(limit, async move {
                    Ok(MaybeHttpsStream::Http(connecting.await?))
                }))
            }
            Scheme::Https(tls) => Box::pin(within(limit, tls.call(uri))),
        }
    }
}

async fn within<T>(
    limit: Duration,
    connecting: impl Future<Output = Result<T, BoxError>>,
) -> Result<T, ConnectError> {
    match tokio::time::timeout(limit, connecting).await {
        // Every address of the name has had its share of the limit.
        Ok(Err(error)) if is_elapsed(&error) => Err(ConnectError::TimedOut(limit)),
        Ok(connected) => connected.map_err(ConnectError::of),
        Err(_elapsed) => Err(ConnectError::TimedOut(limit)),
    }
}

/// Whether a timer has run out; the system's own timeouts have a code.
fn is_elapsed(error: &BoxError) -> bool {
    find::<io::Error>(&**error).is_some_and(|error| {
        error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
    })
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// DNS, TCP and TLS together took longer than they may.
    #[error("no connection within {0:?}")]
    TimedOut(Duration),
    /// The request is for another scheme than the client was made for.
    #[error("this client speaks {0} only")]
    Scheme(uri::Scheme),
    /// The peer was reached, but it is not the one, or not one to talk to.
    #[error("the TLS handshake failed")]
    Tls(#[source] rustls::Error),
    /// The name was not found, or nobody answered.
    #[error("the connection failed")]
    Tcp(#[source] BoxError),
}

impl ConnectError {
    fn of(source: BoxError) -> Self {
        // A handshake that was cut off is no verdict on the peer; only rustls's own error is.
        match find::<rustls::Error>(&*source) {
            Some(verdict) => Self::Tls(verdict.clone()),
            None => Self::Tcp(source),
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

/// hyper-util's TCP connector, which may be sent elsewhere.
#[derive(Clone)]
pub(crate) struct DialTcp {
    tcp: HttpConnector,
    dial_to: Option<DialTo>,
}

impl Service<Uri> for DialTcp {
    type Response = TokioIo<TcpStream>;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = <HttpConnector as Service<Uri>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.tcp.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let uri = match &self.dial_to {
            Some(DialTo(authority)) => elsewhere(uri, authority),
            None => uri,
        };
        self.tcp.call(uri)
    }
}

/// `uri` with another authority; the connector reads nothing else but the scheme.
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
        let authority = Authority::from_static("127.0.0.1:9000");
        assert_eq!(
            elsewhere(uri, &authority).to_string(),
            "https://127.0.0.1:9000/a//b?x=1"
        );
    }
}
