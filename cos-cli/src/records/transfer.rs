//! The records of `cos cp` and `cos cat`.

use std::path::Path;

use cos_transfer::{Report, Verified};
use serde::Serialize;

use crate::error::Failed;

/// An object that was fetched.
#[derive(Debug, Serialize)]
pub(crate) struct TransferRecord<'a> {
    key: &'a str,
    path: String,
    bytes: u64,
    fetched: u64,
    resumed: u64,
    crc64: Option<String>,
    verified: &'static str,
    etag: Option<String>,
    version_id: Option<&'a str>,
    elapsed_ms: u64,
}

impl<'a> TransferRecord<'a> {
    pub(crate) fn new(key: &'a str, path: &Path, report: &'a Report) -> Self {
        Self {
            key,
            path: path.to_string_lossy().into_owned(),
            bytes: report.bytes,
            fetched: report.fetched,
            resumed: report.resumed,
            crc64: report.crc64.map(|crc64| crc64.to_string()),
            verified: verified(report.verified),
            etag: report.etag.as_ref().map(super::etag),
            version_id: report.version_id.as_ref().map(AsRef::as_ref),
            elapsed_ms: u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The word for what the bytes were held against.
pub(crate) fn verified(verified: Verified) -> &'static str {
    match verified {
        Verified::Crc64 => "crc64",
        Verified::Size => "size",
        _ => "none",
    }
}

/// An object that was not fetched because a file is in its place and was to be left alone.
#[derive(Debug, Serialize)]
pub(crate) struct SkippedRecord<'a> {
    key: &'a str,
    path: String,
    skipped: bool,
}

impl<'a> SkippedRecord<'a> {
    pub(crate) fn new(key: &'a str, path: &Path) -> Self {
        Self {
            key,
            path: path.to_string_lossy().into_owned(),
            skipped: true,
        }
    }
}

/// An object that could not be fetched.
#[derive(Debug, Serialize)]
pub(crate) struct FailureRecord<'a> {
    key: &'a str,
    error: ErrorRecord<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorRecord<'a> {
    code: Option<&'a str>,
    status: Option<u16>,
    message: &'a str,
    request_id: Option<&'a str>,
}

impl<'a> FailureRecord<'a> {
    pub(crate) fn new(key: &'a str, failed: &'a Failed) -> Self {
        let service = failed.service.as_ref();
        Self {
            key,
            error: ErrorRecord {
                code: service.and_then(|service| service.code()),
                status: service.map(|service| service.status()),
                message: service
                    .and_then(|service| service.message())
                    .unwrap_or(&failed.message),
                request_id: service.and_then(|service| service.request_id()),
            },
        }
    }
}
