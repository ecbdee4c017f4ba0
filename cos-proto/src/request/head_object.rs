//! HEAD Object.

use alloc::string::String;

use http::response::Parts;
use http::{Method, Request};

use super::build::{Target, object_headers};
use super::object_setters::object_setters;
use super::{BuildError, Conditions, GetObject, SseCustomerKey};
use crate::{Bucket, Endpoint, JudgeError, Key, ObjectHead, VersionId, head};

/// HEAD Object (documentation page 436/7745): what GET would say about an object, without the
/// object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadObject {
    /// The bucket.
    pub bucket: Bucket,
    /// The object's key.
    pub key: Key,
    /// A version other than the latest.
    pub version_id: Option<VersionId>,
    /// Conditions under which the answer is wanted.
    pub conditions: Conditions,
    /// The key that the object was encrypted with, if it was with one of the customer's own.
    pub sse_c: Option<SseCustomerKey>,
    /// `Referer`, for buckets that check it against hot-linking.
    pub referer: Option<String>,
}

impl HeadObject {
    /// A plain HEAD of the latest version of an object.
    #[must_use]
    pub fn new(bucket: Bucket, key: Key) -> Self {
        Self {
            bucket,
            key,
            version_id: None,
            conditions: Conditions::default(),
            sse_c: None,
            referer: None,
        }
    }

    object_setters!();

    /// Builds the request: method, final absolute URI, `Host` and all other headers but those of
    /// the signature.
    ///
    /// # Errors
    ///
    /// [`BuildError`] says what cannot be sent.
    pub fn to_request(&self, endpoint: &Endpoint) -> Result<Request<()>, BuildError> {
        let Self {
            bucket,
            key,
            version_id,
            conditions,
            sse_c,
            referer,
        } = self;
        let target = Target::object(endpoint, bucket, key, version_id.as_ref())?;
        let mut request = target.into_request(Method::HEAD)?;
        object_headers(
            request.headers_mut(),
            endpoint,
            conditions,
            sse_c.as_ref(),
            referer.as_deref(),
        )?;
        Ok(request)
    }

    /// Judges the head of a 2xx answer to this request.
    ///
    /// # Errors
    ///
    /// [`JudgeError`] says in what the head is not an answer to this request.
    pub fn judge(&self, head: &Parts) -> Result<ObjectHead, JudgeError> {
        head::judge_head(self, head)
    }
}

impl From<&GetObject> for HeadObject {
    /// The HEAD that asks about what the GET would fetch. Range, overrides and speed limit have no
    /// meaning in it.
    fn from(get: &GetObject) -> Self {
        // Without `..`, so that a new field is not forgotten.
        let GetObject {
            bucket,
            key,
            version_id,
            range: _,
            conditions,
            response: _,
            traffic_limit: _,
            sse_c,
            referer,
        } = get;
        Self {
            bucket: bucket.clone(),
            key: key.clone(),
            version_id: version_id.clone(),
            conditions: conditions.clone(),
            sse_c: sse_c.clone(),
            referer: referer.clone(),
        }
    }
}
