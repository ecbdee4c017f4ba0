//! How a listing breaks its order.

use alloc::string::String;

use thiserror::Error;

/// A page that does not continue its listing.
///
/// Each of these would otherwise lose entries, list them twice, or never end. Names in it were
/// written by the server; they are escaped where they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PagerError {
    /// An entry does not come after the one before it, or after the marker that was sent.
    #[error("listing goes back to {entry:?} after {after:?}")]
    GoesBack {
        /// The entry: a key or a common prefix.
        entry: String,
        /// What it should come after.
        after: String,
    },
    /// An entry comes twice, or comes by itself and within a common prefix.
    #[error("listing repeats {entry:?}")]
    Repeats {
        /// The entry: a key or a common prefix.
        entry: String,
    },
    /// An entry does not start with the prefix that was asked for.
    #[error("listing leaves the prefix {prefix:?} with {entry:?}")]
    LeavesPrefix {
        /// The entry: a key or a common prefix.
        entry: String,
        /// The prefix.
        prefix: String,
    },
    /// The next marker lies before an entry of its own page, or outside the prefix, or was used
    /// already.
    #[error("next marker {marker:?} does not continue the listing after {after:?}")]
    BadMarker {
        /// The marker.
        marker: String,
        /// The last entry of the page.
        after: String,
    },
    /// The page says that it is truncated, and has no entry.
    #[error("listing is truncated and has no entry")]
    StandsStill,
    /// Folders that nobody asked for are nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("folders are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More than [`MAX_WAITING`](super::MAX_WAITING) entries wait behind folders that are being
    /// walked.
    #[error("more than {limit} entries wait behind folders")]
    TooManyWaiting {
        /// The limit.
        limit: usize,
    },
    /// One key has so many pages of versions that their markers are no longer remembered.
    #[error("versions of {key:?} take more than {limit} pages")]
    TooManyVersions {
        /// The key.
        key: String,
        /// The limit.
        limit: usize,
    },
    /// No page was asked for: the listing is complete.
    #[error("no page was asked for")]
    NotAsked,
}
