//! A layer that fails a body from which nothing has come for too long.
//!
//! It limits the wait for each frame, not the whole body: a slow but living body may take as
//! long as it needs.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_layer::Layer;
use tower_service::Service;

use crate::BoxError;
use crate::deadline::deadline;
use crate::error::{Error, ErrorKind};

/// Wraps the body of every answer in an [`IdleTimeoutBody`].
///
/// ```
/// # use std::time::Duration;
/// # use cos_transport::layer::IdleTimeoutLayer;
/// let layer = IdleTimeoutLayer::new(Duration::from_secs(30));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IdleTimeoutLayer {
    limit: Duration,
}

impl IdleTimeoutLayer {
    /// A layer whose bodies may be silent for at most `limit` while they are read.
    pub fn new(limit: Duration) -> Self {
        Self { limit }
    }
}

impl<S> Layer<S> for IdleTimeoutLayer {
    type Service = IdleTimeout<S>;

    fn layer(&self, inner: S) -> Self::Service {
        IdleTimeout {
            inner,
            limit: self.limit,
        }
    }
}

/// The service of [`IdleTimeoutLayer`].
#[derive(Clone, Copy, Debug)]
pub struct IdleTimeout<S> {
    inner: S,
    limit: Duration,
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for IdleTimeout<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>>,
{
    type Response = Response<IdleTimeoutBody<ResB>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        ResponseFuture {
            response: self.inner.call(request),
            limit: self.limit,
        }
    }
}

pin_project! {
    /// The future of [`IdleTimeout`]. Dropping it drops the request below.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        response: F,
        limit: Duration,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<IdleTimeoutBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.response.poll(cx))?;
        Poll::Ready(Ok(
            response.map(|body| IdleTimeoutBody::new(body, *this.limit))
        ))
    }
}

pin_project! {
    /// A body that fails with [`ErrorKind::BodyTimeout`] when it was asked for a frame and none
    /// came for too long.
    ///
    /// The time runs only while a frame is waited for: a reader may pause between two frames for
    /// as long as it likes. It needs a tokio runtime with its timer when it is polled.
    #[derive(Debug)]
    pub struct IdleTimeoutBody<B> {
        #[pin]
        body: B,
        limit: Duration,
        // Made at the first wait, so that a body that never waits needs no timer; boxed, so that a
        // body that may be moved stays so.
        sleep: Option<Pin<Box<Sleep>>>,
        // Whether `sleep` belongs to the wait that is going on.
        waiting: bool,
    }
}

impl<B> IdleTimeoutBody<B> {
    /// Limits each wait for a frame of `body` to `limit`.
    pub fn new(body: B, limit: Duration) -> Self {
        Self {
            body,
            limit,
            sleep: None,
            waiting: false,
        }
    }
}

impl<B> Body for IdleTimeoutBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.project();
        if let Poll::Ready(frame) = this.body.poll_frame(cx) {
            *this.waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = *this.limit;
        let sleep = this
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !*this.waiting {
            *this.waiting = true;
            sleep.as_mut().reset(deadline(limit));
        }
        ready!(sleep.as_mut().poll(cx));
        // The next poll, should one come, is a new wait.
        *this.waiting = false;
        let error = Error::new(ErrorKind::BodyTimeout).after(limit);
        Poll::Ready(Some(Err(error.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
