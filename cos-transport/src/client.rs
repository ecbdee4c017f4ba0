//! The client: a service, and typed requests over it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use cos_proto::Endpoint;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower_service::Service;
use tracing::Span;

use crate::body::Body;
use crate::builder::ClientBuilder;
use crate::error::Error;
use crate::layer::SignLayer;
use crate::retry::RetryPolicy;
use crate::stats::{Counters, Stats};
use crate::trace::{request_ended, request_span};

mod listing;
mod object;
mod presign;

/// The layers and what is below them, in one type.
pub(crate) type Stack = BoxCloneSyncService<Request<()>, Response<Body>, Error>;

/// An HTTP client for one endpoint of COS.
///
/// Cloning it is cheap, and the clones share everything: connections, limits, signing key, learned
/// clock offset and counters. It is a [`Service`] of any request with a final URI, and has a method
/// for each of the requests that cos-proto knows. It needs a tokio runtime with IO and time when it
/// is used.
///
/// What fails in passing is tried again, as the [`retry`](crate::retry) module describes, up to the
/// head of an answer; of a body, only that of a listing is asked for again. An error that comes out
/// of it is final for now: [`Error::attempts`] tells how often it was tried.
#[derive(Clone)]
pub struct Client {
    stack: Stack,
    parts: Arc<Parts>,
}

/// What the client knows of its own layers.
pub(crate) struct Parts {
    pub(crate) endpoint: Endpoint,
    pub(crate) sign: SignLayer,
    pub(crate) retry: RetryPolicy,
    pub(crate) stats: Stats,
    pub(crate) counters: Arc<Counters>,
}

impl Client {
    /// Starts a client for `endpoint`.
    pub fn builder(endpoint: Endpoint) -> ClientBuilder {
        ClientBuilder::new(endpoint)
    }

    pub(crate) fn new(stack: Stack, parts: Parts) -> Self {
        Self {
            stack,
            parts: Arc::new(parts),
        }
    }

    /// The endpoint to which the typed methods send.
    pub fn endpoint(&self) -> &Endpoint {
        &self.parts.endpoint
    }

    /// What this client and its clones have done so far.
    pub fn stats(&self) -> Stats {
        self.parts.stats.clone()
    }
}

/// Any answer of the service is `Ok` here, refusals included; a
/// [`ServiceError`](cos_proto::ServiceError) is in the extensions of each that is not 2xx, and
/// [`Attempts`](cos_proto::Attempts) in those of all.
///
/// The URI must be absolute and final: it goes to the wire byte for byte. The request is signed and
/// sent whatever its host is, so a URI from elsewhere is to be looked at before. A
/// [`RetryBudget`](cos_proto::RetryBudget) in the request's extensions is drawn from in place of
/// the client's own number of retries.
impl Service<Request<()>> for Client {
    type Response = Response<Body>;
    type Error = Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.stack.poll_ready(cx)
    }

    fn call(&mut self, request: Request<()>) -> ResponseFuture {
        self.parts.counters.request();
        let span = request_span(&request, &self.parts.endpoint);
        ResponseFuture {
            started: Instant::now(),
            inner: span.in_scope(|| self.stack.call(request)),
            span,
        }
    }
}

/// The future of a [`Client`]'s request.
///
/// # Cancellation
///
/// It may be dropped at any time, whatever it waits for: a place in a line, credentials, a
/// connection, a head, the body of a refusal, or the pause before the next attempt. That gives up
/// the request, and its place in flight goes to the next. A connection on which an answer was
/// awaited is closed; one that was being made is finished in the background and kept for the next
/// request, or closed when its time is over.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture {
    inner: <Stack as Service<Request<()>>>::Future,
    span: Span,
    started: Instant,
}

impl Future for ResponseFuture {
    type Output = Result<Response<Body>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let _entered = this.span.enter();
        let outcome = ready!(this.inner.as_mut().poll(cx));
        request_ended(&outcome, this.started);
        Poll::Ready(outcome)
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
            .field("endpoint", &self.parts.endpoint)
            .field("sign", &self.parts.sign)
            .finish_non_exhaustive()
    }
}
