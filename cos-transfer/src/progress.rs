//! How a download tells how far it is.

use std::fmt;

/// Is told how far a download is.
///
/// It is called about once for every MiB, from the task that downloads: an implementation should
/// store what it hears, and show it elsewhere. A closure will do.
///
/// ```
/// use cos_transfer::{Progress, Transferred};
///
/// fn accepts(_: impl Progress) {}
/// accepts(|now: Transferred| eprintln!("{} of {}", now.committed(), now.total()));
/// ```
pub trait Progress: Send + Sync {
    /// Takes note of where the download is. Successive calls for one download never go backwards
    /// and never beyond the total; the last one of a download that succeeded is the total.
    fn update(&self, now: Transferred);
}

impl<F: Fn(Transferred) + Send + Sync> Progress for F {
    fn update(&self, now: Transferred) {
        self(now);
    }
}

/// How far a download is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Transferred {
    committed: u64,
    total: u64,
}

impl Transferred {
    #[cfg(feature = "tokio")]
    pub(crate) fn new(committed: u64, total: u64) -> Self {
        Self { committed, total }
    }

    /// Bytes that have come, and were passed on to the file or the writer.
    pub fn committed(self) -> u64 {
        self.committed
    }

    /// Bytes that there will be: the length of the object, or of the range that was asked for.
    pub fn total(self) -> u64 {
        self.total
    }
}

impl fmt::Debug for Transferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transferred({} of {})", self.committed, self.total)
    }
}
