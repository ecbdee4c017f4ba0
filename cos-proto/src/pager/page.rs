//! A page of either listing, as the pager looks at it.

use alloc::string::String;
use alloc::vec::Vec;

use super::{Listed, PagerError};
use crate::{ObjectEntry, VersionEntry};

/// Where a page starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) key: String,
    pub(super) version_id: Option<String>,
}

/// A page of either listing.
#[derive(Debug)]
pub(super) struct Incoming<E> {
    pub(super) entries: Vec<E>,
    pub(super) prefixes: Vec<String>,
    pub(super) is_truncated: bool,
    pub(super) next_key: Option<String>,
    pub(super) next_version_id: Option<String>,
    pub(super) s3: bool,
}

impl<E: Entry> Incoming<E> {
    pub(super) fn len(&self) -> usize {
        self.entries.len().saturating_add(self.prefixes.len())
    }

    /// Whether the entries alone, each key once, are all of the page: in order by themselves they
    /// are in order together.
    pub(super) fn is_one_sequence(&self) -> bool {
        self.prefixes.is_empty() && !E::KEYS_REPEAT
    }

    pub(super) fn last_version_id_of(&self, key: &str) -> Option<String> {
        let last = self.entries.iter().rfind(|entry| entry.key() == key)?;
        last.version_id().map(String::from)
    }
}

/// What objects and versions have in common.
pub(super) trait Entry {
    /// Whether a key may come more than once.
    const KEYS_REPEAT: bool;

    fn key(&self) -> &str;
    fn version_id(&self) -> Option<&str>;
    fn kind(&self) -> Kind;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Readable,
    Deleted,
}

impl Entry for ObjectEntry {
    const KEYS_REPEAT: bool = false;

    fn key(&self) -> &str {
        self.key.as_str()
    }

    fn version_id(&self) -> Option<&str> {
        None
    }

    fn kind(&self) -> Kind {
        Kind::Readable
    }
}

impl Entry for VersionEntry {
    const KEYS_REPEAT: bool = true;

    fn key(&self) -> &str {
        Self::key(self).as_str()
    }

    fn version_id(&self) -> Option<&str> {
        Self::version_id(self).map(|id| id.as_str())
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Version(_) => Kind::Readable,
            Self::DeleteMarker(_) => Kind::Deleted,
        }
    }
}

pub(super) fn name_of<E: Entry>(listed: &Listed<E>) -> &str {
    match listed {
        Listed::Entry(entry) => entry.key(),
        Listed::Prefix(prefix) | Listed::Folder(prefix) => prefix,
    }
}

/// An entry or a common prefix, for comparing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) text: &'a str,
    pub(super) version_id: Option<&'a str>,
    pub(super) folder: bool,
}

impl<'a> Name<'a> {
    pub(super) fn of_entry<E: Entry>(entry: &'a E) -> Self {
        Self {
            text: entry.key(),
            version_id: entry.version_id(),
            folder: false,
        }
    }

    pub(super) fn of_prefix(prefix: &'a str) -> Self {
        Self {
            text: prefix,
            version_id: None,
            folder: true,
        }
    }

    /// Checks a neighbour in order: it is not the same, and not in this folder. Keys of a folder
    /// stand right behind it.
    pub(super) fn check_next(&self, next: &Self, keys_repeat: bool) -> Result<(), PagerError> {
        let repeats = if self.folder {
            next.text.starts_with(self.text)
        } else {
            self.text == next.text
                && (next.folder || !keys_repeat || self.version_id == next.version_id)
        };
        if repeats {
            return Err(PagerError::Repeats {
                entry: String::from(next.text),
            });
        }
        Ok(())
    }
}
