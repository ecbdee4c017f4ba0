//! How often to try again.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU32, AtomicU64};

/// How many further attempts one range still has: a handle that all layers draw from which try again.
///
/// Attempts count anew after real progress, so that a slow network gets as many as it needs while a server that sends one
/// byte at a time does not hold the client for ever. Clones share the count.
#[derive(Clone, Debug)]
pub struct RetryBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    retries: u32,
    drawn: AtomicU32,
    progress: AtomicU64,
}

impl RetryBudget {
    /// Further attempts without progress, if nothing else is said.
    pub const RETRIES: u32 = 10;

    /// How many bytes count as progress: 256 KiB.
    pub const PROGRESS: u64 = 256 * 1024;

    /// A budget of so many consecutive further attempts.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        Self(Arc::new(Shared {
            retries,
            drawn: AtomicU32::new(0),
            progress: AtomicU64::new(0),
        }))
    }

    /// Takes one further attempt: its number, from 0, for [`Backoff::delay`](crate::Backoff::delay); `None` if there is none
    /// left.
    #[must_use]
    pub fn draw(&self) -> Option<u32> {
        todo!()
    }

    /// Tells that bytes have come and were accepted.
    pub fn progress(&self, bytes: u64) {
        todo!()
    }

    /// Whether there is no further attempt left.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        todo!()
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new(Self::RETRIES)
    }
}
