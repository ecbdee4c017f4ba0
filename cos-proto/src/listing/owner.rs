//! Who owns an entry.

use alloc::string::String;

use super::ListingError;
use super::slot::{Slot, Slots};
use crate::xml::{Document, Plain};

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
        let mut owner = RawOwner::new();
        owner.read_all(document)?;
        Ok(owner.finish())
    }

    /// Reads the next element, if it is a plain `<Owner>`.
    pub(super) fn read_plain(plain: &mut Plain<'_>) -> Option<Self> {
        RawOwner::new()
            .read_plain("Owner", plain)
            .map(RawOwner::finish)
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

#[derive(Debug)]
struct RawOwner<'a> {
    id: Slot<'a>,
    display_name: Slot<'a>,
}

impl RawOwner<'_> {
    fn new() -> Self {
        Self {
            id: Slot::new("ID"),
            display_name: Slot::new("DisplayName"),
        }
    }

    fn finish(self) -> Owner {
        Owner {
            id: self.id.optional(),
            display_name: self.display_name.optional(),
        }
    }
}

impl<'a> Slots<'a> for RawOwner<'a> {
    fn slot(&mut self, name: &str) -> Option<&mut Slot<'a>> {
        match name {
            "ID" => Some(&mut self.id),
            "DisplayName" => Some(&mut self.display_name),
            _ => None,
        }
    }

    fn read_other(&mut self, _: &str, document: &mut Document<'a>) -> Result<(), ListingError> {
        Ok(document.skip()?)
    }
}
