//! What can be wrong with a page.

use thiserror::Error;

use crate::uri::DecodeError;
use crate::xml::XmlError;

/// A page of a listing that is refused.
///
/// Elements are named as the service writes them. What stands in them is not shown: it is a
/// stranger's text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ListingError {
    /// The body is not the document that was asked for.
    #[error("listing is not readable")]
    Xml(#[from] XmlError),
    /// An element that every such page or entry has is not there.
    #[error("listing lacks <{element}>")]
    Missing {
        /// Name of the element.
        element: &'static str,
    },
    /// An element that stands once at most stands twice.
    #[error("listing has <{element}> twice in one place")]
    Duplicate {
        /// Name of the element.
        element: &'static str,
    },
    /// An element holds something other than its kind: no number, no time, no key.
    #[error("listing has a bad value in <{element}>")]
    Invalid {
        /// Name of the element.
        element: &'static str,
    },
    /// The page says that its names are percent-encoded, and this one cannot be decoded.
    #[error("listing has a badly encoded name in <{element}>")]
    Encoding {
        /// Name of the element.
        element: &'static str,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The page has more entries than the limit.
    #[error("listing has more than {limit} entries in one page")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
}

impl ListingError {
    /// Whether the body ends in the middle of its XML.
    ///
    /// The service has been seen to cut listings off so under load, with a status of 200; asking
    /// again helps. A page that is wrong in any other way will be wrong again.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        matches!(self, Self::Xml(XmlError::Truncated))
    }
}
