//! How a download tells how far it is.

use std::fmt;

/// Is told how far a download is.
///
/// It is called when the download knows what there is to come, then at most ten times a second, and
/// when all has come; from the task that downloads, so an implementation should store what it hears
/// and show it elsewhere. A closure will do.
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
    ///
    /// Where the object turns out to have changed and is fetched anew, the count stands still until
    /// as much is there as before, or begins at the new total if that is less.
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
    resumed: u64,
    rate: u64,
}

impl Transferred {
    #[cfg(feature = "tokio")]
    pub(crate) fn new(committed: u64, total: u64) -> Self {
        Self {
            committed,
            total,
            resumed: 0,
            rate: 0,
        }
    }

    /// Of the bytes, so many were there from a former run.
    #[cfg(feature = "tokio")]
    pub(crate) fn resumed_from(mut self, bytes: u64) -> Self {
        self.resumed = bytes.min(self.committed);
        self
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn at_rate(mut self, bytes_per_second: u64) -> Self {
        self.rate = bytes_per_second;
        self
    }

    /// Bytes that are there: passed on to the file or the reader, or found from a former run and
    /// verified.
    pub fn committed(self) -> u64 {
        self.committed
    }

    /// Bytes that there will be: the length of the object, or of the range that was asked for.
    pub fn total(self) -> u64 {
        self.total
    }

    /// Of the bytes that are there, how many were there from a former run.
    pub fn resumed(self) -> u64 {
        self.resumed
    }

    /// Bytes that have come over the network lately, per second; 0 as long as that is not known.
    pub fn rate(self) -> u64 {
        self.rate
    }
}

impl fmt::Debug for Transferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transferred({} of {})", self.committed, self.total)
    }
}
