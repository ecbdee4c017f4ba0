//! What is counted while a run goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::{PrefixProgress, PrefixReport};
use crate::{Progress, Report, Transferred};

/// What is counted while a run goes on.
#[derive(Debug, Default)]
pub(super) struct Counts {
    objects: AtomicU64,
    failed: AtomicU64,
    skipped: AtomicU64,
    deleted: AtomicU64,
    bytes: AtomicU64,
    fetched: AtomicU64,
    listed: AtomicU64,
    /// Bytes as the progress has them: of what is under way, too.
    come: AtomicU64,
    to_come: AtomicU64,
    is_listed: AtomicBool,
}

fn add(count: &AtomicU64, more: u64) {
    // A listing may claim sizes that add up to more than there is.
    let sum = |count: u64| Some(count.saturating_add(more));
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
}

fn get(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

impl Counts {
    /// The listing has shown an object.
    pub(super) fn listed(&self, bytes: u64) {
        add(&self.listed, 1);
        add(&self.to_come, bytes);
    }

    /// So many bytes that the listing has shown will not come.
    pub(super) fn give_up(&self, bytes: u64) {
        let rest = |count: u64| Some(count.saturating_sub(bytes));
        let _ = self
            .to_come
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
    }

    /// The listing has come to its end.
    pub(super) fn all_listed(&self) {
        self.is_listed.store(true, Ordering::Relaxed);
    }

    /// An object is in place.
    pub(super) fn fetched(&self, report: &Report) {
        add(&self.objects, 1);
        add(&self.bytes, report.bytes);
        add(&self.fetched, report.fetched);
    }

    /// An object is in place that has no bytes, or in a dry run would be, with so many.
    pub(super) fn placed(&self, bytes: u64) {
        add(&self.objects, 1);
        add(&self.bytes, bytes);
    }

    pub(super) fn failed(&self) {
        add(&self.failed, 1);
    }

    pub(super) fn skipped(&self) {
        add(&self.skipped, 1);
    }

    pub(super) fn deleted(&self) {
        add(&self.deleted, 1);
    }

    pub(super) fn progress(&self) -> PrefixProgress {
        // What has come is read before what is to come, which is never less at any moment.
        let bytes = get(&self.come);
        PrefixProgress {
            objects: get(&self.objects)
                .saturating_add(get(&self.failed))
                .saturating_add(get(&self.skipped)),
            objects_listed: get(&self.listed),
            bytes,
            bytes_listed: get(&self.to_come).max(bytes),
            is_listed: self.is_listed.load(Ordering::Relaxed),
        }
    }

    pub(super) fn report(&self, elapsed: Duration) -> PrefixReport {
        PrefixReport {
            objects: get(&self.objects),
            failed: get(&self.failed),
            skipped: get(&self.skipped),
            deleted: get(&self.deleted),
            bytes: get(&self.bytes),
            fetched: get(&self.fetched),
            elapsed,
        }
    }
}

/// Counts the bytes of one object into those of the run: each once, however often it comes.
#[derive(Debug)]
pub(super) struct Meter {
    counts: Arc<Counts>,
    /// As the listing has it.
    size: u64,
    counted: AtomicU64,
}

impl Meter {
    pub(super) fn new(counts: Arc<Counts>, size: u64) -> Self {
        Self {
            counts,
            size,
            counted: AtomicU64::new(0),
        }
    }

    /// So many bytes of it are there by now.
    pub(super) fn reached(&self, bytes: u64) {
        let bytes = bytes.min(self.size);
        let before = self.counted.fetch_max(bytes, Ordering::Relaxed);
        add(&self.counts.come, bytes.saturating_sub(before));
    }

    /// No more of it will come.
    pub(super) fn give_up(&self) {
        let rest = self.size.saturating_sub(get(&self.counted));
        self.counts.give_up(rest);
    }
}

impl Progress for Meter {
    fn update(&self, now: Transferred) {
        self.reached(now.committed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_twice_counts_once() {
        let counts = Arc::new(Counts::default());
        counts.listed(10);
        counts.listed(5);
        let meter = Meter::new(Arc::clone(&counts), 10);
        for (reached, counted) in [(4, 4), (2, 4), (7, 7), (20, 10)] {
            meter.reached(reached);
            assert_eq!(counts.progress().bytes, counted);
        }
        Meter::new(Arc::clone(&counts), 5).give_up();
        let progress = counts.progress();
        assert_eq!((progress.bytes, progress.bytes_listed), (10, 10));
        assert_eq!(progress.objects_listed, 2);
    }
}
