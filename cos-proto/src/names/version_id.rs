//! Version ids.

use alloc::string::String;

use thiserror::Error;

use super::text_newtype;

/// The id of one version of an object.
///
/// Opaque; `null` is the version from before versioning was switched on (documentation page
/// 436/35521). Where versioning was never on, there is no version id, not an empty one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(String);

impl VersionId {
    /// The longest id that is taken, in bytes. Those of COS have about 60; the bound keeps a
    /// request target small.
    pub const MAX_LEN: usize = 1024;

    /// Checks a version id.
    ///
    /// # Errors
    ///
    /// Refuses an empty text, one longer than [`VersionId::MAX_LEN`] bytes, and one with characters
    /// that are not visible ASCII.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidVersionId> {
        let id = id.into();
        let valid = (1..=Self::MAX_LEN).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_graphic());
        if valid {
            Ok(Self(id))
        } else {
            Err(InvalidVersionId(()))
        }
    }
}

text_newtype!(VersionId, InvalidVersionId);

/// A text that is no version id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("version id is not 1 to 1024 visible ASCII characters")]
pub struct InvalidVersionId(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_ascii_is_taken() {
        for id in ["null", "MTg0NDUxODMzMTMwMDM2Njc1ODA", "a+b/c=="] {
            assert_eq!(VersionId::new(id).unwrap().as_str(), id);
        }
        for id in ["", " ", "a b", "a\n", "ä"] {
            assert!(VersionId::new(id).is_err(), "{id:?}");
        }
        assert!(VersionId::new("v".repeat(1024)).is_ok());
        assert!(VersionId::new("v".repeat(1025)).is_err());
    }
}
