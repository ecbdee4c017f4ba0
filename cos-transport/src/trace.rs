//! A layer that tells of each attempt.
//!
//! It stands innermost, so that it sees what goes to the wire; of that it tells method, host,
//! path, range, status, request id and duration. The query is left out as a whole, because a
//! signature may stand there, and so is every other header.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{HeaderMap, HeaderName, Request, Response, Uri, header};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;

/// What the service calls a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-cos-request-id");

/// A span for one request, to be entered whenever its future is polled.
///
/// The path is as it goes to the wire: percent-encoded, so that nothing in a key can disturb a
/// terminal.
pub(crate) fn request_span<B>(request: &Request<B>) -> Span {
    tracing::debug_span!(
        "cos_request",
        method = %request.method(),
        host = host(request.uri()),
        path = request.uri().path(),
        range = text(request.headers(), &header::RANGE),
    )
}

/// Emits one event of the level `DEBUG` for each attempt, when its head is there or it has failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceLayer(());

impl TraceLayer {
    /// The layer.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Trace { inner }
    }
}

/// The service of [`TraceLayer`].
#[derive(Clone, Copy, Debug)]
pub struct Trace<S> {
    inner: S,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Trace<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    S::Error: std::fmt::Display,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let uri = request.uri().clone();
        ResponseFuture {
            response: self.inner.call(request),
            uri,
            started: Instant::now(),
        }
    }
}

pin_project! {
    /// The future of [`Trace`]. Dropping it drops the request below, without an event.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        response: F,
        uri: Uri,
        started: Instant,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: std::fmt::Display,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.response.poll(cx));
        let elapsed = this.started.elapsed();
        match &outcome {
            Ok(response) => tracing::debug!(
                host = host(this.uri),
                path = this.uri.path(),
                status = response.status().as_u16(),
                request_id = text(response.headers(), &REQUEST_ID),
                length = text(response.headers(), &header::CONTENT_LENGTH),
                ?elapsed,
                "answered"
            ),
            Err(error) => tracing::debug!(
                host = host(this.uri),
                path = this.uri.path(),
                %error,
                ?elapsed,
                "failed"
            ),
        }
        Poll::Ready(outcome)
    }
}

impl<F> std::fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}

fn host(uri: &Uri) -> Option<&str> {
    uri.host()
}

/// A header that is plain text; one that is not is left out.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
