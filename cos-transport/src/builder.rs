//! How a [`Client`] is made.

use std::fmt;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use cos_proto::{Backoff, Endpoint};
use cos_sign::Credentials;
use http::Uri;
use http::uri::Scheme;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceBuilder;
use tower::retry::RetryLayer;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::BoxError;
use crate::body::Body;
use crate::client::{Client, Parts};
use crate::clock::ClockOffset;
use crate::connect::{Connector, Dial, DialTo, OwnConnector, Ways};
use crate::credentials::ProvideCredentials;
use crate::error::{Error, ErrorKind};
use crate::layer::{
    ErrorReaderLayer, HeadTimeoutLayer, IdleTimeoutLayer, InFlightLayer, RateLimitLayer, SignLayer,
    TraceLayer,
};
use crate::proxy::Proxies;
use crate::retry::RetryPolicy;
use crate::stats::{Counters, Stats};
use crate::tls;
use crate::wire::Wire;

/// How long a new connection may take: name lookup, TCP, a proxy and TLS together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the service may be silent while something of it is waited for.
pub const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How many requests a client has in flight at most.
///
/// Each has a connection of its own. That is many times what fills a line, and a fraction of the
/// 1,024 files that a process may have open unless somebody allows it more.
pub const MAX_IN_FLIGHT: NonZeroUsize = match NonZeroUsize::new(256) {
    Some(ceiling) => ceiling,
    None => NonZeroUsize::MIN,
};

/// Makes a [`Client`]; see [`Client::builder`].
#[derive(Clone)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct ClientBuilder {
    endpoint: Endpoint,
    credentials: Option<Credentials>,
    provider: Option<Arc<dyn ProvideCredentials>>,
    connect_timeout: Duration,
    read_timeout: Duration,
    ca_certs: Vec<Vec<u8>>,
    connect_to: Option<String>,
    proxies: Proxies,
    connector: Option<OwnConnector>,
    retry: RetryPolicy,
    failover: bool,
    rate_limit: RateLimitLayer,
    max_in_flight: NonZeroUsize,
}

