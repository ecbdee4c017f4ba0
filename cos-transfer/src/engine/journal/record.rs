//! One claim, as it stands in the journal.

use core::fmt;
use core::ops::Range;

use cos_proto::{Crc64, Extent};

use super::bytes::Fields;

/// A record of the journal: the claim that an extent is on the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Record {
    bytes: [u8; Self::LEN],
    extent: Extent,
}

impl Record {
    /// Length of every record, in bytes.
    pub const LEN: usize = 32;

    /// A record of the journal whose header has this check.
    pub(in crate::engine) fn new(header_check: u64, extent: Extent) -> Self {
        let numbers = [extent.offset(), extent.len(), extent.crc64()];
        let [offset, len, crc64] = numbers.map(u64::to_le_bytes);
        let check = check(header_check, &[offset, len, crc64].concat()).to_le_bytes();
        let mut bytes = [0; Self::LEN];
        let fields = [offset, len, crc64, check];
        for (to, from) in bytes.iter_mut().zip(fields.iter().flatten()) {
            *to = *from;
        }
        Self { bytes, extent }
    }

    /// What to append to the journal.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is claimed.
    #[must_use]
    pub const fn extent(&self) -> Extent {
        self.extent
    }

    /// Reads the record that `bytes` begin with: an extent within `range`, in the journal whose
    /// header has this check.
    pub(super) fn decode(bytes: &[u8], header_check: u64, range: &Range<u64>) -> Option<Extent> {
        let mut fields = Fields(bytes.get(..Self::LEN)?);
        let claim = fields.0.get(..CLAIM_LEN)?;
        let extent = Extent::new(fields.u64()?, fields.u64()?, fields.u64()?)?;
        // Garbage hardly ever lies within the object, so the check is seldom computed in vain.
        let within =
            !extent.is_empty() && range.start <= extent.offset() && extent.end() <= range.end;
        (within && check(header_check, claim) == fields.u64()?).then_some(extent)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Record").field(&self.extent).finish()
    }
}

/// Bytes of a record before its check.
const CLAIM_LEN: usize = 24;

fn check(header_check: u64, claim: &[u8]) -> u64 {
    let mut crc = Crc64::new();
    crc.update(&header_check.to_le_bytes());
    crc.update(claim);
    crc.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: Range<u64> = 100..1000;

    fn extent() -> Extent {
        Extent::new(200, 300, 0x1234_5678_9abc_def0).unwrap()
    }

    #[test]
    fn a_record_is_read_back_in_its_own_journal_only() {
        let record = Record::new(5, extent());
        assert_eq!(Record::decode(record.as_bytes(), 5, &RANGE), Some(extent()));
        assert_eq!(Record::decode(record.as_bytes(), 6, &RANGE), None);
    }

    #[test]
    fn every_flip_and_every_cut_is_told() {
        let record = Record::new(5, extent());
        for bit in 0..Record::LEN * 8 {
            let mut flipped = record.bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Record::decode(&flipped, 5, &RANGE), None, "{bit}");
        }
        for len in 0..Record::LEN {
            assert_eq!(
                Record::decode(&record.bytes[..len], 5, &RANGE),
                None,
                "{len}"
            );
        }
    }

    #[test]
    fn zeros_are_no_record() {
        assert_eq!(Record::decode(&[0; 32], 0, &(0..1000)), None);
    }

    #[test]
    fn what_lies_outside_of_the_range_is_no_record_of_it() {
        for (offset, len) in [(99, 10), (990, 11), (200, 0), (u64::MAX, 0)] {
            let record = Record::new(5, Extent::new(offset, len, 0).unwrap());
            assert_eq!(Record::decode(record.as_bytes(), 5, &RANGE), None);
        }
    }
}
