//! `cos://BUCKET/KEY`, as it stands on the command line.

use std::fmt;
use std::str::FromStr;

use crate::escape::escaped;

/// A place in COS: a bucket, and what follows the first `/` behind it, byte for byte.
///
/// This is no URL: nothing is decoded, merged or normalised. `cos://b/a%20b` is the key `a%20b`,
/// `cos://b//x` the key `/x`, and `?` and `#` are characters like any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// The bucket, still unchecked.
    pub(crate) bucket: String,
    /// The key or prefix; empty where nothing follows the bucket.
    pub(crate) key: String,
}

impl FromStr for Location {
    type Err = InvalidLocation;

    fn from_str(text: &str) -> Result<Self, InvalidLocation> {
        let rest = text.strip_prefix(SCHEME).ok_or(InvalidLocation::NotCos)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(InvalidLocation::NoBucket);
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}

/// Shown as it was written, with control characters escaped.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", escaped(&self.bucket))?;
        if self.key.is_empty() {
            Ok(())
        } else {
            write!(f, "/{}", escaped(&self.key))
        }
    }
}

/// Why a text is not a place in COS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidLocation {
    /// The text does not begin with `cos://`.
    #[error("expected cos://BUCKET/KEY")]
    NotCos,
    /// Nothing stands between `cos://` and the next slash.
    #[error("the bucket is missing: expected cos://BUCKET/KEY")]
    NoBucket,
}

const SCHEME: &str = "cos://";

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, String) {
        let location: Location = text.parse().unwrap();
        (location.bucket, location.key)
    }

    #[test]
    fn the_key_is_everything_behind_the_first_slash_byte_for_byte() {
        for (text, key) in [
            ("cos://b", ""),
            ("cos://b/", ""),
            ("cos://b/k", "k"),
            ("cos://b//x", "/x"),
            ("cos://b/a//b", "a//b"),
            ("cos://b/x/./y", "x/./y"),
            ("cos://b/a/../b", "a/../b"),
            ("cos://b/a%20b?c#d&e=f+g", "a%20b?c#d&e=f+g"),
            ("cos://b/数据/文件", "数据/文件"),
            ("cos://b/dir/", "dir/"),
            ("cos://b/ ", " "),
        ] {
            assert_eq!(parts(text), ("b".to_owned(), key.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_in_cos_is_refused() {
        for (text, why) in [
            ("", InvalidLocation::NotCos),
            ("b/k", InvalidLocation::NotCos),
            ("s3://b/k", InvalidLocation::NotCos),
            ("COS://b/k", InvalidLocation::NotCos),
            ("cos:/b/k", InvalidLocation::NotCos),
            ("cos://", InvalidLocation::NoBucket),
            ("cos:///k", InvalidLocation::NoBucket),
        ] {
            assert_eq!(text.parse::<Location>(), Err(why), "{text}");
        }
    }

    #[test]
    fn a_place_is_shown_harmlessly() {
        let location: Location = "cos://b/a\u{1b}[2Jb".parse().unwrap();
        assert_eq!(location.to_string(), r"cos://b/a\u{1b}[2Jb");
    }
}
