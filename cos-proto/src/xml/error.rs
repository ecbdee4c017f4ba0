//! What can be wrong with a document.

use alloc::string::String;

use thiserror::Error;

/// A document of the service that cannot be read.
///
/// Shown to people in the words of the document's grammar only: neither keys nor texts of the
/// document are part of it, except the start of a root's name that was not expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum XmlError {
    /// The document ends before its root does. The service has been seen to cut listings off under
    /// load; asking again helps.
    #[error("document ends before its root element does")]
    Truncated,
    /// The document is not well-formed XML, or has text where only elements may stand.
    #[error("document is not well-formed at byte {at}")]
    Malformed {
        /// Where the defect was noticed, in bytes from the start.
        at: u64,
    },
    /// The document's root is not the element that was asked for: an HTML page of something in
    /// between, for example.
    #[error("document is <{found}>, which was not asked for")]
    WrongRoot {
        /// Name of the root, without its namespace, cut to at most 32 characters and escaped.
        found: String,
    },
    /// Something follows the root.
    #[error("document is followed by other data")]
    TrailingData,
    /// The document brings a document type of its own, with which entities could be defined. The
    /// service never does.
    #[error("document has a document type declaration")]
    DocumentType,
    /// A reference to an entity that XML does not define by itself.
    #[error("document refers to an undefined entity")]
    UnknownEntity,
    /// The document says that it is in an encoding other than UTF-8.
    #[error("document declares an encoding other than utf-8")]
    Encoding,
    /// The document's bytes are not UTF-8.
    #[error("document is not utf-8 at byte {at}")]
    NotUtf8 {
        /// Offset of the first byte that is not part of a character.
        at: usize,
    },
    /// The document is larger than its limit.
    #[error("document is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Elements are nested deeper than the limit.
    #[error("elements are nested deeper than {limit}")]
    TooDeep {
        /// The limit, counting the root.
        limit: usize,
    },
    /// The text of an element is longer than the limit.
    #[error("text of an element is longer than {limit} bytes")]
    TextTooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl XmlError {
    /// The name was written by a stranger: it is cut, and control characters in it are escaped.
    pub(super) fn wrong_root(found: &str) -> Self {
        Self::WrongRoot {
            found: found
                .chars()
                .take(32)
                .flat_map(char::escape_debug)
                .collect(),
        }
    }
}
