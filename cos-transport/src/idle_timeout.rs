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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
    use tower_test::mock;

    use super::*;
    use crate::test_body::fed_body;

    const LIMIT: Duration = Duration::from_secs(30);

    /// A second short of the limit.
    const NEARLY: Duration = Duration::from_secs(29);

    fn kind(error: BoxError) -> ErrorKind {
        error.downcast::<Error>().unwrap().kind()
    }

    fn data(frame: Option<Result<Frame<Bytes>, BoxError>>) -> Bytes {
        frame.unwrap().unwrap().into_data().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_fails() {
        let (feed, body) = fed_body();
        let mut body = IdleTimeoutBody::new(body, LIMIT);
        feed.send(Ok("first".into())).unwrap();
        assert_eq!(data(body.frame().await), "first");

        let mut frame = task::spawn(body.frame());
        assert_pending!(frame.poll());
        tokio::time::advance(NEARLY).await;
        assert_pending!(frame.poll());
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(frame.is_woken());
        let error = assert_ready!(frame.poll()).unwrap().unwrap_err();
        assert_eq!(kind(error), ErrorKind::BodyTimeout);
    }

    #[tokio::test(start_paused = true)]
    async fn each_frame_starts_the_wait_anew() {
        let (feed, body) = fed_body();
        let mut body = IdleTimeoutBody::new(body, LIMIT);
        for _ in 0..5 {
            let mut frame = task::spawn(body.frame());
            assert_pending!(frame.poll());
            tokio::time::advance(NEARLY).await;
            feed.send(Ok("chunk".into())).unwrap();
            assert_eq!(data(assert_ready!(frame.poll())), "chunk");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_may_pause_as_long_as_it_likes() {
        let (feed, body) = fed_body();
        let mut body = IdleTimeoutBody::new(body, LIMIT);
        feed.send(Ok("first".into())).unwrap();
        assert_eq!(data(body.frame().await), "first");

        tokio::time::advance(LIMIT * 10).await;
        let mut frame = task::spawn(body.frame());
        assert_pending!(frame.poll());
        tokio::time::advance(NEARLY).await;
        feed.send(Ok("second".into())).unwrap();
        assert_eq!(data(assert_ready!(frame.poll())), "second");
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_and_failures_are_handed_on() {
        let (feed, body) = fed_body();
        let mut body = IdleTimeoutBody::new(body, LIMIT);
        feed.send(Err("broken".into())).unwrap();
        drop(feed);
        let error = body.frame().await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "broken");
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_layer_wraps_the_body_of_each_answer() {
        let (mut service, mut handle) =
            mock::spawn_layer::<Request<()>, Response<_>, _>(IdleTimeoutLayer::new(LIMIT));
        assert_ready_ok!(service.poll_ready());
        let mut response = task::spawn(service.call(Request::new(())));
        let (_request, send) = handle.next_request().await.unwrap();
        let (_feed, body) = fed_body();
        send.send_response(Response::new(body));

        let mut body = assert_ready_ok!(response.poll()).into_body();
        let mut frame = task::spawn(body.frame());
        assert_pending!(frame.poll());
        tokio::time::advance(LIMIT * 2).await;
        assert!(assert_ready!(frame.poll()).unwrap().is_err());
    }
}
