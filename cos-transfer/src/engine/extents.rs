//! What is known to be there.

use core::ops::Range;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use cos_proto::{Extent, crc64};

/// Runs of bytes that do not overlap, in order.
///
/// Neighbours are merged up to a grain. It is the small records' length at first, so that damage
/// costs as little as can be, and doubles whenever there are more runs than
/// [`Extents::MAX`]: so memory is bounded, whatever the size of the object.
#[derive(Clone, Debug)]
pub(super) struct Extents {
    runs: BTreeMap<u64, Extent>,
    bytes: u64,
    grain: u64,
}

impl Extents {
    /// How many runs are kept before they are made coarser. In 50 TB, a run then has 4 GB at most,
    /// and a journal of this many records 512 KiB.
    pub(super) const MAX: usize = 16 * 1024;

    /// No runs yet, to be merged up to `grain` bytes.
    pub(super) const fn new(grain: u64) -> Self {
        Self {
            runs: BTreeMap::new(),
            bytes: 0,
            grain,
        }
    }

    /// Adds a run. One that is empty, or overlaps with what is there, is refused.
    pub(super) fn insert(&mut self, extent: Extent) -> bool {
        if extent.is_empty() || self.overlapping(&extent).next().is_some() {
            return false;
        }
        self.put(extent);
        if self.runs.len() > Self::MAX {
            self.coarsen();
        }
        true
    }

    /// Adds a run and takes out what it overlaps with.
    pub(super) fn replace(&mut self, extent: Extent) {
        let replaced: Vec<u64> = self.overlapping(&extent).map(Extent::offset).collect();
        for offset in replaced {
            self.take(offset);
        }
        self.insert(extent);
    }

