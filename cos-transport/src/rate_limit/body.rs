//! The body whose bytes are handed out at a limited rate.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::rate_limit::pace::{Pace, Turn};

pin_project! {
    /// A body whose bytes count against the rate that it shares with others.
    ///
    /// Bytes are paid for before they are handed out, in the order in which the bodies have got
    /// them. A body that is not read, or waits and is not polled, does not stop the others. Dropped, it
    /// leaves the line; what it had not handed out was not counted.
    ///
    /// It needs a tokio runtime with its timer when it has to wait.
    pub struct RateLimitBody<B> {
        #[pin]
        body: B,
        paced: Option<Paced>,
    }
}

struct Paced {
    turn: Turn,
    /// What has come and is not handed out.
    held: Bytes,
}

impl<B> RateLimitBody<B> {
    pub(super) fn new(body: B, pace: Option<Pace>) -> Self {
        Self {
            body,
            paced: pace.map(|pace| Paced {
                turn: pace.turn(),
                held: Bytes::new(),
            }),
        }
    }
}

impl<B: Body<Data = Bytes>> Body for RateLimitBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let Some(paced) = this.paced else {
            return this.body.poll_frame(cx);
        };
        if paced.held.is_empty() {
            match ready!(this.body.poll_frame(cx)?) {
                None => return Poll::Ready(None),
                Some(frame) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => paced.held = data,
                    // Neither nothing nor trailers cost anything.
                    Ok(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
            }
        }
        paced.poll_data(cx).map(|data| Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.held() == 0 && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(self.held()));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(self.held()));
        }
        hint
    }
}

impl Paced {
    /// Hands out what is held, or as much of it as may be paid for at once.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Bytes> {
        let held = length(&self.held);
        let paid = held.min(self.turn.pace().quantum());
        ready!(self.turn.poll_take(paid, cx));
        // What is longer than memory is longer than what is held.
        let paid = usize::try_from(paid).unwrap_or(usize::MAX);
        Poll::Ready(self.held.split_to(paid.min(self.held.len())))
    }
}

impl<B> RateLimitBody<B> {
    fn held(&self) -> u64 {
        self.paced.as_ref().map_or(0, |paced| length(&paced.held))
    }
}

impl<B> fmt::Debug for RateLimitBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitBody").finish_non_exhaustive()
    }
}

fn length(bytes: &Bytes) -> u64 {
    // A length in memory always fits.
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
