//! The names that COS gives to things, checked once where they come in.
//!
//! Each is a newtype over the text as it goes to the wire: nothing is trimmed, lower-cased or
//! normalised.

mod bucket;
mod etag;
mod key;
mod region;
mod traffic_limit;
mod version_id;

pub use bucket::{Bucket, InvalidBucket};
pub use etag::{ETag, InvalidETag};
pub use key::{InvalidKey, Key};
pub use region::{InvalidRegion, Region};
pub use traffic_limit::{InvalidTrafficLimit, TrafficLimit};
pub use version_id::{InvalidVersionId, VersionId};

/// Gives a newtype over a `String` what all names have in common.
macro_rules! text_newtype {
    ($name:ident, $error:ident) => {
        impl $name {
            /// The text, as it goes to the wire before any encoding.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl core::str::FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<alloc::string::String> for $name {
            type Error = $error;

            fn try_from(text: alloc::string::String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for alloc::string::String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

use text_newtype;