    /// How many bytes there are.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.runs.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Extent> {
        self.runs.values()
    }

    /// What of `range` is not there, in order.
    pub(super) fn gaps(&self, range: &Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut reached = range.start;
        for run in self.runs.values() {
            if run.offset() > reached {
                gaps.push(reached..run.offset().min(range.end));
            }
            reached = reached.max(run.end());
        }
        if reached < range.end {
            gaps.push(reached..range.end);
        }
        gaps
    }

    /// The CRC64 of all runs after each other: that of the object once it is all there.
    pub(super) fn crc64(&self) -> u64 {
        self.iter()
            .fold(0, |crc, run| crc64::combine(crc, run.crc64(), run.len()))
    }

    fn overlapping(&self, extent: &Extent) -> impl Iterator<Item = &Extent> {
        let start = extent.offset();
        let before = self.runs.range(..start).next_back();
        before
            .into_iter()
            .chain(self.runs.range(start..extent.end()))
            .map(|(_, run)| run)
            .filter(move |run| run.end() > start)
    }

    /// Adds a run that overlaps with none, merged with its neighbours.
    fn put(&mut self, mut extent: Extent) {
        if let Some((_, before)) = self.runs.range(..extent.offset()).next_back()
            && let Some(merged) = self.merged(*before, extent)
        {
            self.take(merged.offset());
            extent = merged;
        }
        if let Some(after) = self.runs.get(&extent.end())
            && let Some(merged) = self.merged(extent, *after)
        {
            self.take(extent.end());
            extent = merged;
        }
        self.bytes = self.bytes.saturating_add(extent.len());
        self.runs.insert(extent.offset(), extent);
    }

    fn merged(&self, left: Extent, right: Extent) -> Option<Extent> {
        let fits = left.len().saturating_add(right.len()) <= self.grain;
        fits.then(|| left.followed_by(&right)).flatten()
    }

    fn take(&mut self, offset: u64) {
        if let Some(run) = self.runs.remove(&offset) {
            self.bytes = self.bytes.saturating_sub(run.len());
        }
    }

    /// Doubles the grain until there are few runs, or they have gaps in between.
    fn coarsen(&mut self) {
        while self.runs.len() > Self::MAX / 2 && self.grain < u64::MAX {
            self.grain = self.grain.saturating_mul(2);
            self.bytes = 0;
            for extent in core::mem::take(&mut self.runs).into_values() {
                self.put(extent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    fn object(len: usize) -> Vec<u8> {
        (0..len)
            .map(|i| u8::try_from(i * 131 % 251).unwrap())
            .collect()
    }

    fn extent(object: &[u8], range: Range<usize>) -> Extent {
        let crc = crc64::checksum(&object[range.clone()]);
        Extent::new(range.start as u64, range.len() as u64, crc).unwrap()
    }

    fn bounds(extents: &Extents) -> Vec<Range<u64>> {
        extents.iter().map(|run| run.offset()..run.end()).collect()
    }

    #[test]
    fn neighbours_are_merged_up_to_the_grain() {
        let object = object(100);
        let mut extents = Extents::new(20);
        for start in [10, 0, 30, 20] {
            assert!(extents.insert(extent(&object, start..start + 10)));
        }
        assert_eq!(bounds(&extents), [0..20, 20..40]);
        assert_eq!(extents.bytes(), 40);
        assert_eq!(extents.crc64(), crc64::checksum(&object[..40]));
    }

    #[test]
    fn what_overlaps_is_refused_or_replaces() {
        let object = object(100);
        let mut extents = Extents::new(10);
        assert!(extents.insert(extent(&object, 0..10)));
        assert!(extents.insert(extent(&object, 10..20)));
        assert!(!extents.insert(extent(&object, 9..11)));
        assert!(!extents.insert(extent(&object, 19..30)));
        assert!(!extents.insert(extent(&object, 30..30)));
        extents.replace(extent(&object, 15..25));
        assert_eq!(bounds(&extents), [0..10, 15..25]);
        assert_eq!(extents.gaps(&(0..40)), [10..15, 25..40]);
        assert_eq!(extents.bytes(), 20);
    }

    #[test]
    fn fifty_terabytes_are_a_bounded_number_of_runs() {
        let record = 1 << 30;
        let mut extents = Extents::new(record);
        let mut offset = 0;
        while offset < 50_u64 << 40 {
            assert!(extents.insert(Extent::new(offset, record, offset).unwrap()));
            assert!(extents.len() <= Extents::MAX);
            offset += record;
        }
        assert_eq!(extents.bytes(), 50 << 40);
        assert_eq!(extents.gaps(&(0..50 << 40)), []);
    }

    #[test]
    fn runs_with_gaps_in_between_are_all_kept() {
        let mut extents = Extents::new(1);
        for i in 0..20_000 {
            assert!(extents.insert(Extent::new(i * 2, 1, i).unwrap()));
        }
        assert_eq!(extents.len(), 20_000);
    }

    fn indices(range: &Range<u64>) -> Range<usize> {
        usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()
    }

    proptest! {
        /// The model: a vector that says for each byte whether it is there.
        #[test]
        fn runs_are_what_a_vector_of_bytes_says(
            inserts in prop::collection::vec((0..60_usize, 0..20_usize, any::<bool>()), 0..30),
            grain in 1..60_u64,
        ) {
            let object = object(80);
            let mut extents = Extents::new(grain);
            let mut there = vec![false; 80];
            for (start, len, replaces) in inserts {
                let range = start..start + len;
                let run = extent(&object, range.clone());
                let overlaps = there[range.clone()].contains(&true);
                if replaces && len > 0 {
                    for replaced in bounds(&extents) {
                        if replaced.start < range.end as u64 && (range.start as u64) < replaced.end {
                            there[indices(&replaced)].fill(false);
                        }
                    }
                    extents.replace(run);
                    there[range].fill(true);
                } else {
                    prop_assert_eq!(extents.insert(run), len > 0 && !overlaps);
                    if !overlaps {
                        there[range].fill(true);
                    }
                }
                let mut found = vec![false; 80];
                for run in extents.iter() {
                    let range = indices(&(run.offset()..run.end()));
                    prop_assert!(run.len() <= grain.max(20));
                    prop_assert_eq!(run.crc64(), crc64::checksum(&object[range.clone()]));
                    found[range].fill(true);
                }
                prop_assert_eq!(&found, &there);
                for gap in extents.gaps(&(0..80)) {
                    found[indices(&gap)].fill(true);
                }
                prop_assert!(found.iter().all(|&byte| byte));
                prop_assert_eq!(extents.bytes(), there.iter().filter(|&&byte| byte).count() as u64);
            }
        }
    }
}
