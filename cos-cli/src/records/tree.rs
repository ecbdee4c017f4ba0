//! The records of `cos cp -r` and `cos sync`.

use std::path::Path;

use cos_transfer::prefix::PrefixReport;
use serde::Serialize;

/// What has become of a key without its bytes being fetched: a folder, a local file that is gone,
/// something that would be done.
#[derive(Debug, Serialize)]
pub(crate) struct DoneRecord<'a> {
    key: &'a str,
    path: String,
    done: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

impl<'a> DoneRecord<'a> {
    pub(crate) fn new(key: &'a str, path: &Path, done: &'static str, bytes: Option<u64>) -> Self {
        Self {
            key,
            path: path.to_string_lossy().into_owned(),
            done,
            bytes,
        }
    }
}

/// What a run has done, in the end.
#[derive(Debug, Serialize)]
pub(crate) struct SummaryRecord {
    objects: u64,
    failed: u64,
    skipped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<u64>,
    bytes: u64,
    elapsed_ms: u64,
}

impl SummaryRecord {
    /// Files that were deleted count where any were to be.
    pub(crate) fn new(report: &PrefixReport, with_deleted: bool) -> Self {
        Self {
            objects: report.objects,
            failed: report.failed,
            skipped: report.skipped,
            deleted: with_deleted.then_some(report.deleted),
            bytes: report.bytes,
            elapsed_ms: u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
