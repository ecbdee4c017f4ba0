//! An object as a stream in order.

mod ordered;

pub(crate) use ordered::Ordered;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cos_proto::ObjectHead;
use http_body::{Body, Frame};

use crate::{DownloadError, Report};

/// The bytes of an object, or of a range of it, in order, fetched over several connections.
///
/// It is an [`http_body::Body`] and goes on only while it is polled: who reads slowly holds the
/// connections back. The last chunk of a whole object comes only when the CRC64 of all of it has
/// proved right; the chunks before it are out by then, so nothing must be made of a stream that
/// has failed.
///
/// # Errors
///
/// Its error is [`DownloadError`]; it is the last that comes. An object that has changed after a
/// byte was handed out is [`DownloadError::Changed`].
///
/// # Cancellation
///
/// Dropping it closes its connections, and leaves nothing else. A chunk that is asked for and not
/// waited for is not lost.
pub struct ObjectReader {
    reading: Box<dyn Reading + Send>,
    ended: bool,
}

/// What hands out the chunks.
pub(crate) trait Reading {
    /// The next chunk that is not empty; none when all have come, and are right.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, DownloadError>>>;

    /// Waits until the object is known.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DownloadError>>;

    fn head(&self) -> Option<&ObjectHead>;

    fn report(&self) -> Option<&Report>;
}

impl ObjectReader {
    pub(crate) fn new(reading: impl Reading + Send + 'static) -> Self {
        Self {
            reading: Box::new(reading),
            ended: false,
        }
    }

    /// What the service said of the object: waits for the first answer, if it has not come. What is
    /// read after this is the object that was told of, or an error.
    ///
    /// # Errors
    ///
    /// [`DownloadError`]; nothing follows it.
    pub async fn head(&mut self) -> Result<&ObjectHead, DownloadError> {
        poll_fn(|cx| self.reading.poll_head(cx)).await?;
        self.reading.head().ok_or(DownloadError::Cancelled)
    }

    /// The next chunk, which is not empty; `None` when all have come, and are right.
    ///
    /// # Errors
    ///
    /// [`DownloadError`]; nothing follows it.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, DownloadError>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// What came out of it, once the last chunk has been followed by the end.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.reading.report()
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, DownloadError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let chunk = ready!(self.reading.poll_chunk(cx));
        self.ended = !matches!(chunk, Some(Ok(_)));
        Poll::Ready(chunk)
    }
}

impl Body for ObjectReader {
    type Data = Bytes;
    type Error = DownloadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, DownloadError>>> {
        let chunk = ready!(self.poll_chunk(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

impl fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectReader")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
