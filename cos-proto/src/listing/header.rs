//! The elements around the entries that listings of objects and of versions share.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::slot::{Names, Slot};
use super::{ListingError, MAX_ENTRIES};
use crate::Key;
use crate::digits::parse_u64;
use crate::xml::Document;

/// What was asked for, as the page repeats it, and its common prefixes.
#[derive(Debug)]
pub(super) struct RawHeader<'a> {
    name: Slot<'a>,
    prefix: Slot<'a>,
    delimiter: Slot<'a>,
    max_keys: Slot<'a>,
    is_truncated: Slot<'a>,
    encoding_type: Slot<'a>,
    common_prefixes: Vec<Cow<'a, str>>,
    /// Entries of any kind that were read.
    entries: usize,
}

impl<'a> RawHeader<'a> {
    pub(super) fn new() -> Self {
        Self {
            name: Slot::new("Name"),
            prefix: Slot::new("Prefix"),
            delimiter: Slot::new("Delimiter"),
            max_keys: Slot::new("MaxKeys"),
            is_truncated: Slot::new("IsTruncated"),
            encoding_type: Slot::new("EncodingType"),
            common_prefixes: Vec::new(),
            entries: 0,
        }
    }

    /// Reads the element that was entered last if it is one of these, and passes over it if it is
    /// unknown.
    pub(super) fn read(
        &mut self,
        name: &str,
        document: &mut Document<'a>,
    ) -> Result<(), ListingError> {
        match name {
            "Name" => self.name.read(document),
            "Prefix" => self.prefix.read(document),
            "Delimiter" => self.delimiter.read(document),
            "MaxKeys" => self.max_keys.read(document),
            "IsTruncated" => self.is_truncated.read(document),
            "EncodingType" => self.encoding_type.read(document),
            "CommonPrefixes" => self.read_common_prefixes(document),
            _ => Ok(document.skip()?),
        }
    }

    /// How names are written, where the page has said so by now.
    pub(super) fn names(&self) -> Option<Names> {
        Names::known(&self.encoding_type)
    }

    /// Counts an entry that is about to be read.
    pub(super) fn count(&mut self) -> Result<(), ListingError> {
        self.entries = self.entries.saturating_add(1);
        if self.entries > MAX_ENTRIES {
            return Err(ListingError::TooManyEntries { limit: MAX_ENTRIES });
        }
        Ok(())
    }

    /// Checks and decodes what was read.
    pub(super) fn finish(self) -> Result<Header, ListingError> {
        let names = Names::of(self.encoding_type)?;
        Ok(Header {
            names,
            name: self.name.optional(),
            prefix: self.prefix.name(names)?,
            delimiter: self.delimiter.optional(),
            max_keys: self.max_keys.value_if_any(parse_u64)?,
            is_truncated: self.is_truncated.truth()?,
            common_prefixes: self
                .common_prefixes
                .into_iter()
                .map(|prefix| common_prefix(prefix, names))
                .collect::<Result<_, _>>()?,
        })
    }

    fn read_common_prefixes(&mut self, document: &mut Document<'a>) -> Result<(), ListingError> {
        let before = self.common_prefixes.len();
        while let Some(tag) = document.child()? {
            if tag.name() == "Prefix" {
                self.count()?;
                self.common_prefixes.push(document.text()?);
            } else {
                document.skip()?;
            }
        }
        if self.common_prefixes.len() == before {
            return Err(ListingError::Missing { element: "Prefix" });
        }
        Ok(())
    }
}

/// The same, decoded.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) names: Names,
    pub(super) name: Option<String>,
    pub(super) prefix: String,
    pub(super) delimiter: Option<String>,
    pub(super) max_keys: Option<u64>,
    pub(super) is_truncated: bool,
    pub(super) common_prefixes: Vec<String>,
}

/// A common prefix is the start of a key: not empty, and no longer than one.
fn common_prefix(text: Cow<'_, str>, names: Names) -> Result<String, ListingError> {
    let prefix = names.decode("Prefix", text)?;
    if prefix.is_empty() || prefix.len() > Key::MAX_LEN {
        return Err(ListingError::Invalid { element: "Prefix" });
    }
    Ok(prefix)
}
