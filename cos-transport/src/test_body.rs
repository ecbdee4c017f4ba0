//! A body that the tests of the layers feed by hand.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::sync::mpsc;

use crate::BoxError;

/// Frames come through the channel; the body ends when its sender is dropped.
#[derive(Debug)]
pub(crate) struct FedBody(mpsc::UnboundedReceiver<Result<Bytes, BoxError>>);

/// The other end of a [`FedBody`].
pub(crate) type Feed = mpsc::UnboundedSender<Result<Bytes, BoxError>>;

/// A body and the means to feed it.
pub(crate) fn fed_body() -> (Feed, FedBody) {
    let (feed, frames) = mpsc::unbounded_channel();
    (feed, FedBody(frames))
}

impl Body for FedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0
            .poll_recv(cx)
            .map(|frame| frame.map(|frame| frame.map(Frame::data)))
    }
}
