//! The chunks of a body, each let through only where it belongs.

use std::pin::Pin;

use bytes::Bytes;
use cos_proto::{Extent, Failure, GuardError, RangeGuard};
use http_body::Body;
use http_body_util::BodyExt as _;

use crate::error::classify;
use crate::{BoxError, DownloadError};

/// A body and the guard that its head made for it.
pub(crate) struct Chunks<B> {
    body: Pin<Box<B>>,
    guard: RangeGuard,
}

impl<B> Chunks<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: B, guard: RangeGuard) -> Self {
        Self {
            body: Box::pin(body),
            guard,
        }
    }

    /// How many bytes there will be in all.
    pub(crate) fn total(&self) -> u64 {
        let range = self.guard.range();
        range.end.saturating_sub(range.start)
    }

    /// The same, held to its length alone.
    pub(crate) fn without_crc64(mut self) -> Self {
        self.guard = self.guard.without_crc64();
        self
    }

    /// Whether the body is held to a CRC64.
    pub(crate) fn has_crc64(&self) -> bool {
        self.guard.expected_crc64().is_some()
    }

    /// The next chunk that is not empty, or none when the body has ended as promised.
    ///
    /// The last chunk is given only when all of the body has proved right, so that nobody who
    /// passes chunks on passes on a whole object that is wrong.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, DownloadError> {
        loop {
            let frame = match self.body.frame().await {
                None => return self.check().map(|_| None),
                // All bytes are here; that the end got lost takes nothing from them.
                Some(Err(_)) if self.guard.remaining() == 0 => return self.check().map(|_| None),
                Some(Err(error)) => return Err(self.broken(error.into())),
                Some(Ok(frame)) => frame,
            };
            let Ok(chunk) = frame.into_data() else {
                // Trailers are nothing to us.
                continue;
            };
            self.guard
                .accept(&chunk)
                .map_err(DownloadError::Integrity)?;
            if self.guard.remaining() == 0 {
                self.check()?;
            }
            if !chunk.is_empty() {
                return Ok(Some(chunk));
            }
        }
    }

    /// What has come, if it is all that was promised, and right.
    pub(crate) fn check(&self) -> Result<Extent, DownloadError> {
        self.guard
            .clone()
            .finish()
            .map_err(DownloadError::Integrity)
    }

    /// A body that ended early is a matter of its length; any other failure is the network's.
    fn broken(&self, error: BoxError) -> DownloadError {
        match classify(&*error) {
            Failure::CutShort => DownloadError::Integrity(GuardError::Short {
                missing: self.guard.remaining(),
            }),
            _ => DownloadError::transport(error),
        }
    }
}
