//! The service that limits the requests in flight.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::in_flight::body::InFlightBody;
use crate::in_flight::future::ResponseFuture;
use crate::in_flight::gate::Gate;

/// The service of [`InFlightLayer`](crate::layer::InFlightLayer).
///
/// It is always ready: a request waits in its future, first to be let in, then for a clone of the
/// inner service to be ready.
#[derive(Clone, Debug)]
pub struct InFlight<S> {
    inner: S,
    gate: Gate,
}

impl<S> InFlight<S> {
    pub(super) fn new(inner: S, gate: Gate) -> Self {
        Self { inner, gate }
    }
}

impl<S, ReqB, ResB> Service<Request<ReqB>> for InFlight<S>
where
    S: Service<Request<ReqB>, Response = Response<ResB>> + Clone,
    ResB: Body,
{
    type Response = Response<InFlightBody<ResB>>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqB>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqB>) -> Self::Future {
        ResponseFuture::new(self.gate.entry(), self.inner.clone(), request)
    }
}
