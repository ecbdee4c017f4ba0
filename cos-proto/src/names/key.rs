//! Object keys.

use alloc::string::String;

use thiserror::Error;

use super::text_newtype;

/// The key of an object, byte for byte.
///
/// Any UTF-8 text of 1 to [`Key::MAX_LEN`] bytes: `a//b`, `a/../b`, `.`, `/x` and keys with control
/// characters are keys like others. `Display` writes the key as it is; who shows it to people
/// escapes it.
///
/// COS cannot be asked for a key whose path components cancel out (`.`, `a/..`): see
/// [`merges_to_root`](Key::merges_to_root).
///
/// ```
/// use cos_proto::Key;
///
/// let key = Key::new("数据/文件 (1).bin")?;
/// assert_eq!(key.as_str(), "数据/文件 (1).bin");
/// # Ok::<(), cos_proto::InvalidKey>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The longest key in bytes. COS documents 850 (documentation page 436/13324), S3 servers have
    /// 1024.
    pub const MAX_LEN: usize = 1024;

    /// Checks a key.
    ///
    /// # Errors
    ///
    /// Refuses an empty text and one longer than [`Key::MAX_LEN`] bytes.
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = key.into();
        match key.len() {
            0 => Err(InvalidKey::Empty),
            len if len > Self::MAX_LEN => Err(InvalidKey::TooLong { len }),
            _ => Ok(Self(key)),
        }
    }

    /// Whether `/` and this key is `/` once the components `.`, `..` and the empty ones are merged
    /// as POSIX does.
    ///
    /// COS merges paths so: a GET for such an object would be answered as a GET of its bucket, a
    /// listing. The vendor's SDKs refuse these keys, and so does
    /// [`GetObject::to_request`](crate::GetObject::to_request); where the bucket stands in the
    /// path, it refuses those too that lead out of it (`../b`).
    ///
    /// ```
    /// use cos_proto::Key;
    ///
    /// assert!(Key::new("a/../.")?.merges_to_root());
    /// assert!(!Key::new("a/../b")?.merges_to_root());
    /// # Ok::<(), cos_proto::InvalidKey>(())
    /// ```
    #[must_use]
    pub fn merges_to_root(&self) -> bool {
        let mut depth = 0_usize;
        for component in self.0.split('/') {
            match component {
                "" | "." => {}
                ".." => depth = depth.saturating_sub(1),
                _ => depth = depth.saturating_add(1),
            }
        }
        depth == 0
    }

    /// Whether a component `..` finds nothing before it to lead out of, so that it leads out of
    /// whatever the key is put after.
    pub(crate) fn climbs(&self) -> bool {
        let depth = self
            .0
            .split('/')
            .try_fold(0_usize, |depth, component| match component {
                "" | "." => Some(depth),
                ".." => depth.checked_sub(1),
                _ => depth.checked_add(1),
            });
        depth.is_none()
    }
}

text_newtype!(Key, InvalidKey);

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// There is no text.
    #[error("key is empty")]
    Empty,
    /// More than [`Key::MAX_LEN`] bytes.
    #[error("key has {len} bytes, more than {max}", max = Key::MAX_LEN)]
    TooLong {
        /// Length of the text in bytes.
        len: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_of_a_lawful_length_is_a_key() {
        for key in [
            "a",
            ".",
            "..",
            "/x",
            "a//b",
            "a/../b",
            "a\u{0}b",
            "\u{1b}[2J",
            "数据",
            " ",
            "%zz",
        ] {
            assert_eq!(Key::new(key).unwrap().as_str(), key);
        }
        assert_eq!(Key::new(""), Err(InvalidKey::Empty));
        assert!(Key::new("k".repeat(1024)).is_ok());
        assert_eq!(
            Key::new("k".repeat(1025)),
            Err(InvalidKey::TooLong { len: 1025 })
        );
        assert_eq!(
            Key::new("数".repeat(342)),
            Err(InvalidKey::TooLong { len: 1026 })
        );
    }

    #[test]
    fn keys_that_merge_to_the_root_are_known() {
        for key in [
            ".",
            "..",
            "/",
            "//",
            "./",
            "../",
            "a/..",
            "a/../",
            "/a/..",
            "a/b/../..",
            "../..",
            "a/.././",
            "/./",
        ] {
            assert!(Key::new(key).unwrap().merges_to_root(), "{key}");
        }
        for key in [
            "a",
            "/x",
            "a//b",
            "x/./y",
            "a/../b",
            "...",
            "..a",
            "../a",
            "a/../../b",
            "a/b/..",
            "%2e",
            " ",
        ] {
            assert!(!Key::new(key).unwrap().merges_to_root(), "{key}");
        }
    }
}
