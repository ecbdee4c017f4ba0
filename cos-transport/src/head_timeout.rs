//! A layer that fails a request whose answer's head does not come in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_layer::Layer;
use tower_service::Service;

use crate::BoxError;
use crate::deadline::deadline;
use crate::error::{Error, ErrorKind};

/// Limits the wait for the head of an answer.
///
/// The body is not covered; that is [`IdleTimeoutLayer`](crate::layer::IdleTimeoutLayer)'s.
///
/// ```
/// # use std::time::Duration;
/// # use cos_transport::layer::HeadTimeoutLayer;
/// let layer = HeadTimeoutLayer::new(Duration::from_secs(30)).connecting(Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HeadTimeoutLayer {
    limit: Duration,
    connecting: Duration,
}

impl HeadTimeoutLayer {
    /// Allows `limit` from the call until the head is there.
    pub fn new(limit: Duration) -> Self {
        Self {
            limit,
            connecting: Duration::ZERO,
        }
    }

    /// Allows as much again as `extra` while there is no connection yet.
    ///
    /// Over hyper-util's client, the limit itself then counts from the moment at which the
    /// request has its connection, new or kept alive. Over any other service that moment is not
    /// known, and the two simply add up.
    pub fn connecting(mut self, extra: Duration) -> Self {
        self.connecting = extra;
        self
    }
}

impl<S> Layer<S> for HeadTimeoutLayer {
    type Service = HeadTimeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HeadTimeout {
            inner,
            layer: *self,
        }
    }
}

/// The service of [`HeadTimeoutLayer`].
#[derive(Clone, Copy, Debug)]
pub struct HeadTimeout<S> {
    inner: S,
    layer: HeadTimeoutLayer,
}

impl<S, B> Service<Request<B>> for HeadTimeout<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let HeadTimeoutLayer { limit, connecting } = self.layer;
        ResponseFuture {
            connection: (!connecting.is_zero()).then(|| capture_connection(&mut request)),
            response: self.inner.call(request),
            sleep: tokio::time::sleep(limit.saturating_add(connecting)),
            limit,
        }
    }
}

pin_project! {
    /// The future of [`HeadTimeout`]. Dropping it drops the request below.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        response: F,
        #[pin]
        sleep: Sleep,
        limit: Duration,
        // Present until the connection is.
        connection: Option<CaptureConnection>,
    }
}

impl<F, T, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(response) = this.response.poll(cx) {
            return Poll::Ready(response.map_err(Into::into));
        }
        // The connection is handed over while the response is polled, so this needs no waker.
        if this
            .connection
            .as_ref()
            .is_some_and(|connection| connection.connection_metadata().is_some())
        {
            *this.connection = None;
            this.sleep.as_mut().reset(deadline(*this.limit));
        }
        this.sleep
            .poll(cx)
            .map(|()| Err(Error::new(ErrorKind::HeadTimeout).after(*this.limit).into()))
    }
}

#[cfg(test)]
mod tests {
    use http::Response;
    use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
    use tower_test::mock;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A second short of the limit.
    const NEARLY: Duration = Duration::from_secs(29);

    fn kind(error: BoxError) -> ErrorKind {
        error.downcast::<Error>().unwrap().kind()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_come_is_given_up() {
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(HeadTimeoutLayer::new(LIMIT));
        assert_ready_ok!(service.poll_ready());
        let mut response = task::spawn(service.call(Request::new(())));
        let (_request, _send) = handle.next_request().await.unwrap();

        assert_pending!(response.poll());
        tokio::time::advance(NEARLY).await;
        assert_pending!(response.poll());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(response.is_woken());
        let error = assert_ready_err!(response.poll());
        assert_eq!(kind(error), ErrorKind::HeadTimeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_in_time_is_handed_on() {
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(HeadTimeoutLayer::new(LIMIT));
        assert_ready_ok!(service.poll_ready());
        let mut response = task::spawn(service.call(Request::new(())));
        let (_request, send) = handle.next_request().await.unwrap();

        assert_pending!(response.poll());
        tokio::time::advance(NEARLY).await;
        send.send_response(Response::new(()));
        assert_ready_ok!(response.poll());
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_is_there_counts_even_if_we_look_late() {
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(HeadTimeoutLayer::new(LIMIT));
        assert_ready_ok!(service.poll_ready());
        let mut response = task::spawn(service.call(Request::new(())));
        let (_request, send) = handle.next_request().await.unwrap();

        send.send_response(Response::new(()));
        tokio::time::advance(LIMIT * 2).await;
        assert_ready_ok!(response.poll());
    }

    #[tokio::test(start_paused = true)]
    async fn over_an_unknown_service_the_two_limits_add_up() {
        let layer = HeadTimeoutLayer::new(LIMIT).connecting(LIMIT);
        let (mut service, mut handle) = mock::spawn_layer::<Request<()>, Response<()>, _>(layer);
        assert_ready_ok!(service.poll_ready());
        let mut response = task::spawn(service.call(Request::new(())));
        let (_request, _send) = handle.next_request().await.unwrap();

        assert_pending!(response.poll());
        tokio::time::advance(LIMIT + NEARLY).await;
        assert_pending!(response.poll());
        tokio::time::advance(Duration::from_secs(2)).await;
        let error = assert_ready_err!(response.poll());
        assert_eq!(kind(error), ErrorKind::HeadTimeout);
    }

    #[tokio::test(start_paused = true)]
    async fn the_failure_of_the_service_below_is_its_own() {
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<()>, _>(HeadTimeoutLayer::new(LIMIT));
        assert_ready_ok!(service.poll_ready());
        let mut response = task::spawn(service.call(Request::new(())));
        let (_request, send) = handle.next_request().await.unwrap();

        send.send_error("broken");
        assert_eq!(assert_ready_err!(response.poll()).to_string(), "broken");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_beyond_the_clock_is_no_limit() {
        let layer = HeadTimeoutLayer::new(Duration::MAX).connecting(Duration::MAX);
        let (mut service, mut handle) = mock::spawn_layer::<Request<()>, Response<()>, _>(layer);
        assert_ready_ok!(service.poll_ready());
        let mut response = task::spawn(service.call(Request::new(())));
        let (_request, send) = handle.next_request().await.unwrap();

        assert_pending!(response.poll());
        send.send_response(Response::new(()));
        assert_ready_ok!(response.poll());
    }
}
