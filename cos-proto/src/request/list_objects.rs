//! GET Bucket, also called List Objects.

use alloc::string::String;

use http::{Method, Request};

use super::BuildError;
use super::build::{Target, page_size};
use crate::{Bucket, Endpoint};

/// GET Bucket, List Objects version 1 (documentation page 436/7734): one page of keys.
///
/// `encoding-type=url` is always asked for: XML cannot carry every key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListObjects {
    /// The bucket.
    pub bucket: Bucket,
    /// Only keys that start with this; empty for all.
    pub prefix: String,
    /// Keys that have this after the prefix are folded into one common prefix.
    pub delimiter: Option<String>,
    /// Only keys after this one, in the order of their bytes.
    pub marker: Option<String>,
    /// How many keys and common prefixes a page has at most; the service's default is 1000.
    pub max_keys: Option<u16>,
}

impl ListObjects {
    /// The most entries that can be asked for in one page.
    pub const MAX_KEYS: u16 = 1000;

    /// The first page of all keys of a bucket.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            prefix: String::new(),
            delimiter: None,
            marker: None,
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

    /// Only keys after this one, in the order of their bytes.
    #[must_use]
    pub fn marker(mut self, marker: impl Into<String>) -> Self {
        self.marker = Some(marker.into());
        self
    }

    /// How many keys and common prefixes the page has at most, up to [`ListObjects::MAX_KEYS`].
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
        target.push("encoding-type", "url");
        target.push_some(
            "prefix",
            Some(&self.prefix).filter(|prefix| !prefix.is_empty()),
        );
        target.push_some("delimiter", self.delimiter.as_ref());
        target.push_some("marker", self.marker.as_ref());
        target.push_some("max-keys", page_size(self.max_keys, Self::MAX_KEYS)?);
        target.into_request(Method::GET)
    }
}
