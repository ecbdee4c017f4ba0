//! The client: a service, and typed requests over it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use cos_proto::Endpoint;
use cos_sign::Credentials;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower_service::Service;
use tracing::Span;

use crate::body::Body;
use crate::builder::ClientBuilder;
use crate::error::Error;
use crate::trace::request_span;

mod listing;
mod object;
mod presign;

/// The layers and what is below them, in one type.
pub(crate) type Stack = BoxCloneSyncService<Request<()>, Response<Body>, Error>;

/// An HTTP client for one endpoint of COS.
///
/// Cloning it is cheap, and the clones share their connections. It is a [`Service`] of any request
/// with a final URI, and has a method for each of the requests that cos-proto knows. It needs a
/// tokio runtime with IO and time when it is used.
#[derive(Clone)]
pub struct Client {
    stack: Stack,
    endpoint: Endpoint,
    credentials: Option<Credentials>,
}

impl Client {
    /// Starts a client for `endpoint`.
    pub fn builder(endpoint: Endpoint) -> ClientBuilder {
        ClientBuilder::new(endpoint)
    }

    pub(crate) fn new(stack: Stack, endpoint: Endpoint, credentials: Option<Credentials>) -> Self {
        Self {
            stack,
            endpoint,
            credentials,
        }
    }

    /// The endpoint to which the typed methods send.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// Any answer of the service is `Ok` here, refusals included; a
/// [`ServiceError`](cos_proto::ServiceError) is in the extensions of each that is not 2xx.
///
/// The URI must be absolute and final: it goes to the wire byte for byte. The request is signed and
/// sent whatever its host is, so a URI from elsewhere is to be looked at before.
impl Service<Request<()>> for Client {
    type Response = Response<Body>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.stack.poll_ready(cx)
    }

    fn call(&mut self, request: Request<()>) -> ResponseFuture {
        let span = request_span(&request);
        ResponseFuture {
            inner: span.in_scope(|| self.stack.call(request)),
            span,
        }
    }
}

/// The future of a [`Client`]'s request.
///
/// # Cancellation
///
/// Dropping it gives up the request. A connection on which an answer was awaited is closed; one
/// that was being made is finished in the background and kept for the next request.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    inner: <Stack as Service<Request<()>>>::Future,
    span: Span,
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let _entered = this.span.enter();
        this.inner.as_mut().poll(cx)
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
