//! What an answer says about an object.

mod judge;
mod read;

use core::fmt;

use http::{HeaderMap, HeaderName};

pub use judge::JudgeError;
pub(crate) use judge::{judge_get, judge_head};

use crate::{ContentRange, ETag, Timestamp, VersionId};

/// What the head of an answer to GET or HEAD Object says about the object.
///
/// What a download hangs on is read strictly once, when the head is judged: size, entity tag,
/// CRC64, version id. The rest is looked up in [`headers`](ObjectHead::headers), which keeps every
/// header of the answer, known or not.
#[derive(Clone)]
pub struct ObjectHead {
    size: u64,
    etag: Option<ETag>,
    crc64: Option<u64>,
    last_modified: Option<Timestamp>,
    version_id: Option<VersionId>,
    content_range: Option<ContentRange>,
    headers: HeaderMap,
}

impl ObjectHead {
    /// Length of the whole object in bytes, also where the answer is a part of it.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The entity tag. Without a strong one, parts of the object cannot be told to belong together.
    #[must_use]
    pub const fn etag(&self) -> Option<&ETag> {
        self.etag.as_ref()
    }

    /// The CRC64 of the **whole** object, also where the answer is a part of it. Old objects have
    /// none.
    #[must_use]
    pub const fn crc64(&self) -> Option<u64> {
        self.crc64
    }

    /// When the object was last changed, in whole seconds; `None` also for a text that is no
    /// HTTP-date.
    #[must_use]
    pub const fn last_modified(&self) -> Option<Timestamp> {
        self.last_modified
    }

    /// The version, in buckets that have versions.
    #[must_use]
    pub const fn version_id(&self) -> Option<&VersionId> {
        self.version_id.as_ref()
    }

    /// The range that the answer holds, of a 206.
    #[must_use]
    pub const fn content_range(&self) -> Option<ContentRange> {
        self.content_range
    }

