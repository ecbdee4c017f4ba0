//! One page of versions.

use alloc::string::String;
use alloc::vec::Vec;

use super::entry::{Next, RawEntry};
use super::header::RawHeader;
use super::slot::Slot;
use super::{LIMITS, ListingError, Owner};
use crate::xml::Document;
use crate::{ETag, Key, Timestamp, VersionId};

/// One page of versions and delete markers, as GET Bucket Object versions answers it (documentation
/// page 436/35521).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct VersionPage {
    /// The bucket, as the server calls it.
    pub name: Option<String>,
    /// The prefix that was asked for; empty for none.
    pub prefix: String,
    /// The key marker that was asked for; empty for none.
    pub key_marker: String,
    /// The version id marker that was asked for; empty for none.
    pub version_id_marker: String,
    /// The delimiter that was asked for, as the page writes it: it is not decoded.
    pub delimiter: Option<String>,
    /// How many entries the page has at most.
    pub max_keys: Option<u64>,
    /// Whether there is a page after this one.
    pub is_truncated: bool,
    /// The key marker of the page after this one.
    pub next_key_marker: Option<String>,
    /// The version id marker of the page after this one. It may be there and empty, and is then to
    /// be sent empty.
    pub next_version_id_marker: Option<String>,
    /// The versions and delete markers, in the order of the page: by key, and those of a key newest
    /// first.
    pub entries: Vec<VersionEntry>,
    /// What keys were folded into, in the order of the page.
    pub common_prefixes: Vec<String>,
    /// The page is S3's dialect by its own namespace.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "core::ops::Not::not")
    )]
    pub(crate) s3: bool,
}

impl VersionPage {
    /// Parses a body.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ListingError> {
        let mut document = Document::open(body, "ListVersionsResult", LIMITS)?;
        let s3 = document.is_s3();
        let mut header = RawHeader::new();
        let mut key_marker = Slot::new("KeyMarker");
        let mut version_id_marker = Slot::new("VersionIdMarker");
        let mut next_key_marker = Slot::new("NextKeyMarker");
        let mut next_version_id_marker = Slot::new("NextVersionIdMarker");
        let mut entries = Vec::new();
        while let Some(next) = RawEntry::next(&KINDS, &mut document)? {
            match next {
                Next::Entry(kind, entry) => {
                    header.count()?;
                    entries.push((kind, entry));
                }
                Next::Other(tag) => match tag.name() {
                    "KeyMarker" => key_marker.read(&mut document)?,
                    "VersionIdMarker" => version_id_marker.read(&mut document)?,
                    "NextKeyMarker" => next_key_marker.read(&mut document)?,
                    "NextVersionIdMarker" => next_version_id_marker.read(&mut document)?,
                    name => header.read(name, &mut document)?,
                },
            }
        }
        document.finish()?;

        let header = header.finish()?;
        let names = header.names;
        let entries = entries.into_iter().map(|(kind, entry)| match kind {
            Kind::Version => entry.into_version(names).map(VersionEntry::Version),
            Kind::DeleteMarker => entry
                .into_delete_marker(names)
                .map(VersionEntry::DeleteMarker),
        });
        Ok(Self {
            name: header.name,
            prefix: header.prefix,
            key_marker: key_marker.name(names)?,
            version_id_marker: version_id_marker.optional().unwrap_or_default(),
            delimiter: header.delimiter,
            max_keys: header.max_keys,
            is_truncated: header.is_truncated,
            next_key_marker: Some(next_key_marker.name(names)?).filter(|marker| !marker.is_empty()),
            next_version_id_marker: next_version_id_marker
                .required()
                .ok()
                .map(|marker| marker.into_owned()),
            entries: entries.collect::<Result<_, _>>()?,
            common_prefixes: header.common_prefixes,
            s3,
        })
    }
}

/// One version of an object, or a mark that it was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum VersionEntry {
    /// A version that can be read.
    Version(ObjectVersion),
    /// The object was deleted here.
    DeleteMarker(DeleteMarker),
}

impl VersionEntry {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Version(version) => &version.key,
            Self::DeleteMarker(marker) => &marker.key,
        }
    }

    /// The version id, where the bucket has had versioning.
    #[must_use]
    pub fn version_id(&self) -> Option<&VersionId> {
        match self {
            Self::Version(version) => version.version_id.as_ref(),
            Self::DeleteMarker(marker) => marker.version_id.as_ref(),
        }
    }

    /// Whether this is what a request without a version id gets.
    #[must_use]
    pub fn is_latest(&self) -> bool {
        match self {
            Self::Version(version) => version.is_latest,
            Self::DeleteMarker(marker) => marker.is_latest,
        }
    }

    /// When this was written.
    #[must_use]
    pub fn last_modified(&self) -> Timestamp {
        match self {
            Self::Version(version) => version.last_modified,
            Self::DeleteMarker(marker) => marker.last_modified,
        }
    }
}

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ObjectVersion {
    /// The key.
    pub key: Key,
    /// The version id: none where versioning was never on, `null` for what was written before or
    /// while it was suspended.
    pub version_id: Option<VersionId>,
    /// Whether this is what a request without a version id gets.
    pub is_latest: bool,
    /// When the version was written.
    pub last_modified: Timestamp,
    /// The entity tag.
    pub etag: Option<ETag>,
    /// The size in bytes.
    pub size: u64,
    /// The owner.
    pub owner: Option<Owner>,
    /// The storage class.
    pub storage_class: Option<String>,
    /// The tier of a version in the class `INTELLIGENT_TIERING`.
    pub storage_tier: Option<String>,
    /// How far the restoring of an archived version is.
    pub restore_status: Option<String>,
}

/// A mark that an object was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DeleteMarker {
    /// The key.
    pub key: Key,
    /// The version id of the mark.
    pub version_id: Option<VersionId>,
    /// Whether the object is deleted now.
    pub is_latest: bool,
    /// When the object was deleted.
    pub last_modified: Timestamp,
    /// The owner.
    pub owner: Option<Owner>,
}

/// Which of the two an entry is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Version,
    DeleteMarker,
}

const KINDS: [(&str, Kind); 2] = [
    ("Version", Kind::Version),
    ("DeleteMarker", Kind::DeleteMarker),
];
