//! The body that keeps its request in flight.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::in_flight::gate::Permit;

pin_project! {
    /// A body that holds the permit of its request until it has ended, has failed, or is dropped.
    #[derive(Debug)]
    pub struct InFlightBody<B> {
        #[pin]
        body: B,
        permit: Option<Permit>,
    }
}

impl<B: Body> InFlightBody<B> {
    pub(super) fn new(body: B, permit: Option<Permit>) -> Self {
        Self {
            permit: permit.filter(|_| !body.is_end_stream()),
            body,
        }
    }
}

impl<B: Body> Body for InFlightBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let polled = this.body.as_mut().poll_frame(cx);
        if let Some(permit) = this.permit {
            match &polled {
                Poll::Pending => permit.waits(),
                Poll::Ready(Some(Ok(_))) if !this.body.is_end_stream() => permit.got(),
                Poll::Ready(_) => *this.permit = None,
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