    /// `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.text("content-type")
    }

    /// `Content-Encoding`: how the object was stored. Nothing here or below decodes it.
    #[must_use]
    pub fn content_encoding(&self) -> Option<&str> {
        self.text("content-encoding")
    }

    /// `Content-Disposition`.
    #[must_use]
    pub fn content_disposition(&self) -> Option<&str> {
        self.text("content-disposition")
    }

    /// `Content-Language`.
    #[must_use]
    pub fn content_language(&self) -> Option<&str> {
        self.text("content-language")
    }

    /// `Cache-Control`.
    #[must_use]
    pub fn cache_control(&self) -> Option<&str> {
        self.text("cache-control")
    }

    /// `Expires`, as it stands there: it may be any text.
    #[must_use]
    pub fn expires(&self) -> Option<&str> {
        self.text("expires")
    }

    /// `Accept-Ranges`.
    #[must_use]
    pub fn accept_ranges(&self) -> Option<&str> {
        self.text("accept-ranges")
    }

    /// When the server wrote the answer, by its clock.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        self.text("date")
            .and_then(|text| Timestamp::parse_http_date(text).ok())
    }

    /// The service's id of the request. COS always gives one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.text("x-cos-request-id")
    }

    /// The service's id for tracing the request.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.text("x-cos-trace-id")
    }

    /// The storage class, which COS leaves out where it is `STANDARD`.
    #[must_use]
    pub fn storage_class(&self) -> Option<&str> {
        self.text("x-cos-storage-class")
    }

    /// The tier within the class `INTELLIGENT_TIERING`: `FREQUENT` or `INFREQUENT`.
    #[must_use]
    pub fn storage_tier(&self) -> Option<&str> {
        self.text("x-cos-storage-tier")
    }

    /// How far the restoring of an archived object is.
    #[must_use]
    pub fn restore(&self) -> Option<Restore<'_>> {
        self.text("x-cos-restore").map(Restore)
    }

    /// `x-cos-restore-status` as it stands there: `tier="bulk"; request-date="…"`.
    #[must_use]
    pub fn restore_status(&self) -> Option<&str> {
        self.text("x-cos-restore-status")
    }

    /// How the server encrypts the object: `AES256`, `SM4` or `cos/kms`.
    #[must_use]
    pub fn server_side_encryption(&self) -> Option<&str> {
        self.text("x-cos-server-side-encryption")
    }

    /// The id of the KMS key that the object is encrypted with.
    #[must_use]
    pub fn kms_key_id(&self) -> Option<&str> {
        self.text("x-cos-server-side-encryption-cos-kms-key-id")
    }

    /// The algorithm for a key of the customer's own.
    #[must_use]
    pub fn customer_key_algorithm(&self) -> Option<&str> {
        self.text("x-cos-server-side-encryption-customer-algorithm")
    }

    /// `normal` or `appendable`.
    #[must_use]
    pub fn object_type(&self) -> Option<&str> {
        self.text("x-cos-object-type")
    }

    /// Where the next bytes of an appendable object go.
    #[must_use]
    pub fn next_append_position(&self) -> Option<u64> {
        self.text("x-cos-next-append-position")
            .and_then(crate::digits::parse_u64)
    }

    /// The user's own metadata: the name after `x-cos-meta-`, and the value as it came.
    ///
    /// Values need not be text; they are whatever bytes the uploader sent.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().filter_map(|(name, value)| {
            Some((name.as_str().strip_prefix("x-cos-meta-")?, value.as_bytes()))
        })
    }

    /// All headers of the answer, known or not.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether another answer is about the same bytes: both have the same strong entity tag and the
    /// same size, and neither version id nor CRC64 nor time of change differs where both have one.
    ///
    /// Ask this of every further answer whose bytes shall stand beside those of the first.
    #[must_use]
    pub fn is_same_object(&self, other: &Self) -> bool {
        fn agree<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        let same_etag = self
            .etag
            .as_ref()
            .zip(other.etag.as_ref())
            .is_some_and(|(a, b)| a.strongly_matches(b));
        same_etag
            && self.size == other.size
            && agree(self.version_id.as_ref(), other.version_id.as_ref())
            && agree(self.crc64, other.crc64)
            && agree(self.last_modified, other.last_modified)
    }

    /// A header's value where it is text.
    fn text(&self, name: &'static str) -> Option<&str> {
        let value = self.headers.get(HeaderName::from_static(name))?;
        core::str::from_utf8(value.as_bytes()).ok()
    }
}

impl fmt::Debug for ObjectHead {
    /// Shows what was read, and of the other headers only the names: what a proxy adds may be
    /// anybody's secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Names<'a>(&'a HeaderMap);

        impl fmt::Debug for Names<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_set()
                    .entries(self.0.keys().map(HeaderName::as_str))
                    .finish()
            }
        }

        f.debug_struct("ObjectHead")
            .field("size", &self.size)
            .field("etag", &self.etag)
            .field("crc64", &self.crc64)
            .field("last_modified", &self.last_modified)
            .field("version_id", &self.version_id)
            .field("content_range", &self.content_range)
            .field("request_id", &self.request_id())
            .field("headers", &Names(&self.headers))
            .finish()
    }
}

/// How far the restoring of an archived object is: the value of `x-cos-restore`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restore<'a>(&'a str);

impl<'a> Restore<'a> {
    /// The text as it stands there: `ongoing-request="false", expiry-date="…"`.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it is still going on; `None` where the text does not say.
    #[must_use]
    pub fn is_ongoing(self) -> Option<bool> {
        match self.parameter("ongoing-request")? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Until when the restored copy can be read.
    #[must_use]
    pub fn expiry_date(self) -> Option<Timestamp> {
        Timestamp::parse_http_date(self.parameter("expiry-date")?).ok()
    }

    /// The text between the quotes after `name=`.
    fn parameter(self, name: &str) -> Option<&'a str> {
        let (_, rest) = self.0.split_once(name)?;
        let (value, _) = rest.strip_prefix("=\"")?.split_once('"')?;
        Some(value)
    }
}
