//! Region names.

use alloc::string::String;

use thiserror::Error;

use super::text_newtype;

/// The name of a region: `ap-beijing`, `ap-guangzhou`, `eu-frankfurt`.
///
/// Lower-case letters, digits and `-` (the vendor's Go SDK checks `^[a-z0-9-]+$`). The list of
/// regions grows, so none is kept here.
///
/// ```
/// use cos_proto::Region;
///
/// assert_eq!(Region::new("ap-beijing-1")?.as_str(), "ap-beijing-1");
/// assert!(Region::new("ap-beijing.example.com").is_err());
/// # Ok::<(), cos_proto::InvalidRegion>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// The longest name: it is one label of a host name (RFC 1035, section 2.3.4).
    pub const MAX_LEN: usize = 63;

    /// Checks a region name.
    ///
    /// # Errors
    ///
    /// Refuses an empty text, one longer than [`Region::MAX_LEN`], one with a character other than
    /// `a-z`, `0-9` and `-`, and one that starts or ends with `-`.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidRegion> {
        let name = name.into();
        let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let valid = !name.is_empty()
            && name.len() <= Self::MAX_LEN
            && name.bytes().all(allowed)
            && !name.starts_with('-')
            && !name.ends_with('-');
        if valid {
            Ok(Self(name))
        } else {
            Err(InvalidRegion(()))
        }
    }
}

text_newtype!(Region, InvalidRegion);

/// A text that is no region name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("region name is not 1 to 63 of a-z, 0-9 and `-`, with no `-` at its ends")]
pub struct InvalidRegion(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_label_of_a_host_is_taken() {
        for name in [
            "ap-beijing",
            "ap-beijing-1",
            "na-siliconvalley",
            "me-saudi-arabia",
        ] {
            assert_eq!(Region::new(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "ap beijing",
            "ap-beijing/",
            "a.b",
            "AP-BEIJING",
            "-a",
            "a-",
            "a@b",
        ] {
            assert!(Region::new(name).is_err(), "{name:?}");
        }
        assert!(Region::new("a".repeat(63)).is_ok());
        assert!(Region::new("a".repeat(64)).is_err());
    }
}
