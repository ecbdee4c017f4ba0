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
