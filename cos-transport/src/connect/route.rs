//! All of a way that is below the TLS to the service.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::HttpsConnector;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tower::ServiceExt as _;
use tower_service::Service;

use super::{ConnectError, Dial, ProxyFault, Stream, Way, Ways, tunnel};
use crate::BoxError;
use crate::proxy::Proxy;

/// A connection that leads to the service, or to a proxy that is handed requests for it.
#[derive(Clone)]
pub(super) struct Route {
    dial: Dial,
    ways: Ways,
    /// For proxies that are `https`.
    tls: Option<Arc<ClientConfig>>,
}

impl Route {
    pub(super) fn new(dial: Dial, ways: Ways, tls: Option<Arc<ClientConfig>>) -> Self {
        Self { dial, ways, tls }
    }

    async fn connect(self, uri: Uri) -> Result<Stream, ConnectError> {
        match self.ways.of(&uri) {
            Way::Direct => {
                let place = self.ways.dialled(&uri);
                self.dial.dial(place).await.map_err(ConnectError::Tcp)
            }
            Way::Forward(proxy) => Ok(self.reach(proxy).await?.forwarding()),
            Way::Tunnel(proxy) => {
                let mut stream = self.reach(proxy).await?;
                let target = host_and_port(&self.ways.dialled(&uri));
                tunnel::open(stream.io(), &target, proxy.authorization())
                    .await
                    .map_err(|refusal| at(proxy, ProxyFault::Refused(refusal)))?;
                Ok(stream)
            }
        }
    }

    /// A connection to a proxy, on which nothing has been said.
    async fn reach(&self, proxy: &Proxy) -> Result<Stream, ConnectError> {
        let dial = self.dial.clone();
        let connected = match &self.tls {
            Some(tls) if proxy.is_https() => {
                let below = tower::service_fn(move |uri| dial.clone().dial(uri));
                let https = HttpsConnector::from((below, Arc::clone(tls)));
                let connected = https.oneshot(proxy.uri().clone()).await;
                connected.map(|stream| Stream::new(TokioIo::new(stream)))
            }
            // In clear text only where that was asked for.
            None if proxy.is_https() => Err(BoxError::from("there is no TLS for it")),
            _ => dial.dial(proxy.uri().clone()).await,
        };
        connected.map_err(|error| {
            let error = Box::new(ConnectError::of(error));
            at(proxy, ProxyFault::Connect(error))
        })
    }
}

impl Service<Uri> for Route {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

fn at(proxy: &Proxy, fault: ProxyFault) -> ConnectError {
    ConnectError::Proxy {
        proxy: proxy.clone(),
        fault,
    }
}

/// What a tunnel is asked for: `CONNECT` always has a port (RFC 9110, 9.3.6).
fn host_and_port(uri: &Uri) -> String {
    let default = if uri.scheme() == Some(&Scheme::HTTP) {
        80
    } else {
        443
    };
    let host = uri.host().unwrap_or_default();
    format!("{host}:{}", uri.port_u16().unwrap_or(default))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_is_asked_for_with_a_port() {
        for (uri, target) in [
            ("https://cos.example/a", "cos.example:443"),
            ("http://cos.example/a", "cos.example:80"),
            ("https://cos.example:8443/a", "cos.example:8443"),
            ("https://[::1]/a", "[::1]:443"),
        ] {
            assert_eq!(host_and_port(&uri.parse().unwrap()), target);
        }
    }
}
