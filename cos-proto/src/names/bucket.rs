//! Bucket names.

use alloc::string::String;

use thiserror::Error;

use super::text_newtype;

/// The name of a bucket, with its APPID: `examplebucket-1250000000`.
///
/// Lower-case letters, digits and `-`, which does not stand at an end, at most [`Bucket::MAX_LEN`]
/// bytes. COS itself wants `<name>-<APPID>` (the vendor's Go SDK checks `^[a-z0-9-]+-[0-9]+$`); a
/// server of another make may have buckets without an APPID, so this is checked where a request for
/// one of COS's own hosts is built.
///
/// ```
/// use cos_proto::Bucket;
///
/// let bucket = Bucket::new("examplebucket-1250000000")?;
/// assert_eq!(bucket.app_id(), Some("1250000000"));
/// assert!(Bucket::new("Example_Bucket").is_err());
/// # Ok::<(), cos_proto::InvalidBucket>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(String);

impl Bucket {
    /// The longest name: it is one label of a host name (RFC 1035, section 2.3.4).
    pub const MAX_LEN: usize = 63;

    /// Checks a bucket name.
    ///
    /// # Errors
    ///
    /// Says what is wrong with a text that no bucket is called.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidBucket> {
        let name = name.into();
        if name.is_empty() {
            return Err(InvalidBucket::Empty);
        }
        if name.len() > Self::MAX_LEN {
            return Err(InvalidBucket::TooLong { len: name.len() });
        }
        if !name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        {
            return Err(InvalidBucket::Character);
        }
        if name.starts_with('-') || name.ends_with('-') {
            return Err(InvalidBucket::HyphenAtEnd);
        }
        Ok(Self(name))
    }

    /// The APPID: the digits after the last `-`, if the name has that form.
    #[must_use]
    pub fn app_id(&self) -> Option<&str> {
        let (_, app_id) = self.0.rsplit_once('-')?;
        app_id
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(app_id)
    }
}

text_newtype!(Bucket, InvalidBucket);

/// A text that is no bucket name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidBucket {
    /// There is no text.
    #[error("bucket name is empty")]
    Empty,
    /// More than [`Bucket::MAX_LEN`] bytes.
    #[error("bucket name has {len} bytes, more than {max}", max = Bucket::MAX_LEN)]
    TooLong {
        /// Length of the text in bytes.
        len: usize,
    },
    /// Something other than lower-case letters, digits and `-`.
    #[error("bucket name has a character other than a-z, 0-9 and `-`")]
    Character,
    /// A `-` at the start or at the end.
    #[error("bucket name starts or ends with `-`")]
    HyphenAtEnd,
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn names_of_the_documentation_are_taken() {
        for name in ["examplebucket-1250000000", "a-1", "0-0", "bucket"] {
            assert_eq!(Bucket::new(name).unwrap().as_str(), name);
            assert_eq!(name.parse::<Bucket>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_cannot_be_a_label_of_a_host_is_refused() {
        assert_eq!(Bucket::new(""), Err(InvalidBucket::Empty));
        assert_eq!(
            Bucket::new("a".repeat(64)),
            Err(InvalidBucket::TooLong { len: 64 })
        );
        assert!(Bucket::new("a".repeat(63)).is_ok());
        for name in [
            "A-1", "a_b-1", "a.b-1", "a/b", "a-1 ", "a\r\n-1", "ä-1", "a@b", "a:80",
        ] {
            assert_eq!(Bucket::new(name), Err(InvalidBucket::Character), "{name:?}");
        }
        for name in ["-a-1", "a-1-", "-"] {
            assert_eq!(
                Bucket::new(name),
                Err(InvalidBucket::HyphenAtEnd),
                "{name:?}"
            );
        }
    }

    #[test]
    fn app_id_is_the_last_run_of_digits() {
        assert_eq!(Bucket::new("a-b-12").unwrap().app_id(), Some("12"));
        assert_eq!(Bucket::new("a-b12").unwrap().app_id(), None);
        assert_eq!(Bucket::new("bucket").unwrap().app_id(), None);
    }
}
