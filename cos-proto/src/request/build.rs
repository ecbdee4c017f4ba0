//! From values to a request head whose target is final.

use alloc::string::{String, ToString};
use core::fmt::Display;

use http::header::{
    ACCEPT_ENCODING, HOST, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_UNMODIFIED_SINCE, REFERER,
};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use thiserror::Error;

use super::{Conditions, SseCustomerKey};
use crate::{Bucket, Endpoint, Key, VersionId, uri};

/// A request value that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The key merges to `/`, so that COS would answer with a listing of the bucket.
    #[error("key merges to `/`, which is the bucket and not an object")]
    KeyMergesToRoot,
    /// With the bucket in the path, the key's `..` lead out of it: a server that merges paths, as
    /// COS does, would answer with what another bucket holds.
    #[error("key leads out of the bucket, which is in the path")]
    KeyLeavesBucket,
    /// COS's own hosts know only buckets that are called `<name>-<APPID>`.
    #[error("bucket name does not end in `-` and an APPID, as those of COS do")]
    BucketWithoutAppId,
    /// A custom domain stands for one bucket and cannot list the account's buckets.
    #[error("a custom domain does not list buckets")]
    NoServiceHost,
    /// A key of the customer's own would go over a connection that is not encrypted.
    #[error("a customer's encryption key is sent over https only")]
    CustomerKeyOverHttp,
    /// More entries are asked for in one page than the service gives.
    #[error("a page has at most {max} entries")]
    MaxKeys {
        /// The most that can be asked for.
        max: u16,
    },
    /// A value that no header can carry.
    #[error("value of header `{name}` has a character that no header can carry")]
    Header {
        /// Name of the header.
        name: &'static str,
    },
    /// A link carries no headers, but what was asked for is one.
    #[error("`{name}` goes in a header, which a link does not carry")]
    HeaderInLink {
        /// Name of the header.
        name: &'static str,
    },
    /// The target is longer than 65,534 bytes.
    #[error("request target is too long")]
    TargetTooLong,
}

/// A request target that grows: authority, path, and query parameters in the order they are added.
#[derive(Debug)]
pub(super) struct Target {
    scheme: Scheme,
    authority: String,
    path_and_query: String,
    has_query: bool,
}

impl Target {
    /// The target of an object: every byte of the key goes into it, encoded but never normalised.
    ///
    /// The path is `/` and the key, so that the key `/x` goes out as `//x`. A version id is part of
    /// an object's name.
    pub(super) fn object(
        endpoint: &Endpoint,
        bucket: &Bucket,
        key: &Key,
        version_id: Option<&VersionId>,
    ) -> Result<Self, BuildError> {
        if key.merges_to_root() {
            return Err(BuildError::KeyMergesToRoot);
        }
        let mut target = Self::bucket(endpoint, bucket)?;
        if endpoint.is_path_style() && key.climbs() {
            return Err(BuildError::KeyLeavesBucket);
        }
        target
            .path_and_query
            .push_str(&uri::encode_path(key.as_str()));
        target.push_some("versionId", version_id);
        Ok(target)
    }

    /// The target of a bucket.
    pub(super) fn bucket(endpoint: &Endpoint, bucket: &Bucket) -> Result<Self, BuildError> {
        let (authority, mut path) = endpoint.bucket_base(bucket)?;
        path.push('/');
        Ok(Self {
            scheme: endpoint.scheme().clone(),
            authority,
            path_and_query: path,
            has_query: false,
        })
    }

    /// The target that knows the account's buckets.
    pub(super) fn service(endpoint: &Endpoint) -> Result<Self, BuildError> {
        let authority = endpoint.service_authority()?;
        Ok(Self {
            scheme: endpoint.scheme().clone(),
            authority,
            path_and_query: String::from("/"),
            has_query: false,
        })
    }

    /// Adds a parameter that has a name only.
    pub(super) fn flag(&mut self, name: &str) {
        self.path_and_query
            .push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.path_and_query.push_str(name);
    }

    /// Adds a parameter. Names are constants that need no encoding.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        self.flag(name);
        self.path_and_query.push('=');
        self.path_and_query
            .push_str(&uri::encode_query_component(value));
    }

    /// Adds a parameter if there is a value.
    pub(super) fn push_some(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.push(name, value.as_ref());
        }
    }

    /// The request head, with `Host` as its only header.
    pub(super) fn into_request(self, method: Method) -> Result<Request<()>, BuildError> {
        let host = HeaderValue::try_from(&self.authority)
            .map_err(|_| BuildError::Header { name: "host" })?;
        let uri = Uri::builder()
            .scheme(self.scheme)
            .authority(self.authority)
            .path_and_query(self.path_and_query)
            .build()
            // Authority and target hold only what is lawful in them, so that only their length can
            // be wrong.
            .map_err(|_| BuildError::TargetTooLong)?;
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().insert(HOST, host);
        Ok(request)
    }
}

/// How many entries a page shall have, as the text of its parameter.
pub(super) fn page_size(asked: Option<u16>, max: u16) -> Result<Option<String>, BuildError> {
    match asked {
        Some(asked) if asked > max => Err(BuildError::MaxKeys { max }),
        asked => Ok(asked.map(|asked| asked.to_string())),
    }
}

/// What GET and HEAD Object have in common: the object's stored bytes are wanted under these
/// conditions.
pub(super) fn object_headers(
    headers: &mut HeaderMap,
    endpoint: &Endpoint,
    conditions: &Conditions,
    sse_c: Option<&SseCustomerKey>,
    referer: Option<&str>,
) -> Result<(), BuildError> {
    // Without this a proxy might compress the answer on its way, and neither length nor CRC64 would
    // hold.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    // Without `..`, so that a new field is not forgotten.
    let Conditions {
        if_match,
        if_none_match,
        if_modified_since,
        if_unmodified_since,
    } = conditions;
    let modified = if_modified_since.map(|time| time.to_http_date());
    let unmodified = if_unmodified_since.map(|time| time.to_http_date());
    insert_some(headers, IF_MATCH, "if-match", if_match.as_ref())?;
    insert_some(
        headers,
        IF_NONE_MATCH,
        "if-none-match",
        if_none_match.as_ref(),
    )?;
    insert_some(headers, IF_MODIFIED_SINCE, "if-modified-since", modified)?;
    insert_some(
        headers,
        IF_UNMODIFIED_SINCE,
        "if-unmodified-since",
        unmodified,
    )?;
    insert_some(headers, REFERER, "referer", referer)?;
    if let Some(key) = sse_c {
        if *endpoint.scheme() != Scheme::HTTPS {
            return Err(BuildError::CustomerKeyOverHttp);
        }
        key.insert_into(headers)?;
    }
    Ok(())
}

/// Adds a header if there is a value.
pub(super) fn insert_some(
    headers: &mut HeaderMap,
    header: HeaderName,
    name: &'static str,
    value: Option<impl Display>,
) -> Result<(), BuildError> {
    if let Some(value) = value {
        let value =
            HeaderValue::try_from(value.to_string()).map_err(|_| BuildError::Header { name })?;
        headers.insert(header, value);
    }
    Ok(())
}
