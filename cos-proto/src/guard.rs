//! Fences a body to the bytes that its head promised.

use core::fmt;
use core::mem;
use core::ops::Range;

use thiserror::Error;

use crate::{Crc64, crc64};

/// Goes with a body and accepts exactly the bytes that the head promised, folding their CRC64.
///
/// [`GetObject::judge`](crate::GetObject::judge) makes one. Give it every chunk before anything is
/// done with the chunk: the answer is where the chunk belongs in the object. After the last chunk,
/// [`finish`](RangeGuard::finish) says whether all is there, and where the body was the whole
/// object of a known CRC64, whether it is that object.
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
    /// A guard of `range` in an object of `size` bytes, of which the whole object's CRC64 may be
    /// known.
    pub(crate) fn new(range: Range<u64>, size: u64, crc64: Option<u64>) -> Self {
        let whole = range == (0..size);
        Self {
            start: range.start,
            end: range.end,
            next: range.start,
            crc: Crc64::new(),
            whole,
            // The service always gives the CRC64 of the whole object, which says nothing about a
            // part.
            expected: crc64.filter(|_| whole),
            overrun: false,
        }
    }

    /// Accepts the next chunk and gives the offset of its first byte in the object.
    ///
    /// # Errors
    ///
    /// [`GuardError::Long`] if the chunk goes beyond what was promised. None of it is accepted, and
    /// neither is anything after it.
    pub fn accept(&mut self, chunk: &[u8]) -> Result<u64, GuardError> {
        let end = u64::try_from(chunk.len())
            .ok()
            .and_then(|len| self.next.checked_add(len));
        match end {
            Some(end) if end <= self.end && !self.overrun => {
                self.crc.update(chunk);
                Ok(mem::replace(&mut self.next, end))
            }
            _ => {
                self.overrun = true;
                Err(GuardError::Long)
            }
        }
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
    pub const fn range(&self) -> Range<u64> {
        self.start..self.end
    }

    /// The CRC64 that [`finish`](RangeGuard::finish) will compare with: only there where the range
    /// is the whole object and the head had one.
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
    /// [`GuardError::ChecksumMismatch`] if the whole object has come and is another one by its
    /// CRC64.
    pub fn finish(self) -> Result<Extent, GuardError> {
        if self.overrun {
            return Err(GuardError::Long);
        }
        if self.remaining() > 0 {
            return Err(GuardError::Short {
                missing: self.remaining(),
            });
        }
        let extent = self.so_far();
        match self.expected {
            Some(expected) if expected != extent.crc64 => Err(GuardError::ChecksumMismatch {
                expected,
                got: extent.crc64,
            }),
            _ => Ok(extent),
        }
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

/// A run of bytes of an object, with its CRC64. The default is that of no bytes at the object's
/// start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Extent {
    offset: u64,
    len: u64,
    crc64: u64,
}

impl Extent {
    /// A run of `len` bytes from `offset` on; `None` if it would end beyond `u64::MAX`.
    #[must_use]
    pub const fn new(offset: u64, len: u64, crc64: u64) -> Option<Self> {
        match offset.checked_add(len) {
            Some(_) => Some(Self { offset, len, crc64 }),
            None => None,
        }
    }

    /// Offset of the first byte in the object.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Number of bytes.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Offset behind the last byte.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.offset.saturating_add(self.len)
    }

    /// CRC64 of these bytes.
    #[must_use]
    pub const fn crc64(&self) -> u64 {
        self.crc64
    }

    /// The two runs as one, if `next` begins where this one ends.
    ///
    /// ```
    /// use cos_proto::{Extent, crc64};
    ///
    /// let left = Extent::new(100, 4, crc64::checksum(b"1234")).unwrap();
    /// let right = Extent::new(104, 5, crc64::checksum(b"56789")).unwrap();
    /// assert_eq!(left.followed_by(&right), Extent::new(100, 9, crc64::checksum(b"123456789")));
    /// assert_eq!(right.followed_by(&left), None);
    /// ```
    #[must_use]
    pub fn followed_by(&self, next: &Self) -> Option<Self> {
        if self.end() != next.offset {
            return None;
        }
        let crc64 = crc64::combine(self.crc64, next.crc64, next.len);
        Self::new(self.offset, self.len.checked_add(next.len)?, crc64)
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

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn object(len: usize) -> Vec<u8> {
        (0..len)
            .map(|i| u8::try_from(i * 131 % 251).unwrap())
            .collect()
    }

    #[test]
    fn an_empty_object_is_complete_at_once() {
        let guard = RangeGuard::new(0..0, 0, Some(0));
        assert!(guard.whole());
        assert_eq!(guard.remaining(), 0);
        assert_eq!(
            guard
                .finish()
                .map(|extent| (extent.is_empty(), extent.crc64())),
            Ok((true, 0))
        );
    }

    #[test]
    fn one_spare_byte_is_refused_and_nothing_is_lost() {
        let object = object(10);
        let mut guard = RangeGuard::new(0..10, 10, Some(crc64::checksum(&object)));
        assert_eq!(guard.accept(&object[..6]), Ok(0));
        assert_eq!(guard.accept(&[0; 5]), Err(GuardError::Long));
        assert_eq!(
            guard.so_far(),
            Extent::new(0, 6, crc64::checksum(&object[..6])).unwrap()
        );
        assert_eq!(
            guard.accept(&object[6..]),
            Err(GuardError::Long),
            "what follows a refused chunk is out of place"
        );
        assert_eq!(guard.finish(), Err(GuardError::Long));
    }

    #[test]
    fn a_body_that_ends_early_says_by_how_much() {
        let mut guard = RangeGuard::new(100..200, 1000, None);
        assert_eq!(guard.accept(&[0; 60]), Ok(100));
        assert_eq!(guard.finish(), Err(GuardError::Short { missing: 40 }));
    }

    #[test]
    fn a_corrupted_whole_object_is_told_by_its_checksum() {
        let mut bytes = object(100);
        let expected = crc64::checksum(&bytes);
        bytes[50] ^= 1;
        let mut guard = RangeGuard::new(0..100, 100, Some(expected));
        guard.accept(&bytes).unwrap();
        let got = crc64::checksum(&bytes);
        assert_eq!(
            guard.clone().finish(),
            Err(GuardError::ChecksumMismatch { expected, got })
        );
        assert!(guard.without_crc64().finish().is_ok());
    }

    #[test]
    fn the_objects_checksum_is_never_compared_with_a_part() {
        let mut guard = RangeGuard::new(0..50, 100, Some(12345));
        assert_eq!((guard.whole(), guard.expected_crc64()), (false, None));
        guard.accept(&[0; 50]).unwrap();
        assert!(guard.finish().is_ok());
    }

    #[test]
    fn the_end_of_the_largest_object_does_not_overflow() {
        let mut guard = RangeGuard::new(u64::MAX - 3..u64::MAX, u64::MAX, None);
        assert_eq!(guard.accept(&[0; 3]), Ok(u64::MAX - 3));
        assert_eq!(guard.accept(&[]), Ok(u64::MAX));
        assert_eq!(guard.accept(&[0]), Err(GuardError::Long));
        assert_eq!(Extent::new(u64::MAX, 1, 0), None);
        assert_eq!(Extent::new(u64::MAX - 1, 1, 0).unwrap().end(), u64::MAX);
    }

    proptest! {
        /// The model: the bytes that were promised lie in a vector, and chunks are taken from its
        /// front.
        #[test]
        fn the_guard_does_what_a_vector_does(
            size in 0..400_usize,
            bounds: (prop::sample::Index, prop::sample::Index),
            chunks in prop::collection::vec(0..80_usize, 0..12),
            corrupt: bool,
            known: bool,
        ) {
            let object = object(size);
            let (a, b) = (bounds.0.index(size + 1), bounds.1.index(size + 1));
            let (start, end) = (a.min(b), a.max(b));
            let published = crc64::checksum(&object) ^ u64::from(corrupt);
            let as_u64 = |n: usize| u64::try_from(n).unwrap();
            let mut guard = RangeGuard::new(as_u64(start)..as_u64(end), as_u64(size), known.then_some(published));

            let mut accepted: Vec<u8> = Vec::new();
            let mut refused = false;
            for len in chunks {
                let from = start + accepted.len();
                let chunk: Vec<u8> = object.iter().copied().skip(from).chain(core::iter::repeat(0)).take(len).collect();
                if refused || from + len > end {
                    refused = true;
                    prop_assert_eq!(guard.accept(&chunk), Err(GuardError::Long));
                } else {
                    prop_assert_eq!(guard.accept(&chunk), Ok(as_u64(from)));
                    accepted.extend(chunk);
                }
                prop_assert_eq!(guard.remaining(), as_u64(end - start - accepted.len()));
                prop_assert_eq!(guard.so_far(), Extent::new(as_u64(start), as_u64(accepted.len()), crc64::checksum(&accepted)).unwrap());
            }
            let missing = as_u64(end - start - accepted.len());
            let whole = start == 0 && end == size;
            let expected = if refused {
                Err(GuardError::Long)
            } else if missing > 0 {
                Err(GuardError::Short { missing })
            } else if whole && known && corrupt {
                Err(GuardError::ChecksumMismatch { expected: published, got: published ^ 1 })
            } else {
                Ok(guard.so_far())
            };
            prop_assert_eq!(guard.whole(), whole);
            prop_assert_eq!(guard.finish(), expected);
        }
    }
}
