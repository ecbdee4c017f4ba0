//! The records of `cos ls`.

use cos_proto::listing::{BucketEntry, ObjectEntry, VersionEntry};
use serde::Serialize;

/// An object.
#[derive(Debug, Serialize)]
pub(crate) struct EntryRecord<'a> {
    key: &'a str,
    size: u64,
    etag: Option<String>,
    last_modified: String,
    storage_class: Option<&'a str>,
}

impl<'a> EntryRecord<'a> {
    pub(crate) fn new(entry: &'a ObjectEntry) -> Self {
        Self {
            key: entry.key.as_str(),
            size: entry.size,
            etag: entry.etag.as_ref().map(super::etag),
            last_modified: entry.last_modified.to_string(),
            storage_class: entry.storage_class.as_deref(),
        }
    }
}

/// A version of an object, or a delete marker.
#[derive(Debug, Serialize)]
pub(crate) struct VersionRecord<'a> {
    key: &'a str,
    size: Option<u64>,
    etag: Option<String>,
    last_modified: String,
    storage_class: Option<&'a str>,
    version_id: Option<&'a str>,
    is_latest: bool,
    delete_marker: bool,
}

impl<'a> VersionRecord<'a> {
    pub(crate) fn new(entry: &'a VersionEntry) -> Self {
        let version = match entry {
            VersionEntry::Version(version) => Some(version),
            _ => None,
        };
        Self {
            key: entry.key().as_str(),
            size: version.map(|version| version.size),
            etag: version
                .and_then(|version| version.etag.as_ref())
                .map(super::etag),
            last_modified: entry.last_modified().to_string(),
            storage_class: version.and_then(|version| version.storage_class.as_deref()),
            version_id: entry.version_id().map(AsRef::as_ref),
            is_latest: entry.is_latest(),
            delete_marker: version.is_none(),
        }
    }
}

/// A folder: what keys have in common up to a delimiter.
#[derive(Debug, Serialize)]
pub(crate) struct PrefixRecord<'a> {
    prefix: &'a str,
}

impl<'a> PrefixRecord<'a> {
    pub(crate) fn new(prefix: &'a str) -> Self {
        Self { prefix }
    }
}

/// A bucket.
#[derive(Debug, Serialize)]
pub(crate) struct BucketRecord<'a> {
    bucket: &'a str,
    region: Option<&'a str>,
    creation_date: String,
}

impl<'a> BucketRecord<'a> {
    pub(crate) fn new(entry: &'a BucketEntry) -> Self {
        Self {
            bucket: &entry.name,
            region: entry.location.as_deref(),
            creation_date: entry.creation_date.to_string(),
        }
    }
}
