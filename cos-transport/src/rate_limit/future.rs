//! The future of the rate limit.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower_service::Service;

use crate::rate_limit::body::RateLimitBody;
use crate::rate_limit::pace::{Pace, Turn};

pin_project! {
    /// The future of [`RateLimit`](crate::layer::RateLimit). It needs a tokio runtime with its
    /// timer when it has to wait.
    ///
    /// # Cancellation
    ///
    /// It may be dropped at any time. While it waits for its turn, those behind it move up; once
    /// it has called the inner service, that request is dropped.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
        bytes: Option<Pace>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        Waiting {
            turn: Turn,
            // Present until the turn has come.
            call: Option<(S, Request<B>)>,
        },
        Taken {
            #[pin]
            response: Oneshot<S, Request<B>>,
        },
        Called {
            #[pin]
            response: S::Future,
        },
    }
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn waiting(
        turn: Turn,
        service: S,
        request: Request<B>,
        bytes: Option<Pace>,
    ) -> Self {
        Self {
            state: State::Waiting {
                turn,
                call: Some((service, request)),
            },
            bytes,
        }
    }

    pub(super) fn called(response: S::Future, bytes: Option<Pace>) -> Self {
        Self {
            state: State::Called { response },
            bytes,
        }
    }
}

impl<S, B, ResB> Future for ResponseFuture<S, B>
where
    S: Service<Request<B>, Response = Response<ResB>>,
{
    type Output = Result<Response<RateLimitBody<ResB>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let response = loop {
            match this.state.as_mut().project() {
                StateProj::Waiting { turn, call } => {
                    ready!(turn.poll_take(1, cx));
                    let Some((service, request)) = call.take() else {
                        // Not reached: the state changes as soon as this is taken.
                        return Poll::Pending;
                    };
                    let response = Oneshot::new(service, request);
                    this.state.set(State::Taken { response });
                }
                StateProj::Taken { response } => break ready!(response.poll(cx))?,
                StateProj::Called { response } => break ready!(response.poll(cx))?,
            }
        };
        let bytes = this.bytes.take();
        Poll::Ready(Ok(response.map(|body| RateLimitBody::new(body, bytes))))
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
