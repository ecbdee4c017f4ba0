//! What `--json` prints: one serialisable value a line, its fields in the order of the contract.
//!
//! CRC64 is a decimal string (JSON numbers lose precision beyond 2^53), times are RFC 3339, an
//! absent value is `null`.

mod listing;
mod object;
mod transfer;
mod tree;
mod usage;

pub(crate) use listing::{BucketRecord, EntryRecord, PrefixRecord, VersionRecord};
pub(crate) use object::ObjectRecord;
pub(crate) use transfer::{FailureRecord, SkippedRecord, TransferRecord, verified};
pub(crate) use tree::{DoneRecord, SummaryRecord};
pub(crate) use usage::{SumRecord, UsageRecord};

use cos_proto::ETag;

/// An ETag as people and `--if-match` take it: without its quotes, unless it is weak.
fn etag(etag: &ETag) -> String {
    if etag.is_weak() {
        etag.to_string()
    } else {
        etag.as_str().to_owned()
    }
}

/// The storage class of an object that is said to have none: the service leaves its standard one
/// out.
const STANDARD: &str = "STANDARD";
