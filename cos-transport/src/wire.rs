//! The service at the bottom: hyper-util's pooled client, with its failures told apart.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use cos_proto::Failure;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_service::Service;

use crate::chain::find;
use crate::connect::{ConnectError, Connector};
use crate::error::{Error, ErrorKind};

/// The most header lines an answer may have. An object's metadata may take 2 KiB, which is at
/// most some 130 lines, and COS adds some 20.
const MAX_HEADERS: usize = 256;

/// The largest head that is accepted once it is parsed. COS's are below 8 KiB.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The most that hyper buffers of what it reads, a head that has no end included. It grows to this
/// size only while a body comes faster than it is taken.
const MAX_BUFFER: usize = 512 * 1024;

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
}

impl Wire {
    pub(crate) fn new(connector: Connector) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .http1_max_headers(MAX_HEADERS)
            .http1_max_buf_size(MAX_BUFFER)
            .build(connector);
        Self { client }
    }
}

impl Service<Request<()>> for Wire {
    type Response = Response<Incoming>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> ResponseFuture {
        let uri = request.uri().clone();
        ResponseFuture {
            inner: self.client.request(request.map(|()| Empty::new())),
            uri,
        }
    }
}

pub(crate) struct ResponseFuture {
    inner: legacy::ResponseFuture,
    uri: Uri,
}

impl Future for ResponseFuture {
    type Output = Result<Response<Incoming>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(Pin::new(&mut self.inner).poll(cx))
            .map_err(|error| classify(error).detail(place(&self.uri)))?;
        let bytes = head_bytes(response.headers());
        if bytes > MAX_HEAD_BYTES {
            return Poll::Ready(Err(Error::new(ErrorKind::Head)
                .detail(place(&self.uri))
                .amounting_to(Failure::InvalidResponse, &HeadTooLarge { bytes })));
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

/// Host and port, for people; a user name, should there be one, is not for them.
fn place(uri: &Uri) -> String {
    match (uri.host(), uri.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "a URI without a host".to_owned(),
    }
}

fn head_bytes(headers: &HeaderMap) -> usize {
    // Each line has ": " and a line end besides.
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}
