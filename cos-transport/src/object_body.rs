//! The body of an object, held to what its head promised.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cos_proto::{GuardError, RangeGuard};
use http_body::{Frame, SizeHint};

use crate::body::Body;
use crate::error::{Error, ErrorKind};

/// The body of an object: exactly the bytes that the head promised, or an error.
///
/// The last chunk of a whole object is handed out only when the CRC64 of all of it is the one
/// that the head published. A range has no CRC64 of its own, and is held to its length alone; so
/// is an object without the header. [`guard`](Self::guard) tells which it was.
///
/// Failures have the kinds of [`Body`], and [`ErrorKind::Integrity`]. A body that ends early is
/// of the kind [`ErrorKind::Body`]: the rest may be asked for.
#[derive(Debug)]
pub struct ObjectBody {
    body: Body,
    guard: RangeGuard,
    ended: bool,
}

impl ObjectBody {
    pub(crate) fn new(body: Body, guard: RangeGuard) -> Self {
        Self {
            body,
            guard,
            ended: false,
        }
    }

    /// What the body is held to, and how much of it has come.
    pub fn guard(&self) -> &RangeGuard {
        &self.guard
    }

    /// The body and its guard apart, for a caller that applies the guard itself.
    pub fn into_parts(self) -> (Body, RangeGuard) {
        (self.body, self.guard)
    }

    /// Whether what has come is what was promised, all of it.
    fn check(&self) -> Result<(), Error> {
        match self.guard.clone().finish() {
            Ok(_) => Ok(()),
            Err(error) => Err(broken(error)),
        }
    }
}

impl http_body::Body for ObjectBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        let outcome = match frame {
            Some(Ok(frame)) => match frame.data_ref() {
                Some(chunk) => match this.guard.accept(chunk) {
                    Ok(_) if this.guard.remaining() == 0 => this.check().map(|()| Some(frame)),
                    Ok(_) => Ok(Some(frame)),
                    Err(error) => Err(broken(error)),
                },
                None => Ok(Some(frame)),
            },
            // All bytes are here; that the connection broke afterwards takes nothing from them.
            Some(Err(_)) if this.guard.remaining() == 0 => this.check().map(|()| None),
            Some(Err(error)) => Err(error),
            None => this.check().map(|()| None),
        };
        this.ended = !matches!(outcome, Ok(Some(_)));
        Poll::Ready(outcome.transpose())
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.ended {
            0
        } else {
            self.guard.remaining()
        })
    }
}

fn broken(error: GuardError) -> Error {
    let kind = match error {
        GuardError::Short { .. } => ErrorKind::Body,
        _ => ErrorKind::Integrity,
    };
    Error::new(kind).because(error)
}
