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

#[cfg(test)]
mod tests {
    use tokio_test::{assert_ready_ok, task};
    use tower_test::mock;

    use super::*;
    use crate::test_log::Log;

    #[tokio::test]
    async fn an_attempt_is_told_without_its_query_and_headers() {
        let log = Log::start();
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(TraceLayer::new());
        assert_ready_ok!(service.poll_ready());
        let request = Request::get("https://bucket.example/a%1b%5bb?q-signature=canary")
            .header("authorization", "canary")
            .header("range", "bytes=0-9")
            .body(())
            .unwrap();
        let span = request_span(&request);
        let _entered = span.enter();
        let mut response = task::spawn(service.call(request));
        let (_request, send) = handle.next_request().await.unwrap();
        let mut answer = Response::new(());
        answer
            .headers_mut()
            .insert(REQUEST_ID, http::HeaderValue::from_static("the-request-id"));
        send.send_response(answer);
        assert_ready_ok!(response.poll());

        let text = log.text();
        for told in [
            "/a%1b%5bb",
            "bucket.example",
            "bytes=0-9",
            "200",
            "the-request-id",
        ] {
            assert!(text.contains(told), "{told} in {text}");
        }
        assert!(!text.contains("canary"), "{text}");
    }

    #[tokio::test]
    async fn a_failed_attempt_is_told_too() {
        let log = Log::start();
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(TraceLayer::new());
        assert_ready_ok!(service.poll_ready());
        let request = Request::get("https://bucket.example/key").body(()).unwrap();
        let mut response = task::spawn(service.call(request));
        let (_request, send) = handle.next_request().await.unwrap();
        send.send_error("it broke");
        assert!(matches!(response.poll(), Poll::Ready(Err(_))));
        assert!(log.text().contains("it broke"), "{}", log.text());
    }
}
