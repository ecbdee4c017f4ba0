//! What objects, versions and delete markers have in common, as it stands in the page.

use alloc::borrow::Cow;

use super::slot::{Names, Slot, Slots};
use super::{DeleteMarker, ListingError, ObjectEntry, ObjectVersion, Owner};
use crate::xml::Document;
use crate::{ETag, Key, Timestamp, VersionId};

/// An entry whose key is not decoded yet: `EncodingType` may stand behind the entries, and S3
/// servers put it there.
#[derive(Debug)]
pub(super) struct RawEntry<'a> {
    key: Slot<'a>,
    version_id: Slot<'a>,
    is_latest: Slot<'a>,
    last_modified: Slot<'a>,
    etag: Slot<'a>,
    size: Slot<'a>,
    storage_class: Slot<'a>,
    storage_tier: Slot<'a>,
    restore_status: Option<Cow<'a, str>>,
    owner: Option<Owner>,
}

impl<'a> RawEntry<'a> {
    /// Reads the entry that was entered last.
    pub(super) fn read(document: &mut Document<'a>) -> Result<Self, ListingError> {
        let mut entry = Self {
            key: Slot::new("Key"),
            version_id: Slot::new("VersionId"),
            is_latest: Slot::new("IsLatest"),
            last_modified: Slot::new("LastModified"),
            etag: Slot::new("ETag"),
            size: Slot::new("Size"),
            storage_class: Slot::new("StorageClass"),
            storage_tier: Slot::new("StorageTier"),
            restore_status: None,
            owner: None,
        };
        entry.read_all(document)?;
        Ok(entry)
    }

    pub(super) fn into_object(self, names: Names) -> Result<ObjectEntry, ListingError> {
        Ok(ObjectEntry {
            key: key(self.key, names)?,
            last_modified: time(self.last_modified)?,
            etag: etag(self.etag)?,
            size: self.size.number()?,
            owner: self.owner,
            storage_class: self.storage_class.optional(),
            storage_tier: self.storage_tier.optional(),
            restore_status: text(self.restore_status),
        })
    }

    pub(super) fn into_version(self, names: Names) -> Result<ObjectVersion, ListingError> {
        Ok(ObjectVersion {
            key: key(self.key, names)?,
            version_id: version_id(self.version_id)?,
            is_latest: self.is_latest.truth()?,
            last_modified: time(self.last_modified)?,
            etag: etag(self.etag)?,
            size: self.size.number()?,
            owner: self.owner,
            storage_class: self.storage_class.optional(),
            storage_tier: self.storage_tier.optional(),
            restore_status: text(self.restore_status),
        })
    }

    pub(super) fn into_delete_marker(self, names: Names) -> Result<DeleteMarker, ListingError> {
        Ok(DeleteMarker {
            key: key(self.key, names)?,
            version_id: version_id(self.version_id)?,
            is_latest: self.is_latest.truth()?,
            last_modified: time(self.last_modified)?,
            owner: self.owner,
        })
    }
}

impl<'a> Slots<'a> for RawEntry<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Slot<'a>> {
        Some(match name {
            "Key" => &mut self.key,
            "VersionId" => &mut self.version_id,
            "IsLatest" => &mut self.is_latest,
            "LastModified" => &mut self.last_modified,
            "ETag" => &mut self.etag,
            "Size" => &mut self.size,
            "StorageClass" => &mut self.storage_class,
            "StorageTier" => &mut self.storage_tier,
            _ => return None,
        })
    }

    fn read_other(&mut self, name: &str, document: &mut Document<'a>) -> Result<(), ListingError> {
        match name {
            // Text in the vendor's Go SDK, elements in S3: only the former is ours.
            "RestoreStatus" => self.restore_status = document.text_or_skip()?,
            "Owner" => Owner::read_once(&mut self.owner, document)?,
            _ => document.skip()?,
        }
        Ok(())
    }
}

fn key(slot: Slot<'_>, names: Names) -> Result<Key, ListingError> {
    let text = slot.required()?;
    Key::new(names.decode("Key", text)?).map_err(|_| ListingError::Invalid { element: "Key" })
}

fn version_id(slot: Slot<'_>) -> Result<Option<VersionId>, ListingError> {
    match slot.required()? {
        text if text.is_empty() => Ok(None),
        text => match VersionId::new(text) {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(ListingError::Invalid {
                element: "VersionId",
            }),
        },
    }
}

fn etag(slot: Slot<'_>) -> Result<Option<ETag>, ListingError> {
    let Some(text) = slot.optional() else {
        return Ok(None);
    };
    match ETag::from_text(text) {
        Ok(etag) => Ok(Some(etag)),
        Err(_) => Err(ListingError::Invalid { element: "ETag" }),
    }
}

fn time(slot: Slot<'_>) -> Result<Timestamp, ListingError> {
    slot.value(|text| Timestamp::parse_rfc3339(text).ok())
}

fn text(text: Option<Cow<'_, str>>) -> Option<alloc::string::String> {
    text.filter(|text| !text.is_empty()).map(Cow::into_owned)
}
