//! How often to try again.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, Ordering};

/// How many further attempts one range still has: a handle that all layers draw from which try
/// again.
///
/// Clones share the count. Put one in the extensions of every request of a range; the layer that
/// repeats a head and the engine that resumes a body draw from the same, so that their attempts add
/// up and do not multiply.
///
/// Attempts count anew after every [`RetryBudget::PROGRESS`] bytes that were accepted. So a bad
/// network gets as many as it needs, while a server that sends a byte at a time does not hold a
/// client for ever.
///
/// ```
/// use cos_proto::RetryBudget;
///
/// let budget = RetryBudget::new(2);
/// assert_eq!((budget.draw(), budget.draw(), budget.draw()), (Some(0), Some(1), None));
/// budget.progress(RetryBudget::PROGRESS);
/// assert_eq!(budget.draw(), Some(0));
/// ```
#[derive(Clone, Debug)]
pub struct RetryBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    retries: u32,
    /// Attempts drawn since the last progress.
    drawn: AtomicU32,
    /// Bytes accepted since the last progress: always fewer than [`RetryBudget::PROGRESS`].
    accepted: AtomicU32,
}

impl RetryBudget {
    /// Further attempts without progress, if nothing else is said.
    pub const RETRIES: u32 = 10;

    /// How many bytes count as progress: 256 KiB, many times what a server could trickle to keep a
    /// client busy.
    pub const PROGRESS: u64 = 256 * 1024;

    /// A budget of so many consecutive further attempts.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        Self(Arc::new(Shared {
            retries,
            drawn: AtomicU32::new(0),
            accepted: AtomicU32::new(0),
        }))
    }

    /// Takes one further attempt: its number, from 0, for
    /// [`Backoff::delay`](crate::Backoff::delay); `None` if there is none left.
    #[must_use]
    pub fn draw(&self) -> Option<u32> {
        let next = |drawn: u32| (drawn < self.0.retries).then(|| drawn.saturating_add(1));
        self.0
            .drawn
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .ok()
    }

    /// Tells that so many bytes have come and were accepted.
    pub fn progress(&self, bytes: u64) {
        let sum = |before: u32| bytes.saturating_add(before.into());
        // What goes beyond the threshold counts for the next progress, so that no byte that
        // another thread tells of meanwhile is lost.
        let rest = |before: u32| u32::try_from(sum(before) % Self::PROGRESS).ok();
        let before = self
            .0
            .accepted
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest);
        if before.is_ok_and(|before| sum(before) >= Self::PROGRESS) {
            self.0.drawn.store(0, Ordering::Relaxed);
        }
    }

    /// Whether there is no further attempt left: an error that comes now is the last word.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.remaining() == 0
    }

    /// How many further attempts were drawn since the last progress.
    #[must_use]
    pub fn drawn(&self) -> u32 {
        self.0.drawn.load(Ordering::Relaxed)
    }

    /// How many further attempts there are without progress.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.0.retries.saturating_sub(self.drawn())
    }
}

impl Default for RetryBudget {
    /// A budget of [`RetryBudget::RETRIES`].
    fn default() -> Self {
        Self::new(Self::RETRIES)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn clones_draw_from_one_budget() {
        let budget = RetryBudget::new(3);
        let other = budget.clone();
        assert_eq!(
            [budget.draw(), other.draw(), budget.draw(), other.draw()],
            [Some(0), Some(1), Some(2), None]
        );
        assert!(budget.is_exhausted() && other.is_exhausted());
        assert_eq!((other.drawn(), other.remaining()), (3, 0));
    }

    #[test]
    fn none_is_none() {
        let budget = RetryBudget::new(0);
        assert!(budget.is_exhausted());
        assert_eq!(budget.draw(), None);
    }

    #[test]
    fn one_byte_at_a_time_does_not_loop_for_ever() {
        let budget = RetryBudget::default();
        let mut attempts = 0;
        while budget.draw().is_some() {
            budget.progress(1);
            attempts += 1;
        }
        assert_eq!(attempts, RetryBudget::RETRIES);
    }

    #[test]
    fn real_progress_sets_the_count_back() {
        let budget = RetryBudget::new(1);
        assert_eq!(budget.draw(), Some(0));
        budget.progress(RetryBudget::PROGRESS - 1);
        assert!(budget.is_exhausted());
        budget.progress(1);
        assert_eq!(budget.draw(), Some(0));
        budget.progress(RetryBudget::PROGRESS - 1);
        assert!(budget.is_exhausted(), "the bytes are counted anew too");
        budget.progress(u64::MAX);
        assert_eq!(budget.draw(), Some(0));
    }

    #[test]
    fn no_byte_is_lost_between_threads() {
        const CHUNK: u64 = RetryBudget::PROGRESS / 4;
        let budget = RetryBudget::new(1);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..40_000).for_each(|_| budget.progress(CHUNK)));
            }
        });
        assert_eq!(budget.draw(), Some(0));
        budget.progress(RetryBudget::PROGRESS - 1);
        assert!(budget.is_exhausted());
        budget.progress(1);
        assert_eq!(budget.draw(), Some(0));
    }

    #[test]
    fn threads_never_draw_more_than_there_is() {
        let budget = RetryBudget::new(100);
        let drawn: usize = thread::scope(|scope| {
            let draw_all = || scope.spawn(|| core::iter::from_fn(|| budget.draw()).count());
            let threads = [draw_all(), draw_all(), draw_all(), draw_all()];
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(drawn, 100);
    }
}
