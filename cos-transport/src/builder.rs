//! How a [`Client`] is made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cos_proto::Endpoint;
use cos_sign::Credentials;
use http::uri::Scheme;
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;

use crate::BoxError;
use crate::body::Body;
use crate::client::Client;
use crate::connect::{Connector, DialTo};
use crate::credentials::ProvideCredentials;
use crate::error::{Error, ErrorKind};
use crate::layer::{ErrorReaderLayer, HeadTimeoutLayer, IdleTimeoutLayer, SignLayer, TraceLayer};
use crate::tls;
use crate::wire::Wire;

/// How long a new connection may take: name lookup, TCP and TLS together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the service may be silent while something of it is waited for.
pub const READ_TIMEOUT: Duration = Duration::from_secs(30);

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

    /// Limits a new connection: name lookup, TCP and TLS together. Default: [`CONNECT_TIMEOUT`].
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
    /// the signature stay those of the request.
    pub fn connect_to(mut self, host_and_port: impl Into<String>) -> Self {
        self.connect_to = Some(host_and_port.into());
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
        let tls = if *self.endpoint.scheme() == Scheme::HTTP {
            None
        } else {
            Some(tls::config(&self.ca_certs)?)
        };
        let sign = match (&self.credentials, self.provider) {
            (Some(credentials), _) => SignLayer::new(credentials.clone()),
            (None, Some(provider)) => SignLayer::with_provider(provider),
            (None, None) => SignLayer::anonymous(),
        };
        let connector = Connector::new(tls, dial_to, self.connect_timeout);

        // The order is explained on the crate's front page; the first is the outermost.
        let stack = ServiceBuilder::new()
            .map_err(|error: BoxError| Error::from_boxed(error, ErrorKind::Connection))
            .map_response(|response: http::Response<_>| response.map(Body::new))
            .layer(ErrorReaderLayer::new())
            .layer(HeadTimeoutLayer::new(self.read_timeout).connecting(self.connect_timeout))
            .layer(sign)
            .layer(TraceLayer::new())
            .layer(IdleTimeoutLayer::new(self.read_timeout))
            .service(Wire::new(connector));

        Ok(Client::new(
            BoxCloneSyncService::new(stack),
            self.endpoint,
            self.credentials,
        ))
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
