//! One page of objects.

use alloc::string::String;
use alloc::vec::Vec;

use super::entry::{Next, RawEntry};
use super::header::RawHeader;
use super::slot::Slot;
use super::{LIMITS, ListingError, Owner};
use crate::xml::Document;
use crate::{ETag, Key, Timestamp};

/// One page of objects, as GET Bucket (List Objects) answers it (documentation page 436/7734).
///
/// ```
/// use cos_proto::{Bucket, ListObjects};
///
/// let body = b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a b</Key>\
///     <LastModified>2020-12-10T03:37:30.000Z</LastModified><Size>5</Size></Contents></ListBucketResult>";
/// let page = ListObjects::new(Bucket::new("examplebucket-1250000000")?).parse(body)?;
/// assert_eq!((page.objects[0].key.as_str(), page.objects[0].size), ("a b", 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ObjectPage {
    /// The bucket, as the server calls it.
    pub name: Option<String>,
    /// The prefix that was asked for; empty for none.
    pub prefix: String,
    /// The marker that was asked for; empty for none.
    pub marker: String,
    /// The delimiter that was asked for, as the page writes it: it is not decoded.
    pub delimiter: Option<String>,
    /// How many entries the page has at most.
    pub max_keys: Option<u64>,
    /// Whether there is a page after this one.
    pub is_truncated: bool,
    /// The marker of the page after this one: the last entry of this one, a key or a common prefix.
    ///
    /// COS gives it on every page that is truncated, S3 servers only where a delimiter was asked
    /// for: see [`ObjectPager`](crate::pager::ObjectPager).
    pub next_marker: Option<String>,
    /// The objects, in the order of the page.
    pub objects: Vec<ObjectEntry>,
    /// What keys were folded into, in the order of the page. Buckets with metadata acceleration
    /// (OFS) give their folders so even where no delimiter was asked for.
    pub common_prefixes: Vec<String>,
    /// The page is S3's dialect by its own namespace.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "core::ops::Not::not")
    )]
    pub(crate) s3: bool,
}

impl ObjectPage {
    /// Parses a body.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ListingError> {
        let mut document = Document::open(body, "ListBucketResult", LIMITS)?;
        let s3 = document.is_s3();
        let mut header = RawHeader::new();
        let mut marker = Slot::new("Marker");
        let mut next_marker = Slot::new("NextMarker");
        let mut objects = Vec::new();
        // Those whose names wait for the page to say how it writes them.
        let mut waiting = Vec::new();
        while let Some(next) = RawEntry::next(&[("Contents", ())], &mut document)? {
            match next {
                Next::Entry((), entry) => {
                    header.count()?;
                    match header.names() {
                        Some(names) if waiting.is_empty() => {
                            objects.push(entry.into_object(names)?)
                        }
                        _ => waiting.push(entry),
                    }
                }
                Next::Other(tag) => match tag.name() {
                    "Marker" => marker.read(&mut document)?,
                    "NextMarker" => next_marker.read(&mut document)?,
                    name => header.read(name, &mut document)?,
                },
            }
        }
        document.finish()?;

        let header = header.finish()?;
        let names = header.names;
        for entry in waiting {
            objects.push(entry.into_object(names)?);
        }
        Ok(Self {
            name: header.name,
            prefix: header.prefix,
            marker: marker.name(names)?,
            delimiter: header.delimiter,
            max_keys: header.max_keys,
            is_truncated: header.is_truncated,
            next_marker: Some(next_marker.name(names)?).filter(|marker| !marker.is_empty()),
            objects,
            common_prefixes: header.common_prefixes,
            s3,
        })
    }
}

/// One object of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ObjectEntry {
    /// The key.
    pub key: Key,
    /// When the object was written.
    pub last_modified: Timestamp,
    /// The entity tag. It is a hint: a download pins the tag of the object's own answer.
    pub etag: Option<ETag>,
    /// The size in bytes.
    pub size: u64,
    /// The owner.
    pub owner: Option<Owner>,
    /// The storage class: `STANDARD`, `STANDARD_IA`, `ARCHIVE` and others.
    pub storage_class: Option<String>,
    /// The tier of an object in the class `INTELLIGENT_TIERING`: `FREQUENT` or `INFREQUENT`.
    pub storage_tier: Option<String>,
    /// How far the restoring of an archived object is. The vendor's Go SDK has this element, its
    /// documentation does not.
    pub restore_status: Option<String>,
}
