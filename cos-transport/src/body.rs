//! The body of an answer, as the client hands it out.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cos_proto::Failure;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

use crate::BoxError;
use crate::chain::find;
use crate::error::{Error, ErrorKind};
use crate::error_reader::ErrorReaderBody;
use crate::idle_timeout::IdleTimeoutBody;
use crate::in_flight::InFlightBody;
use crate::rate_limit::RateLimitBody;
use crate::stats::Counters;

/// The body of an answer: chunks of bytes as they arrive, never decoded.
///
/// Its request is in flight until the body has ended, has failed, or is dropped; see
/// [`max_in_flight`](crate::ClientBuilder::max_in_flight). Failures are of the kinds
/// [`ErrorKind::Body`] and [`ErrorKind::BodyTimeout`], and what was handed out before stays good.
/// A body is never asked for again here: whoever reads it knows what is missing.
///
/// # Cancellation
///
/// Dropping it before its end closes the connection and leaves nothing else; read to its end, the
/// connection is kept for the next request. A frame that is asked for and not waited for is not
/// lost: it comes when asked for again.
pub struct Body {
    inner: Layers<Incoming>,
    counters: Arc<Counters>,
}

/// What the layers make of a body.
type Layers<B> = RateLimitBody<InFlightBody<ErrorReaderBody<IdleTimeoutBody<B>>>>;

impl Body {
    pub(crate) fn new(inner: Layers<Incoming>, counters: Arc<Counters>) -> Self {
        Self { inner, counters }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.counters.bytes(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(frame.map(|frame| frame.map_err(broken)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body that ended early with an orderly close is told apart from a broken connection: it is the
/// server that sent less than it promised.
fn broken(error: BoxError) -> Error {
    match find::<io::Error>(&*error) {
        Some(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
            Error::new(ErrorKind::Body).because(Failure::CutShort)
        }
        _ => match error.downcast::<Error>() {
            Ok(error) => *error,
            Err(error) => Error::new(ErrorKind::Body).coming_from(&*error),
        },
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").finish_non_exhaustive()
    }
}
