//! What a checkpoint claims, until it is read back.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use cos_proto::Extent;

use super::ClaimId;

/// Claims that wait to be read back, and those that are being read.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    waiting: VecDeque<Extent>,
    reading: Vec<(ClaimId, Extent)>,
}

impl Claims {
    /// How many claims are read back at once: while one is compared, the disk works on the next.
    const AT_ONCE: usize = 2;

    pub(super) fn new(claims: impl Iterator<Item = Extent>) -> Self {
        Self {
            waiting: claims.collect(),
            reading: Vec::new(),
        }
    }

    /// Whether there is a claim to read back, and not enough of them are being read.
    pub(super) fn may_be_read(&self) -> bool {
        self.reading.len() < Self::AT_ONCE && !self.waiting.is_empty()
    }

    /// The next claim to read back, which gets this id.
    pub(super) fn next(&mut self, id: ClaimId) -> Option<Extent> {
        let extent = self.waiting.pop_front()?;
        self.reading.push((id, extent));
        Some(extent)
    }

    /// The claim that was read back; `None` if there is none of this id.
    pub(super) fn finish(&mut self, id: ClaimId) -> Option<Extent> {
        let at = self
            .reading
            .iter()
            .position(|(reading, _)| *reading == id)?;
        Some(self.reading.swap_remove(at).1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.reading.is_empty()
    }

    /// All that is claimed and not proved.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Extent> {
        let reading = self.reading.iter().map(|(_, extent)| extent);
        reading.chain(&self.waiting)
    }
}
