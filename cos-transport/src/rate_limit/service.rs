//! The service of the rate limit.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::rate_limit::body::RateLimitBody;
use crate::rate_limit::future::ResponseFuture;
use crate::rate_limit::pace::Pace;

/// The service of [`RateLimitLayer`](crate::layer::RateLimitLayer).
///
/// With a limit of requests it is always ready, and a request waits in its future: first for its
/// turn, then for a clone of the inner service to be ready. Without one, it is ready when the inner
/// service is.
#[derive(Clone, Debug)]
pub struct RateLimit<S> {
    inner: S,
    requests: Option<Pace>,
    bytes: Option<Pace>,
}

impl<S> RateLimit<S> {
    pub(super) fn new(inner: S, requests: Option<Pace>, bytes: Option<Pace>) -> Self {
        Self {
            inner,
            requests,
            bytes,
        }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for RateLimit<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
{
    type Response = Response<RateLimitBody<ResB>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqB>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        match &self.requests {
            Some(_) => Poll::Ready(Ok(())),
            None => self.inner.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        let bytes = self.bytes.clone();
        match &self.requests {
            Some(pace) => ResponseFuture::waiting(pace.turn(), self.inner.clone(), request, bytes),
            None => ResponseFuture::called(self.inner.call(request), bytes),
        }
    }
}
