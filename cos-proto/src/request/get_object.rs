//! GET Object.

use alloc::string::{String, ToString};

use http::header::{HeaderName, RANGE};
use http::response::Parts;
use http::{Method, Request};

use super::build::{Target, insert_some, object_headers};
use super::object_setters::object_setters;
use super::{BuildError, Conditions, ResponseOverrides, SseCustomerKey};
use crate::{
    Bucket, ByteRange, Endpoint, JudgeError, Key, ObjectHead, RangeGuard, TrafficLimit, VersionId,
    head,
};

/// GET Object (documentation page 436/7753): an object, or one range of it.
///
/// ```
/// use cos_proto::{Bucket, ByteRange, Endpoint, GetObject, Key, Region};
///
/// let object = GetObject::new(Bucket::new("examplebucket-1250000000")?, Key::new("a b.txt")?);
/// let endpoint = Endpoint::region(Region::new("ap-beijing")?);
/// let request = object.range(ByteRange::new(0, 499)?).to_request(&endpoint)?;
/// assert_eq!(request.uri(), "https://examplebucket-1250000000.cos.ap-beijing.myqcloud.com/a%20b.txt");
/// assert_eq!(request.headers()["range"], "bytes=0-499");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GetObject {
    /// The bucket.
    pub bucket: Bucket,
    /// The object's key.
    pub key: Key,
    /// A version other than the latest.
    pub version_id: Option<VersionId>,
    /// A part of the object's bytes.
    pub range: Option<ByteRange>,
    /// Conditions under which the object is wanted.
    pub conditions: Conditions,
    /// Headers of the answer in place of the object's own.
    pub response: ResponseOverrides,
    /// A speed limit that the server keeps.
    pub traffic_limit: Option<TrafficLimit>,
    /// The key that the object was encrypted with, if it was with one of the customer's own.
    pub sse_c: Option<SseCustomerKey>,
    /// `Referer`, for buckets that check it against hot-linking.
    pub referer: Option<String>,
}

impl GetObject {
    /// A plain GET of the latest version of an object.
    #[must_use]
    pub fn new(bucket: Bucket, key: Key) -> Self {
        Self {
            bucket,
            key,
            version_id: None,
            range: None,
            conditions: Conditions::default(),
            response: ResponseOverrides::default(),
            traffic_limit: None,
            sse_c: None,
            referer: None,
        }
    }

    /// Asks for this range of bytes.
    #[must_use]
    pub fn range(mut self, range: ByteRange) -> Self {
        self.range = Some(range);
        self
    }

    object_setters!();

    /// `Cache-Control` of the answer.
    #[must_use]
    pub fn response_cache_control(mut self, value: impl Into<String>) -> Self {
        self.response.cache_control = Some(value.into());
        self
    }

    /// `Content-Disposition` of the answer.
    #[must_use]
    pub fn response_content_disposition(mut self, value: impl Into<String>) -> Self {
        self.response.content_disposition = Some(value.into());
        self
    }

    /// `Content-Encoding` of the answer.
    #[must_use]
    pub fn response_content_encoding(mut self, value: impl Into<String>) -> Self {
        self.response.content_encoding = Some(value.into());
        self
    }

    /// `Content-Language` of the answer.
    #[must_use]
    pub fn response_content_language(mut self, value: impl Into<String>) -> Self {
        self.response.content_language = Some(value.into());
        self
    }

    /// `Content-Type` of the answer.
    #[must_use]
    pub fn response_content_type(mut self, value: impl Into<String>) -> Self {
        self.response.content_type = Some(value.into());
        self
    }

    /// `Expires` of the answer.
    #[must_use]
    pub fn response_expires(mut self, value: impl Into<String>) -> Self {
        self.response.expires = Some(value.into());
        self
    }

    /// Asks the server to send no faster than this.
    #[must_use]
    pub fn traffic_limit(mut self, limit: TrafficLimit) -> Self {
        self.traffic_limit = Some(limit);
        self
    }

    /// Builds the request: method, final absolute URI, `Host` and all other headers but those of
    /// the signature.
    ///
    /// # Errors
    ///
    /// [`BuildError`] says what cannot be sent.
    pub fn to_request(&self, endpoint: &Endpoint) -> Result<Request<()>, BuildError> {
        // Without `..`, so that a new field is not forgotten.
        let Self {
            // In the target.
            bucket: _,
            key: _,
            version_id: _,
            response: _,
            range,
            conditions,
            traffic_limit,
            sse_c,
            referer,
        } = self;
        let mut request = self.target(endpoint)?.into_request(Method::GET)?;
        let headers = request.headers_mut();
        insert_some(headers, RANGE, "range", range.as_ref())?;
        object_headers(
            headers,
            endpoint,
            conditions,
            sse_c.as_ref(),
            referer.as_deref(),
        )?;
        let name = HeaderName::from_static("x-cos-traffic-limit");
        insert_some(headers, name, "x-cos-traffic-limit", traffic_limit.as_ref())?;
        Ok(request)
    }

    /// Builds the request that a presigned URL stands for: all of it is in the URI, so that who
    /// holds the link needs no header.
    ///
    /// # Errors
    ///
    /// As [`to_request`](GetObject::to_request), and [`BuildError::HeaderInLink`] for a range, a
    /// condition, a referer or an encryption key: they go in headers only.
    pub fn to_link_request(&self, endpoint: &Endpoint) -> Result<Request<()>, BuildError> {
        // Without `..`, so that a new field is not forgotten.
        let Self {
            // In the target.
            bucket: _,
            key: _,
            version_id: _,
            response: _,
            range,
            conditions,
            traffic_limit,
            sse_c,
            referer,
        } = self;
        let headers = [
            range.map(|_| "range"),
            conditions.header_name(),
            referer.as_ref().map(|_| "referer"),
            sse_c
                .as_ref()
                .map(|_| "x-cos-server-side-encryption-customer-key"),
        ];
        if let Some(name) = headers.into_iter().flatten().next() {
            return Err(BuildError::HeaderInLink { name });
        }
        let mut target = self.target(endpoint)?;
        target.push_some(
            "x-cos-traffic-limit",
            traffic_limit.map(|limit| limit.to_string()),
        );
        target.into_request(Method::GET)
    }

    /// Judges the head of a 2xx answer to this request before a byte of its body is used.
    ///
    /// # Errors
    ///
    /// [`JudgeError`] says in what the head is not an answer to this request.
    pub fn judge(&self, head: &Parts) -> Result<(ObjectHead, RangeGuard), JudgeError> {
        head::judge_get(self, head)
    }

    fn target(&self, endpoint: &Endpoint) -> Result<Target, BuildError> {
        let mut target =
            Target::object(endpoint, &self.bucket, &self.key, self.version_id.as_ref())?;
        for (name, value) in self.response.parameters() {
            target.push_some(name, value);
        }
        Ok(target)
    }
}
