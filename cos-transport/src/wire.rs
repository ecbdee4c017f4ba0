//! The service at the bottom: hyper-util's pooled client, with its failures told apart.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use cos_proto::Failure;
use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use crate::chain::find;
use crate::connect::{ConnectError, Connector, ProxyFault, Refusal, Way, Ways};
use crate::error::{Error, ErrorKind};
use crate::proxy::Proxy;
use crate::stats::Counters;

/// The most header lines an answer may have. An object's metadata may take 2 KiB, which is at
/// most some 130 lines, and COS adds some 20.
const MAX_HEADERS: usize = 256;

/// The largest head that is accepted once it is parsed. COS's are below 8 KiB.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The most room for what is read from a connection at once, which is the largest chunk that a body
/// has; a head that has no end is refused when it is full.
///
/// A connection starts with little, and gets more while its reads fill it, so that small objects do
/// without. A gigabyte over loopback took a tenth less CPU than with 128 KiB, and a twentieth more
/// than with a mebibyte; but a connection whose reader is slow holds two of them.
const READ_BUFFER: usize = 512 * 1024;

/// The same over TLS, whose records come decrypted and 16 KiB long: there is no call of the system
/// to save, and what is decrypted should be in the cache still when it is looked at and written.
const TLS_READ_BUFFER: usize = 128 * 1024;

/// How long a connection may wait for its next request. COS closes idle ones after some minutes;
/// one that we close first cannot break under a request.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// hyper-util's client, which follows, rewrites and decodes nothing.
///
/// It sends a request once more by itself where a kept connection turns out to be closed before a
/// byte of the request was written: the server has seen nothing of it then.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    client: Client<Connector, Empty<Bytes>>,
    ways: Ways,
    counters: Arc<Counters>,
}

impl Wire {
    pub(crate) fn new(connector: Connector, counters: Arc<Counters>, https: bool) -> Self {
        let ways = connector.ways().clone();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .http1_max_headers(MAX_HEADERS)
            .http1_max_buf_size(if https { TLS_READ_BUFFER } else { READ_BUFFER })
            .build(connector);
        Self {
            client,
            ways,
            counters,
        }
    }
}

impl Service<Request<()>> for Wire {
    type Response = Response<Incoming>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<()>) -> ResponseFuture {
        self.counters.attempt();
        let uri = request.uri().clone();
        // Below every layer: nobody but the proxy gets to see its credentials.
        if let Way::Forward(proxy) = self.ways.of(&uri)
            && let Some(value) = proxy.authorization()
        {
            let headers = request.headers_mut();
            headers.insert(header::PROXY_AUTHORIZATION, value.clone());
        }
        ResponseFuture {
            inner: self.client.request(request.map(|()| Empty::new())),
            ways: self.ways.clone(),
            uri,
        }
    }
}

pub(crate) struct ResponseFuture {
    inner: legacy::ResponseFuture,
    ways: Ways,
    uri: Uri,
}

impl Future for ResponseFuture {
    type Output = Result<Response<Incoming>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.inner).poll(cx))
            .map_err(|error| classify(error).detail_if_none(|| place(&self.uri, &self.ways)))?;
        let bytes = head_bytes(response.headers());
        if bytes > MAX_HEAD_BYTES {
            return Poll::Ready(Err(Error::new(ErrorKind::Head)
                .detail(place(&self.uri, &self.ways))
                .amounting_to(Failure::InvalidResponse, &HeadTooLarge { bytes })));
        }
        if let Way::Forward(proxy) = self.ways.of(&self.uri)
            && is_proxys(&response)
        {
            let refusal = Refusal::Credentials {
                given: proxy.authorization().is_some(),
                status: response.status(),
            };
            return Poll::Ready(Err(refused(proxy, &refusal)));
        }
        Poll::Ready(Ok(response))
    }
}

/// The head of an answer that is larger than any that COS sends.
#[derive(Debug, thiserror::Error)]
#[error("the headers take {bytes} bytes, the limit is {MAX_HEAD_BYTES}")]
struct HeadTooLarge {
    bytes: usize,
}

fn classify(error: legacy::Error) -> Error {
    match find::<ConnectError>(&error) {
        Some(cause @ ConnectError::TimedOut(_)) => {
            Error::new(ErrorKind::ConnectTimeout).coming_from(cause)
        }
        Some(cause @ ConnectError::Tcp(_)) => Error::new(ErrorKind::Connect).coming_from(cause),
        Some(ConnectError::Tls(cause)) => {
            Error::new(ErrorKind::Tls).amounting_to(Failure::Untrusted, cause)
        }
        Some(cause @ ConnectError::Scheme(_)) => {
            Error::new(ErrorKind::Request).amounting_to(Failure::Unsendable, cause)
        }
        Some(ConnectError::Proxy { proxy, fault }) => match fault {
            ProxyFault::Refused(refusal) => refused(proxy, refusal),
            ProxyFault::Connect(cause) => unreachable_proxy(proxy, cause),
        },
        None => match find::<hyper::Error>(&error) {
            Some(cause) if cause.is_parse() => {
                Error::new(ErrorKind::Head).amounting_to(Failure::InvalidResponse, cause)
            }
            Some(cause) if !cause.is_user() => Error::new(ErrorKind::Connection).coming_from(cause),
            // No authority, another scheme, a version that is not spoken.
            _ => Error::new(ErrorKind::Request).amounting_to(Failure::Unsendable, &error),
        },
    }
}

/// There is no connection to the proxy.
fn unreachable_proxy(proxy: &Proxy, cause: &ConnectError) -> Error {
    let error = match cause {
        ConnectError::Tls(cause) => {
            Error::new(ErrorKind::Tls).amounting_to(Failure::Untrusted, cause)
        }
        cause => Error::new(ErrorKind::Connect).coming_from(cause),
    };
    error.detail(format!("the proxy {proxy}"))
}

/// The proxy was reached and does not do what it is for.
fn refused(proxy: &Proxy, refusal: &Refusal) -> Error {
    let error = Error::new(ErrorKind::Proxy).detail(format!("the proxy {proxy}"));
    if refusal.is_passing() {
        error.coming_from(refusal)
    } else {
        // Whatever it says, the service has not said it.
        error.amounting_to(Failure::InvalidResponse, refusal)
    }
}

/// Whether it is the proxy that asks for credentials. COS never says 401, but some proxies do to
/// those who give wrong ones.
fn is_proxys(response: &Response<Incoming>) -> bool {
    match response.status() {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => true,
        StatusCode::UNAUTHORIZED => !response.headers().contains_key("x-cos-request-id"),
        _ => false,
    }
}

/// Host and port, and a proxy that is between, for people; a user name, should there be one, is not
/// for them.
fn place(uri: &Uri, ways: &Ways) -> String {
    let host = match (uri.host(), uri.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "a URI without a host".to_owned(),
    };
    match ways.of(uri).proxy() {
        Some(proxy) => format!("{host} through the proxy {proxy}"),
        None => host,
    }
}

fn head_bytes(headers: &HeaderMap) -> usize {
    // Each line has ": " and a line end besides.
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}
