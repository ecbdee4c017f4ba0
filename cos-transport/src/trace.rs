//! What is told of requests: a span for each, an event for each attempt, one for the end.
//!
//! The layer stands below the signature, so that it sees what goes to the wire; of that it tells
//! method, host, path, bucket, key, range, status, request id, attempt and duration. The query is
//! left out as a whole, because a signature may stand there, and so is every other header.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use cos_proto::{Attempts, Endpoint};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;

use crate::error::Error;

/// What the service calls a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-cos-request-id");

/// A span for one request, to be entered whenever its future is polled.
///
/// Path and key are as they go to the wire: percent-encoded, so that nothing in them can disturb a
/// terminal.
pub(crate) fn request_span<B>(request: &Request<B>, endpoint: &Endpoint) -> Span {
    let span = tracing::debug_span!(
        "cos_request",
        method = %request.method(),
        host = request.uri().host(),
        bucket = tracing::field::Empty,
        key = tracing::field::Empty,
        range = text(request.headers().get(header::RANGE)),
    );
    if !span.is_disabled() {
        let (bucket, key) = endpoint.named(request.uri());
        span.record("bucket", bucket).record("key", key);
    }
    span
}

/// Tells how a request ended, in its span.
pub(crate) fn request_ended<B>(outcome: &Result<Response<B>, Error>, started: Instant) {
    let elapsed = started.elapsed();
    match outcome {
        Ok(response) => {
            let attempts: Option<&Attempts> = response.extensions().get();
            tracing::debug!(
                status = response.status().as_u16(),
                attempts = attempts.map_or(1, |attempts| attempts.made()),
                ?elapsed,
                "request answered"
            );
        }
        Err(error) => tracing::debug!(
            %error,
            attempts = error.attempts().made(),
            ?elapsed,
            "request failed"
        ),
    }
}

/// Emits one event of the level `DEBUG` for each attempt, when its head is there or it has failed.
///
/// Under a [`RetryPolicy`](crate::retry::RetryPolicy), it tells the number of the attempt.
#[derive(Clone, Debug, Default)]
pub struct TraceLayer {
    endpoint: Option<Arc<Endpoint>>,
}

impl TraceLayer {
    /// The layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells bucket and key of requests to `endpoint`, besides host and path.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(Arc::new(endpoint));
        self
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Trace {
            inner,
            layer: self.clone(),
        }
    }
}

/// The service of [`TraceLayer`].
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for Trace<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
    S::Error: fmt::Display,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let attempt = tracing::enabled!(tracing::Level::DEBUG).then(|| Attempt {
            uri: request.uri().clone(),
            range: request.headers().get(header::RANGE).cloned(),
            number: request
                .extensions()
                .get()
                .map_or(1, |before: &Attempts| before.made()),
            endpoint: self.layer.endpoint.clone(),
            started: Instant::now(),
        });
        ResponseFuture {
            response: self.inner.call(request),
            attempt,
        }
    }
}

pin_project! {
    /// The future of [`Trace`].
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the request below, without an event.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        response: F,
        // Present where somebody listens.
        attempt: Option<Attempt>,
    }
}

/// What was sent, as far as it is told.
struct Attempt {
    uri: Uri,
    range: Option<HeaderValue>,
    number: u32,
    endpoint: Option<Arc<Endpoint>>,
    started: Instant,
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: fmt::Display,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let outcome = ready!(this.response.poll(cx));
        if let Some(attempt) = this.attempt {
            attempt.tell(&outcome);
        }
        Poll::Ready(outcome)
    }
}

impl Attempt {
    fn tell<B, E: fmt::Display>(&self, outcome: &Result<Response<B>, E>) {
        let (host, path) = (self.uri.host(), self.uri.path());
        let (bucket, key) = match &self.endpoint {
            Some(endpoint) => {
                let (bucket, key) = endpoint.named(&self.uri);
                (bucket, Some(key))
            }
            None => (None, None),
        };
        let range = text(self.range.as_ref());
        let attempt = self.number;
        let elapsed = self.started.elapsed();
        match outcome {
            Ok(response) => tracing::debug!(
                host,
                path,
                bucket,
                key,
                range,
                attempt,
                status = response.status().as_u16(),
                request_id = header_text(response.headers(), &REQUEST_ID),
                length = header_text(response.headers(), &header::CONTENT_LENGTH),
                ?elapsed,
                "answered"
            ),
            Err(error) => tracing::debug!(
                host, path, bucket, key, range, attempt, %error, ?elapsed, "failed"
            ),
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    text(headers.get(name))
}

/// A value that is plain text; one that is not is left out.
fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use cos_proto::Addressing;
    use tokio_test::{assert_ready_ok, task};
    use tower_test::mock;

    use super::*;
    use crate::test_log::Log;

    #[tokio::test]
    async fn an_attempt_is_told_without_its_query_and_headers() {
        let log = Log::start();
        let endpoint = Endpoint::service_url("http://s.example", Addressing::Virtual).unwrap();
        let layer = TraceLayer::new().endpoint(endpoint.clone());
        let (mut service, mut handle) = mock::spawn_layer::<Request<()>, Response<()>, _>(layer);
        assert_ready_ok!(service.poll_ready());
        let request = Request::get("http://b-1.s.example/a%1b%5bb?q-signature=canary")
            .header("authorization", "canary")
            .header("range", "bytes=0-9")
            .extension(Attempts::new(3))
            .body(())
            .unwrap();
        let mut response = task::spawn(service.call(request));
        let (_request, send) = handle.next_request().await.unwrap();
        let mut answer = Response::new(());
        answer
            .headers_mut()
            .insert(REQUEST_ID, HeaderValue::from_static("the-request-id"));
        send.send_response(answer);
        assert_ready_ok!(response.poll());

        let text = log.text();
        for told in [
            r#"host="b-1.s.example""#,
            r#"path="/a%1b%5bb""#,
            r#"bucket="b-1""#,
            r#"key="a%1b%5bb""#,
            r#"range="bytes=0-9""#,
            "attempt=3",
            "status=200",
            r#"request_id="the-request-id""#,
            "elapsed=",
        ] {
            assert!(text.contains(told), "{told} in {text}");
        }
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn the_span_of_a_request_says_what_it_is_for() {
        let log = Log::start();
        let endpoint = Endpoint::service_url("http://s.example", Addressing::Virtual).unwrap();
        let request = Request::get("http://b-1.s.example/a%1b%5bb?q-signature=canary")
            .header("authorization", "canary")
            .header("range", "bytes=0-9")
            .body(())
            .unwrap();
        request_span(&request, &endpoint).in_scope(|| {
            request_ended(&Ok(Response::new(())), Instant::now());
        });
        let text = log.text();
        for told in [
            "method=GET",
            r#"host="b-1.s.example""#,
            r#"bucket="b-1""#,
            r#"key="a%1b%5bb""#,
            r#"range="bytes=0-9""#,
            "status=200",
            "attempts=1",
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
