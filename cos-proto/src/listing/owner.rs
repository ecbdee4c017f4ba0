//! Who owns an entry.

use alloc::string::String;

use super::ListingError;
use super::slot::Slot;
use crate::xml::Document;

/// The owner of an object, a version or a bucket.
///
/// A listing of objects gives the APPID in both fields, a listing of buckets gives
/// `qcs::cam::uin/…` (documentation pages 436/7734 and 436/8291).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Owner {
    /// The owner's id.
    pub id: Option<String>,
    /// The owner's name.
    pub display_name: Option<String>,
}

impl Owner {
    /// Reads the `<Owner>` that was entered last.
    pub(super) fn read(document: &mut Document<'_>) -> Result<Self, ListingError> {
        let mut id = Slot::new("ID");
        let mut display_name = Slot::new("DisplayName");
        while let Some(tag) = document.child()? {
            match tag.name() {
                "ID" => id.read(document)?,
                "DisplayName" => display_name.read(document)?,
                _ => document.skip()?,
            }
        }
        Ok(Self {
            id: id.optional(),
            display_name: display_name.optional(),
        })
    }

    /// Reads the `<Owner>` that was entered last into a place that is still empty.
    pub(super) fn read_once(
        place: &mut Option<Self>,
        document: &mut Document<'_>,
    ) -> Result<(), ListingError> {
        match place.replace(Self::read(document)?) {
            None => Ok(()),
            Some(_) => Err(ListingError::Duplicate { element: "Owner" }),
        }
    }
}
