//! Reads the headers that a download hangs on, strictly.

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderName, LAST_MODIFIED};
use http::response::Parts;

use super::{JudgeError, ObjectHead};
use crate::{ContentRange, ETag, Timestamp, VersionId, digits};

/// The header's value; the same value twice counts once, two different ones are an error.
fn single<'a>(
    head: &'a Parts,
    header: HeaderName,
    name: &'static str,
) -> Result<Option<&'a str>, JudgeError> {
    let mut values = head.headers.get_all(header).iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    match first.to_str() {
        Ok(text) if values.all(|value| value == first) => Ok(Some(text)),
        _ => Err(JudgeError::Header { name }),
    }
}

/// A header that has to be readable where it is there.
fn parsed<T>(
    head: &Parts,
    header: HeaderName,
    name: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, JudgeError> {
    single(head, header, name)?
        .map(|text| parse(text).ok_or(JudgeError::Header { name }))
        .transpose()
}

/// `Content-Length`: ASCII digits, and nothing like `+5` or `5, 5`.
pub(super) fn content_length(head: &Parts) -> Result<Option<u64>, JudgeError> {
    parsed(head, CONTENT_LENGTH, "content-length", digits::parse_u64)
}

pub(super) fn content_range(head: &Parts) -> Result<Option<ContentRange>, JudgeError> {
    let text = single(head, CONTENT_RANGE, "content-range")?;
    text.map(|text| text.parse().map_err(JudgeError::ContentRange))
        .transpose()
}

/// All that is kept of a head whose size is known.
pub(super) fn object_head(
    head: &Parts,
    size: u64,
    content_range: Option<ContentRange>,
) -> Result<ObjectHead, JudgeError> {
    let version_id = HeaderName::from_static("x-cos-version-id");
    let crc64 = HeaderName::from_static("x-cos-hash-crc64ecma");
    Ok(ObjectHead {
        size,
        etag: parsed(head, ETAG, "etag", |text| ETag::parse(text).ok())?,
        // What is no number is an invalid answer, not an object without CRC64 (fault H19).
        crc64: parsed(head, crc64, "x-cos-hash-crc64ecma", digits::parse_u64)?,
        last_modified: single(head, LAST_MODIFIED, "last-modified")?
            .and_then(|text| Timestamp::parse_http_date(text).ok()),
        // An empty one is the service's word for none, as it is in its listings.
        version_id: single(head, version_id, "x-cos-version-id")?
            .filter(|text| !text.is_empty())
            .map(|text| {
                let name = "x-cos-version-id";
                VersionId::new(text).map_err(|_| JudgeError::Header { name })
            })
            .transpose()?,
        content_range,
        headers: head.headers.clone(),
    })
}
