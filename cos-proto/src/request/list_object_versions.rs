//! GET Bucket Object versions.

use alloc::string::String;

use http::{Method, Request};

use super::BuildError;
use super::build::{Target, page_size};
use crate::{Bucket, Endpoint};

/// GET Bucket Object versions (documentation page 436/35521): one page of versions and delete
/// markers.
///
/// `encoding-type=url` is always asked for: XML cannot carry every key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListObjectVersions {
    /// The bucket.
    pub bucket: Bucket,
    /// Only keys that start with this; empty for all.
    pub prefix: String,
    /// Keys that have this after the prefix are folded into one common prefix.
    pub delimiter: Option<String>,
    /// Only versions after this key, or of it where there is a version id marker too.
    pub key_marker: Option<String>,
    /// Only versions after this one of the key marker. A page may give an empty one, which is sent
    /// as it is.
    pub version_id_marker: Option<String>,
    /// How many entries a page has at most; the service's default is 1000.
    pub max_keys: Option<u16>,
}

impl ListObjectVersions {
    /// The most entries that can be asked for in one page.
    pub const MAX_KEYS: u16 = 1000;

    /// The first page of all versions in a bucket.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            prefix: String::new(),
            delimiter: None,
            key_marker: None,
            version_id_marker: None,
            max_keys: None,
        }
    }

    /// Only keys that start with this.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Folds keys that have this after the prefix into one common prefix. COS takes a single
    /// character.
    #[must_use]
    pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
        self.delimiter = Some(delimiter.into());
        self
    }

    /// Only versions after this key, or of it where there is a version id marker too.
    #[must_use]
    pub fn key_marker(mut self, marker: impl Into<String>) -> Self {
        self.key_marker = Some(marker.into());
        self
    }

    /// Only versions after this one of the key marker; an empty one is sent as it is.
    #[must_use]
    pub fn version_id_marker(mut self, marker: impl Into<String>) -> Self {
        self.version_id_marker = Some(marker.into());
        self
    }

    /// How many entries the page has at most, up to [`ListObjectVersions::MAX_KEYS`].
    #[must_use]
    pub fn max_keys(mut self, max_keys: u16) -> Self {
        self.max_keys = Some(max_keys);
        self
    }

    /// Builds the request: method, final absolute URI and `Host`.
    ///
    /// # Errors
    ///
    /// [`BuildError`] says what cannot be sent.
    pub fn to_request(&self, endpoint: &Endpoint) -> Result<Request<()>, BuildError> {
        let mut target = Target::bucket(endpoint, &self.bucket)?;
        target.flag("versions");
        target.push("encoding-type", "url");
        target.push_some(
            "prefix",
            Some(&self.prefix).filter(|prefix| !prefix.is_empty()),
        );
        target.push_some("delimiter", self.delimiter.as_ref());
        target.push_some("key-marker", self.key_marker.as_ref());
        target.push_some("version-id-marker", self.version_id_marker.as_ref());
        target.push_some("max-keys", page_size(self.max_keys, Self::MAX_KEYS)?);
        target.into_request(Method::GET)
    }
}
