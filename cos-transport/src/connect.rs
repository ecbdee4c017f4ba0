//! From a URI to a connection: name lookup, TCP, a proxy's tunnel, and TLS where the scheme asks
//! for it.
//!
//! All of them share one time limit, and their failures are told apart here, where they arise.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use rustls::ClientConfig;
use tower::ServiceExt as _;
use tower_service::Service;

use crate::BoxError;
use crate::chain::find;
use crate::proxy::Proxy;

mod dial;
mod own;
mod route;
mod stream;
mod tunnel;
mod way;

pub(crate) use dial::Dial;
pub(crate) use own::OwnConnector;
use route::Route;
use stream::Stream;
pub(crate) use tunnel::Refusal;
pub(crate) use way::{DialTo, Way, Ways};

/// How a new connection comes about.
#[derive(Clone)]
pub(crate) struct Connector {
    spoken: Spoken,
    ways: Ways,
    limit: Duration,
}

/// What stands on the way to the service. A client speaks one of the two and never falls back to
/// the other.
#[derive(Clone)]
enum Spoken {
    Http(Route),
    Https(HttpsConnector<Route>),
}

impl Connector {
    /// A connector for `http`, by the ways of `ways`. `tls` is for proxies that are `https`.
    pub(crate) fn http(
        dial: Dial,
        ways: Ways,
        tls: Option<Arc<ClientConfig>>,
        limit: Duration,
    ) -> Self {
        Self {
            spoken: Spoken::Http(Route::new(dial, ways.clone(), tls)),
            ways,
            limit,
        }
    }

    /// A connector for `https`, by the ways of `ways`. The name that TLS verifies is the URI's,
    /// whatever the way.
    pub(crate) fn https(dial: Dial, ways: Ways, tls: Arc<ClientConfig>, limit: Duration) -> Self {
        let route = Route::new(dial, ways.clone(), Some(Arc::clone(&tls)));
        let mut https = HttpsConnector::from((route, tls));
        https.enforce_https();
        Self {
            spoken: Spoken::Https(https),
            ways,
            limit,
        }
    }

    /// The way of every request.
    pub(crate) fn ways(&self) -> &Ways {
        &self.ways
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // What is below waits inside of the call, where the limit covers it.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let spoken = match &self.spoken {
            Spoken::Http(_) => Scheme::HTTP,
            Spoken::Https(_) => Scheme::HTTPS,
        };
        if uri.scheme() != Some(&spoken) {
            return Box::pin(std::future::ready(Err(ConnectError::Scheme(spoken))));
        }
        match &self.spoken {
            Spoken::Http(route) => {
                let connecting = route.clone().oneshot(uri);
                Box::pin(within(self.limit, async move {
                    Ok(MaybeHttpsStream::Http(connecting.await?))
                }))
            }
            Spoken::Https(https) => {
                let connecting = https.clone().oneshot(uri);
                Box::pin(within(self.limit, async move {
                    connecting.await.map_err(ConnectError::of)
                }))
            }
        }
    }
}

async fn within<T>(
    limit: Duration,
    connecting: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    match tokio::time::timeout(limit, connecting).await {
        // Every address of the name has had its share of the limit.
        Ok(Err(error)) if error.is_elapsed() => Err(ConnectError::TimedOut(limit)),
        Ok(connected) => connected,
        Err(_elapsed) => Err(ConnectError::TimedOut(limit)),
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// DNS, TCP, the proxy and TLS together took longer than they may.
    #[error("no connection within {0:?}")]
    TimedOut(Duration),
    /// The request is for another scheme than the client was made for.
    #[error("this client speaks {0} only")]
    Scheme(Scheme),
    /// The peer was reached, but it is not the one, or not one to talk to.
    #[error("the TLS handshake failed")]
    Tls(#[source] rustls::Error),
    /// The name was not found, or nobody answered.
    #[error("the connection failed")]
    Tcp(#[source] BoxError),
    /// It was not the service that failed, but the proxy.
    #[error("the proxy failed")]
    Proxy {
        proxy: Proxy,
        #[source]
        fault: ProxyFault,
    },
}

/// What a proxy failed at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyFault {
    /// There is no connection to it.
    #[error(transparent)]
    Connect(Box<ConnectError>),
    /// It was reached and opens no tunnel.
    #[error(transparent)]
    Refused(Refusal),
}

impl ConnectError {
    fn of(source: BoxError) -> Self {
        let source = match source.downcast::<Self>() {
            // From below TLS, where it has been looked at.
            Ok(error) => return *error,
            Err(source) => source,
        };
        // A handshake that was cut off is no verdict on the peer; only rustls's own error is.
        match find::<rustls::Error>(&*source) {
            Some(verdict) => Self::Tls(verdict.clone()),
            None => Self::Tcp(source),
        }
    }

    /// Whether a timer has run out; the system's own timeouts have a code.
    fn is_elapsed(&self) -> bool {
        find::<io::Error>(self).is_some_and(|error| {
            error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
        })
    }
}
