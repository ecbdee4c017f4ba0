//! Conditions of a GET or HEAD.

use crate::{ETag, Timestamp};

/// The conditions under which an object is wanted (documentation page 436/7753).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conditions {
    /// `If-Match`: only with this entity tag, else 412.
    pub if_match: Option<ETag>,
    /// `If-None-Match`: only with another entity tag, else 304.
    pub if_none_match: Option<ETag>,
    /// `If-Modified-Since`: only if changed after this time, else 304. Whole seconds are sent.
    pub if_modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`: only if not changed after this time, else 412. Whole seconds are
    /// sent.
    pub if_unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.header_name().is_none()
    }

    /// The name of the first header that these conditions go in, if there is any.
    pub(super) fn header_name(&self) -> Option<&'static str> {
        // Without `..`, so that a new field is not forgotten.
        let Self {
            if_match,
            if_none_match,
            if_modified_since,
            if_unmodified_since,
        } = self;
        let headers = [
            if_match.as_ref().map(|_| "if-match"),
            if_none_match.as_ref().map(|_| "if-none-match"),
            if_modified_since.map(|_| "if-modified-since"),
            if_unmodified_since.map(|_| "if-unmodified-since"),
        ];
        headers.into_iter().flatten().next()
    }
}
