//! The future of a request that is let in when there is room.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cos_proto::{Failure, ServiceError};
use http::{Request, Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower_service::Service;

use crate::in_flight::body::InFlightBody;
use crate::in_flight::gate::{Entry, Permit};

pin_project! {
    /// The future of [`InFlight`](crate::layer::InFlight). It needs a tokio runtime with its timer
    /// when it has to wait.
    ///
    /// # Cancellation
    ///
    /// It may be dropped at any time. While it waits, those behind it move up; a permit that it
    /// has got already goes to the next; the request below is dropped.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        Waiting {
            entry: Entry,
            // Present until the request is let in.
            call: Option<(S, Request<B>)>,
        },
        InFlight {
            // Present until the head of the answer is there.
            permit: Option<Permit>,
            #[pin]
            response: Oneshot<S, Request<B>>,
        },
    }
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn new(entry: Entry, service: S, request: Request<B>) -> Self {
        Self {
            state: State::Waiting {
                entry,
                call: Some((service, request)),
            },
        }
    }
}

impl<S, B, ResB> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<ResB>>,
    ResB: Body,
{
    type Output = Result<Response<InFlightBody<ResB>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProj::Waiting { entry, call } => {
                    let permit = Some(ready!(entry.poll_enter(cx)));
                    let Some((service, request)) = call.take() else {
                        // Not reached: the state changes as soon as this is taken.
                        return Poll::Pending;
                    };
                    let response = Oneshot::new(service, request);
                    state.set(State::InFlight { permit, response });
                }
                StateProj::InFlight { permit, response } => {
                    let Poll::Ready(response) = response.poll(cx) else {
                        if let Some(permit) = permit {
                            permit.waits();
                        }
                        return Poll::Pending;
                    };
                    let permit = permit.take();
                    let response = response?;
                    if let Some(permit) = &permit {
                        permit.got();
                        learn(&response, permit);
                    }
                    return Poll::Ready(Ok(response.map(|body| InFlightBody::new(body, permit))));
                }
            }
        }
    }
}

/// Tells the gate what the answer says about the pace.
fn learn<B>(response: &Response<B>, permit: &Permit) {
    let status = response.status();
    let error = response.extensions().get::<ServiceError>();
    let throttled = match error {
        Some(error) => matches!(Failure::of(error), Failure::Throttled { .. }),
        None => status == StatusCode::TOO_MANY_REQUESTS,
    };
    let silent = error.is_none_or(|error| error.code().is_none());
    if throttled || silent && status == StatusCode::SERVICE_UNAVAILABLE {
        permit.slow_down();
    } else if !status.is_server_error() {
        permit.good();
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
