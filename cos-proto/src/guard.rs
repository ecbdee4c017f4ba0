//! Fences a body to the bytes that its head promised.

use core::fmt;

use thiserror::Error;

use crate::Crc64;

/// Goes with a body and accepts exactly the bytes that the head promised, folding their CRC64.
///
/// [`GetObject::judge`](crate::GetObject::judge) makes one. Give it every chunk before anything is done with the chunk: the
/// answer is where the chunk belongs in the object. After the last chunk, [`finish`](RangeGuard::finish) says whether all
/// is there, and where the body was the whole object of a known CRC64, whether it is that object.
///
/// A chunk that is refused changes nothing: what was accepted before stays good, and
/// [`so_far`](RangeGuard::so_far) tells where to go on.
#[derive(Clone)]
pub struct RangeGuard {
    start: u64,
    end: u64,
    next: u64,
    crc: Crc64,
    whole: bool,
    expected: Option<u64>,
    overrun: bool,
}

impl RangeGuard {
    /// Accepts the next chunk and gives the offset of its first byte in the object.
    ///
    /// # Errors
    ///
    /// [`GuardError::Long`] if the chunk goes beyond what was promised. None of it is accepted, and neither is anything
    /// after it.
    pub fn accept(&mut self, chunk: &[u8]) -> Result<u64, GuardError> {
        todo!()
    }

    /// How many bytes are still to come.
    #[must_use]
    pub const fn remaining(&self) -> u64 {
        self.end.saturating_sub(self.next)
    }

    /// Whether the promised range is the whole object.
    #[must_use]
    pub const fn whole(&self) -> bool {
        self.whole
    }

    /// The promised bytes, as a half-open range of the object.
    #[must_use]
    pub const fn range(&self) -> core::ops::Range<u64> {
        self.start..self.end
    }

    /// The CRC64 that [`finish`](RangeGuard::finish) will compare with: only there where the range is the whole object and the
    /// head had one.
    #[must_use]
    pub const fn expected_crc64(&self) -> Option<u64> {
        self.expected
    }

    /// Makes [`finish`](RangeGuard::finish) compare lengths only.
    #[must_use]
    pub fn without_crc64(mut self) -> Self {
        self.expected = None;
        self
    }

    /// What was accepted until now, possibly nothing.
    #[must_use]
    pub fn so_far(&self) -> Extent {
        Extent {
            offset: self.start,
            len: self.next.saturating_sub(self.start),
            crc64: self.crc.value(),
        }
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// [`GuardError::Short`] if bytes are missing, [`GuardError::Long`] if a chunk was refused, and
    /// [`GuardError::ChecksumMismatch`] if the whole object has come and is another one by its CRC64.
    pub fn finish(self) -> Result<Extent, GuardError> {
        todo!()
    }
}

impl fmt::Debug for RangeGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RangeGuard")
            .field("range", &self.range())
            .field("next", &self.next)
            .field("whole", &self.whole)
            .field("expected_crc64", &self.expected)
            .finish_non_exhaustive()
    }
}

/// A run of bytes of an object that has come, with its CRC64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    offset: u64,
    len: u64,
    crc64: u64,
}

impl Extent {
    /// Offset of the first byte in the object.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Number of bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "added below")]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// CRC64 of these bytes.
    #[must_use]
    pub const fn crc64(&self) -> u64 {
        self.crc64
    }
}

/// A body that is not what its head promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The body ended early.
    #[error("body ended {missing} bytes early")]
    Short {
        /// How many bytes did not come.
        missing: u64,
    },
    /// The body went on beyond the promised bytes.
    #[error("body is longer than its head promised")]
    Long,
    /// All bytes have come, and they are not those of the object.
    #[error("crc64 of the body is {got}, of the object {expected}")]
    ChecksumMismatch {
        /// What the head said.
        expected: u64,
        /// What the bytes have.
        got: u64,
    },
}
