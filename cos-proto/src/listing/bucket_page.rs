//! One page of buckets.

use alloc::string::String;
use alloc::vec::Vec;

use super::slot::Slot;
use super::{LIMITS, ListingError, MAX_ENTRIES, Owner};
use crate::Timestamp;
use crate::xml::Document;

/// One page of buckets, as GET Service (List Buckets) answers it (documentation page 436/8291).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BucketPage {
    /// Whose buckets these are.
    pub owner: Option<Owner>,
    /// The marker that was asked for; empty for none.
    pub marker: String,
    /// Whether there is a page after this one. Servers that give all buckets at once do not say so;
    /// that is `false`.
    pub is_truncated: bool,
    /// The marker of the page after this one.
    pub next_marker: Option<String>,
    /// The buckets, in the order of the page.
    pub buckets: Vec<BucketEntry>,
}

impl BucketPage {
    /// Parses a body.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ListingError> {
        let mut document = Document::open(body, "ListAllMyBucketsResult", LIMITS)?;
        let mut owner = None;
        let mut marker = Slot::new("Marker");
        let mut is_truncated = Slot::new("IsTruncated");
        let mut next_marker = Slot::new("NextMarker");
        let mut buckets = None;
        while let Some(tag) = document.child()? {
            match tag.name() {
                "Owner" => Owner::read_once(&mut owner, &mut document)?,
                "Marker" => marker.read(&mut document)?,
                "IsTruncated" => is_truncated.read(&mut document)?,
                "NextMarker" => next_marker.read(&mut document)?,
                "Buckets" => {
                    if buckets.replace(read_buckets(&mut document)?).is_some() {
                        return Err(ListingError::Duplicate { element: "Buckets" });
                    }
                }
                _ => document.skip()?,
            }
        }
        document.finish()?;
        Ok(Self {
            owner,
            marker: marker.optional().unwrap_or_default(),
            is_truncated: is_truncated.truth_if_any()?.unwrap_or(false),
            next_marker: next_marker.optional(),
            buckets: buckets.ok_or(ListingError::Missing { element: "Buckets" })?,
        })
    }
}

/// One bucket of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BucketEntry {
    /// The name. It is a plain text: a server of another make may have buckets that
    /// [`Bucket`](crate::Bucket) refuses.
    pub name: String,
    /// The region: `ap-beijing`. S3 servers may leave it out.
    pub location: Option<String>,
    /// When the bucket was made.
    pub creation_date: Timestamp,
    /// The kind of bucket: `cos`, or `ofs` for one with metadata acceleration.
    pub bucket_type: Option<String>,
}

impl BucketEntry {
    fn read(document: &mut Document<'_>) -> Result<Self, ListingError> {
        let mut name = Slot::new("Name");
        let mut location = Slot::new("Location");
        let mut creation_date = Slot::new("CreationDate");
        let mut bucket_type = Slot::new("BucketType");
        while let Some(tag) = document.child()? {
            match tag.name() {
                "Name" => name.read(document)?,
                "Location" => location.read(document)?,
                "CreationDate" => creation_date.read(document)?,
                "BucketType" => bucket_type.read(document)?,
                _ => document.skip()?,
            }
        }
        Ok(Self {
            name: name.value(|text| (!text.is_empty()).then(|| text.into()))?,
            location: location.optional(),
            creation_date: creation_date.value(|text| Timestamp::parse_rfc3339(text).ok())?,
            bucket_type: bucket_type.optional(),
        })
    }
}

fn read_buckets(document: &mut Document<'_>) -> Result<Vec<BucketEntry>, ListingError> {
    let mut buckets = Vec::new();
    while let Some(tag) = document.child()? {
        if tag.name() != "Bucket" {
            document.skip()?;
            continue;
        }
        if buckets.len() >= MAX_ENTRIES {
            return Err(ListingError::TooManyEntries { limit: MAX_ENTRIES });
        }
        buckets.push(BucketEntry::read(document)?);
    }
    Ok(buckets)
}