impl ClientBuilder {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            credentials: None,
            provider: None,
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: READ_TIMEOUT,
            ca_certs: Vec::new(),
            connect_to: None,
            proxies: Proxies::none(),
            connector: None,
            retry: RetryPolicy::new(),
            failover: false,
            rate_limit: RateLimitLayer::new(),
            max_in_flight: MAX_IN_FLIGHT,
        }
    }

    /// Signs every request with `credentials`. Without, requests are anonymous.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self.provider = None;
        self
    }

    /// Signs every request with what `provider` has by then; it is asked for each attempt. The limit
    /// on the wait for the head covers its answer too.
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.credentials = None;
        self.provider = Some(Arc::new(provider));
        self
    }

    /// Limits a new connection: name lookup, TCP, a proxy and TLS together. Default: [`CONNECT_TIMEOUT`].
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Limits the silence while we are waiting: for the head of an answer, once there is a
    /// connection, and for each chunk of its body. The whole may take as long as it needs. Default:
    /// [`READ_TIMEOUT`].
    pub fn read_timeout(mut self, limit: Duration) -> Self {
        self.read_timeout = limit;
        self
    }

    /// Trusts the certificates in `pem`, one or more, besides the system's. May be called
    /// repeatedly. It has no effect over plain `http`.
    pub fn ca_cert(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certs.push(pem.into());
        self
    }

    /// Dials `host:port` for every connection. The `Host` header, the name that TLS verifies and
    /// the signature stay those of the request. Where there is a proxy, it opens a tunnel to there.
    pub fn connect_to(mut self, host_and_port: impl Into<String>) -> Self {
        self.connect_to = Some(host_and_port.into());
        self
    }

    /// Sends requests through a [`Proxy`](crate::Proxy), or through several, as [`Proxies`] says.
    /// Default: none; the environment is only looked at by [`Proxies::from_env`].
    ///
    /// Credentials' own sources, such as the instance metadata, are never asked through a proxy.
    pub fn proxies(mut self, proxies: impl Into<Proxies>) -> Self {
        self.proxies = proxies.into();
        self
    }

    /// Takes connections from `connector` instead of looking up a name and dialling it over TCP.
    ///
    /// It is called with the URI of the server to reach, for every new connection: the request's,
    /// with the host of [`connect_to`](Self::connect_to) where that is set; or the proxy's. Scheme,
    /// host and port are what matters there. TLS and the proxy's tunnel come on top of what it
    /// gives, and the limit on a new connection covers it.
    pub fn connector<C>(mut self, connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        self.connector = Some(OwnConnector::new(connector));
        self
    }

    /// Tries a request that failed in passing so many times again; 0 never. Default:
    /// [`RetryBudget::RETRIES`](cos_proto::RetryBudget::RETRIES).
    ///
    /// A [`RetryBudget`](cos_proto::RetryBudget) in a request's extensions goes before it, with
    /// what is left of it.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retry = self.retry.retries(retries);
        self
    }

    /// Sets the pauses before further attempts. Default: [`Backoff::new`].
    ///
    /// With less than ten retries, or with shorter pauses, an outage of twenty seconds is not
    /// always survived any more.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.retry = self.retry.backoff(backoff);
        self
    }

    /// Makes the jitter of the pauses the same in every run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.retry = self.retry.seed(seed);
        self
    }

    /// Turns to the [backup](Endpoint::backup) of the endpoint when the endpoint itself is out of
    /// reach, under the conditions of the vendor's SDKs; see
    /// [`RetryPolicy::failover`](crate::retry::RetryPolicy::failover). Default: off.
    ///
    /// The credentials then go to that host too. Without effect for an endpoint without a backup,
    /// such as a custom domain.
    pub fn failover(mut self, on: bool) -> Self {
        self.failover = on;
        self
    }

    /// Starts at most so many attempts a second, over all clones of the client. Default: no limit.
    pub fn requests_per_second(mut self, rate: NonZeroU64) -> Self {
        self.rate_limit = self.rate_limit.requests_per_second(rate);
        self
    }

    /// Hands out at most so many bytes a second, over all bodies of all clones of the client.
    /// Default: no limit.
    pub fn bytes_per_second(mut self, rate: NonZeroU64) -> Self {
        self.rate_limit = self.rate_limit.bytes_per_second(rate);
        self
    }

    /// Has at most so many requests in flight, over all clones of the client; fewer while the
    /// service asks to slow down. Default: [`MAX_IN_FLIGHT`].
    ///
    /// A request is in flight until the body of its answer has ended or is dropped, so bodies that
    /// are kept unread count, each for [`UNREAD_AFTER`](crate::layer::UNREAD_AFTER) while others
    /// wait; see [`InFlightLayer`].
    pub fn max_in_flight(mut self, ceiling: NonZeroUsize) -> Self {
        self.max_in_flight = ceiling;
        self
    }

    /// The client. Nothing is connected or looked up yet, except for the system's roots, which are
    /// read here where the endpoint is `https`.
    ///
    /// # Errors
    ///
    /// [`BuildError`], when what was set cannot be used.
    pub fn build(self) -> Result<Client, BuildError> {
        let dial_to = match &self.connect_to {
            Some(text) => Some(DialTo::parse(text).ok_or_else(|| BuildError::ConnectTo {
                value: text.escape_default().to_string(),
            })?),
            None => None,
        };
        let sign = match (&self.credentials, self.provider) {
            (Some(credentials), _) => SignLayer::new(credentials.clone()),
            (None, Some(provider)) => SignLayer::with_provider(provider),
            (None, None) => SignLayer::anonymous(),
        };
        let limit = self.connect_timeout;
        let dial = match self.connector {
            Some(connector) => Dial::Own(connector),
            None => Dial::tcp(limit),
        };
        let https = *self.endpoint.scheme() != Scheme::HTTP;
        let tls = match https || self.proxies.need_tls() {
            true => Some(tls::config(&self.ca_certs)?),
            false => None,
        };
        let ways = Ways::new(self.proxies, dial_to);
        let connector = match tls {
            Some(tls) if https => Connector::https(dial, ways, tls, limit),
            tls => Connector::http(dial, ways, tls, limit),
        };

        // Learned by the policy, applied by the signature.
        let offset = ClockOffset::new();
        let sign = sign.clock_offset(offset.clone());
        let mut retry = self.retry.clock_offset(offset.clone());
        if self.failover {
            retry = retry.failover(&self.endpoint);
        }
        let in_flight = InFlightLayer::new(self.max_in_flight);
        let counters = Arc::new(Counters::default());
        let counted = Arc::clone(&counters);

        // The order is explained on the crate's front page; the first is the outermost.
        let stack = ServiceBuilder::new()
            .map_err(|error: BoxError| Error::from_boxed(error, ErrorKind::Connection))
            .map_response(move |response: http::Response<_>| {
                response.map(|body| Body::new(body, Arc::clone(&counted)))
            })
            .layer(RetryLayer::new(retry.clone()))
            .layer(self.rate_limit.clone())
            .layer(in_flight.clone())
            .layer(ErrorReaderLayer::new())
            .layer(HeadTimeoutLayer::new(self.read_timeout).connecting(self.connect_timeout))
            .layer(sign.clone())
            .layer(TraceLayer::new().endpoint(self.endpoint.clone()))
            .layer(IdleTimeoutLayer::new(self.read_timeout))
            .service(Wire::new(connector, Arc::clone(&counters), https));

        let stats = Stats::new(
            Arc::clone(&counters),
            self.rate_limit,
            in_flight.handle(),
            offset,
        );
        let parts = Parts {
            endpoint: self.endpoint,
            sign,
            retry,
            stats,
            counters,
        };
        Ok(Client::new(BoxCloneSyncService::new(stack), parts))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("endpoint", &self.endpoint)
            .field("credentials", &self.credentials)
            .field("provider", &self.provider)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("ca_certs", &self.ca_certs.len())
            .field("connect_to", &self.connect_to)
            .field("proxies", &self.proxies)
            .field("connector", &self.connector)
            .field("retry", &self.retry)
            .field("failover", &self.failover)
            .field("rate_limit", &self.rate_limit)
            .field("max_in_flight", &self.max_in_flight)
            .finish()
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A CA certificate is no valid PEM.
    #[error("a CA certificate cannot be read")]
    CaCert(#[source] BoxError),
    /// A CA text has no certificate in it.
    #[error("there is no certificate in the PEM of a CA certificate")]
    NoCertificate,
    /// The system has no roots, or one of the CA certificates cannot be one.
    #[error("TLS cannot be set up")]
    Tls(#[source] BoxError),
    /// The place to connect to is not `host:port`.
    #[error("\"{value}\" is no host:port to connect to")]
    ConnectTo {
        /// What was given, escaped.
        value: String,
    },
}
