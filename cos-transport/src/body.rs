//! The body of an answer, as the client hands it out.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use cos_proto::Failure;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;

use crate::BoxError;
use crate::chain::find;
use crate::error::{Error, ErrorKind};
use crate::error_reader::ErrorReaderBody;
use crate::idle_timeout::IdleTimeoutBody;

/// The body of an answer: chunks of bytes as they arrive, never decoded.
///
/// Dropping it before its end closes the connection; read to its end, the connection is kept for
/// the next request. Failures are of the kinds [`ErrorKind::Body`] and
/// [`ErrorKind::BodyTimeout`], and what was handed out before stays good.
pub struct Body(ErrorReaderBody<IdleTimeoutBody<Incoming>>);

impl Body {
    pub(crate) fn new(body: ErrorReaderBody<IdleTimeoutBody<Incoming>>) -> Self {
        Self(body)
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Pin::new(&mut self.0).poll_frame(cx).map_err(broken)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
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
