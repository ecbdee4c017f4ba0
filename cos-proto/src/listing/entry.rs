//! What objects, versions and delete markers have in common, as it stands in the page.

use alloc::borrow::Cow;

use super::slot::{Names, Slot, Slots};
use super::{DeleteMarker, ListingError, ObjectEntry, ObjectVersion, Owner};
use crate::xml::{Document, Plain, Tag};
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
    fn new() -> Self {
        Self {
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
        }
    }

    /// Reads the next element of the page, if it is an entry; else enters it. `None` at the page's
    /// end.
    ///
    /// `kinds` are the names that entries have, and what they stand for.
    pub(super) fn next<K: Copy>(
        kinds: &[(&str, K)],
        document: &mut Document<'a>,
    ) -> Result<Option<Next<'a, K>>, ListingError> {
        for (name, kind) in kinds {
            if let Some(entry) = document.plain(|plain| Self::new().read_plain(name, plain)) {
                return Ok(Some(Next::Entry(*kind, entry)));
            }
        }
        let Some(tag) = document.child()? else {
            return Ok(None);
        };
        match kinds.iter().find(|(name, _)| *name == tag.name()) {
            Some((_, kind)) => {
                let mut entry = Self::new();
                entry.read_all(document)?;
                Ok(Some(Next::Entry(*kind, entry)))
            }
            None => Ok(Some(Next::Other(tag))),
        }
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

/// What comes next in a page.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are entries, and a page has a thousand"
)]
pub(super) enum Next<'a, K> {
    Entry(K, RawEntry<'a>),
    /// An element that was entered.
    Other(Tag<'a>),
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

    fn read_other_plain(&mut self, plain: &mut Plain<'a>) -> Option<()> {
        let owner = Owner::read_plain(plain)?;
        self.owner.replace(owner).is_none().then_some(())
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
