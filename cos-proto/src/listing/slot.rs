//! Values of elements: each read once, checked for its kind.

use alloc::borrow::Cow;
use alloc::string::String;

use super::ListingError;
use crate::digits::parse_u64;
use crate::uri;
use crate::xml::{Document, Plain};

/// Values of the elements that an element holds.
pub(super) trait Slots<'a> {
    /// The slot for the element of this name, if the element holds nothing but text.
    fn slot(&mut self, name: &str) -> Option<&mut Slot<'a>>;

    /// Reads the element that was entered last, for which there is no slot.
    fn read_other(&mut self, name: &str, document: &mut Document<'a>) -> Result<(), ListingError>;

    /// The same for an element that is plain throughout.
    fn read_other_plain(&mut self, _: &mut Plain<'a>) -> Option<()> {
        None
    }

    /// Reads all elements in the one that was entered last.
    fn read_all(&mut self, document: &mut Document<'a>) -> Result<(), ListingError> {
        while let Some(tag) = document.child()? {
            match self.slot(tag.name()) {
                Some(slot) => slot.read(document)?,
                None => self.read_other(tag.name(), document)?,
            }
        }
        Ok(())
    }

    /// Reads the next element, if it has this name, and is plain and as it should be throughout.
    fn read_plain(mut self, name: &str, plain: &mut Plain<'a>) -> Option<Self>
    where
        Self: Sized,
    {
        plain.enter(name)?;
        while plain.leave(name).is_none() {
            match plain.leaf() {
                Some(leaf) => self.slot(leaf.name)?.put(leaf.text).ok()?,
                None => self.read_other_plain(plain)?,
            }
        }
        Some(self)
    }
}

/// The text of an element that may stand once.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    element: &'static str,
    text: Option<Cow<'a, str>>,
}

impl<'a> Slot<'a> {
    /// A slot for the element of this name, still empty.
    pub(super) const fn new(element: &'static str) -> Self {
        Self {
            element,
            text: None,
        }
    }

    /// Reads the element that was entered last.
    pub(super) fn read(&mut self, document: &mut Document<'a>) -> Result<(), ListingError> {
        let text = document.text()?;
        self.put(text)
    }

    fn put(&mut self, text: Cow<'a, str>) -> Result<(), ListingError> {
        match self.text.replace(text) {
            None => Ok(()),
            Some(_) => Err(ListingError::Duplicate {
                element: self.element,
            }),
        }
    }

    /// The text of an element that has to be there; it may be empty.
    pub(super) fn required(self) -> Result<Cow<'a, str>, ListingError> {
        self.text.ok_or(ListingError::Missing {
            element: self.element,
        })
    }

    /// The text, if it is there and not empty. The service writes `<Prefix/>` for what was not
    /// asked for.
    pub(super) fn optional(self) -> Option<String> {
        self.text
            .filter(|text| !text.is_empty())
            .map(Cow::into_owned)
    }

    /// A value that has to be there.
    pub(super) fn value<T>(self, read: impl FnOnce(&str) -> Option<T>) -> Result<T, ListingError> {
        let element = self.element;
        let text = self.required()?;
        read(&text).ok_or(ListingError::Invalid { element })
    }

    /// A value, if there is one; an empty element has none.
    pub(super) fn value_if_any<T>(
        self,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ListingError> {
        match self.text.as_deref() {
            None | Some("") => Ok(None),
            Some(_) => self.value(read).map(Some),
        }
    }

    /// A number that has to be there: ASCII digits, below 2^64.
    pub(super) fn number(self) -> Result<u64, ListingError> {
        self.value(parse_u64)
    }

    /// `true` or `false`, which has to be there.
    pub(super) fn truth(self) -> Result<bool, ListingError> {
        self.value(parse_truth)
    }

    /// `true` or `false`, if it is there.
    pub(super) fn truth_if_any(self) -> Result<Option<bool>, ListingError> {
        self.value_if_any(parse_truth)
    }

    /// A name, decoded; empty where the element is empty or missing.
    pub(super) fn name(self, names: Names) -> Result<String, ListingError> {
        match self.text {
            None => Ok(String::new()),
            Some(text) => names.decode(self.element, text),
        }
    }
}

/// How a page writes keys, prefixes and markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// As they are.
    Plain,
    /// Percent-encoded.
    Url,
}

impl Names {
    /// What `EncodingType` says, if it has been read and says something that is known.
    pub(super) fn known(encoding_type: &Slot<'_>) -> Option<Self> {
        let text = encoding_type.text.as_deref()?;
        text.eq_ignore_ascii_case("url").then_some(Self::Url)
    }

    /// What `EncodingType` says: the page is encoded only where it says so itself, whatever was
    /// asked for.
    pub(super) fn of(encoding_type: Slot<'_>) -> Result<Self, ListingError> {
        let url = encoding_type
            .value_if_any(|text| text.eq_ignore_ascii_case("url").then_some(Self::Url))?;
        Ok(url.unwrap_or(Self::Plain))
    }

    pub(super) fn decode(
        self,
        element: &'static str,
        text: Cow<'_, str>,
    ) -> Result<String, ListingError> {
        match self {
            Self::Plain => Ok(text.into_owned()),
            Self::Url => {
                uri::decode(&text).map_err(|source| ListingError::Encoding { element, source })
            }
        }
    }
}

fn parse_truth(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
