//! What a run has done.

use std::time::Duration;

/// What the download of a prefix has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrefixReport {
    /// Objects that were put in place, folders among them; in a dry run, those that would be.
    pub objects: u64,
    /// Objects that failed.
    pub failed: u64,
    /// Objects that were left as they are: not different, not to be replaced, or fetched by a
    /// former run that was cut off.
    pub skipped: u64,
    /// Local files that were deleted; in a dry run, those that would be.
    pub deleted: u64,
    /// Bytes of the objects that were put in place.
    pub bytes: u64,
    /// Bytes that came over the network.
    pub fetched: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl PrefixReport {
    /// Objects that the run had to do with.
    pub fn listed(&self) -> u64 {
        self.objects
            .saturating_add(self.failed)
            .saturating_add(self.skipped)
    }
}
