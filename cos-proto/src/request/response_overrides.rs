//! Headers that the answer shall have in place of the object's own.

use alloc::string::String;

/// The `response-*` parameters of GET Object: what the answer's headers shall say (documentation
/// page 436/7753).
///
/// COS takes them in signed requests only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResponseOverrides {
    /// `Cache-Control` of the answer.
    pub cache_control: Option<String>,
    /// `Content-Disposition` of the answer.
    pub content_disposition: Option<String>,
    /// `Content-Encoding` of the answer.
    pub content_encoding: Option<String>,
    /// `Content-Language` of the answer.
    pub content_language: Option<String>,
    /// `Content-Type` of the answer.
    pub content_type: Option<String>,
    /// `Expires` of the answer.
    pub expires: Option<String>,
}

impl ResponseOverrides {
    /// The parameters with their values, in the order in which they are sent.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'static str, Option<&String>)> {
        // Without `..`, so that a new field is not forgotten.
        let Self {
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            content_type,
            expires,
        } = self;
        [
            ("response-cache-control", cache_control),
            ("response-content-disposition", content_disposition),
            ("response-content-encoding", content_encoding),
            ("response-content-language", content_language),
            ("response-content-type", content_type),
            ("response-expires", expires),
        ]
        .into_iter()
        .map(|(name, value)| (name, value.as_ref()))
    }
}
