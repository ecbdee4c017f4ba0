//! Judges a head against what was asked, before a byte of the body is used.

use core::ops::Range;

use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::response::Parts;
use thiserror::Error;

use super::{ObjectHead, read};
use crate::{
    ByteRange, ContentRange, ETag, GetObject, HeadObject, InvalidContentRange, RangeGuard,
    VersionId,
};

/// A 2xx head that is not an answer to the request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// Not a status that answers this request; what is not 2xx is for
    /// [`ServiceError::read`](crate::ServiceError::read).
    #[error("status {status} is no answer to this request")]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// A part was asked for, and the whole object came.
    #[error("the range was ignored and the whole object sent")]
    RangeIgnored,
    /// The whole object was asked for, and a part came.
    #[error("a part was sent that nobody asked for")]
    UnaskedPart,
    /// The answer is a list of parts.
    #[error("the answer has several parts")]
    Multipart,
    /// A 206 without `Content-Range`.
    #[error("the answer is a part, but does not say which")]
    NoContentRange,
    /// A `Content-Range` that is not lawful.
    #[error("content range is not lawful")]
    ContentRange(#[source] InvalidContentRange),
    /// The answer holds another range than the one that was asked for.
    #[error("asked for `{asked}`, got `{got}`")]
    OtherRange {
        /// What was asked for.
        asked: ByteRange,
        /// What came.
        got: ContentRange,
    },
    /// The answer does not say how long it is, so that a body that was cut off could not be told
    /// from a whole one.
    #[error("the answer does not say how long it is")]
    NoLength,
    /// `Content-Length` is not the length of the range that the answer says it holds.
    #[error("content length is {length}, the range has {promised} bytes")]
    LengthDiffers {
        /// Bytes of the range.
        promised: u64,
        /// What `Content-Length` says.
        length: u64,
    },
    /// The object has another entity tag than the one that was asked for, or none, or a weak one.
    #[error("the object is not the one with entity tag {asked}")]
    ObjectChanged {
        /// What was asked for.
        asked: ETag,
        /// What the answer has.
        got: Option<ETag>,
    },
    /// Another version than the one that was asked for.
    #[error("version {got} was sent, asked for was {asked}")]
    OtherVersion {
        /// What was asked for.
        asked: VersionId,
        /// What the answer has.
        got: VersionId,
    },
    /// A header that the service would not send so.
    #[error("header `{name}` is malformed, or there twice with different values")]
    Header {
        /// Name of the header.
        name: &'static str,
    },
    /// The answer does not come from COS.
    #[error("the answer does not come from cos: it has no `x-cos-request-id`")]
    NotCos,
}

/// Judges an answer to GET Object.
pub(crate) fn judge_get(
    asked: &GetObject,
    head: &Parts,
) -> Result<(ObjectHead, RangeGuard), JudgeError> {
    let (range, size, content_range) = match head.status {
        StatusCode::OK => {
            let size = whole(head)?;
            if asked.range.is_some_and(|range| !means_all(range, size)) {
                return Err(JudgeError::RangeIgnored);
            }
            (0..size, size, None)
        }
        StatusCode::PARTIAL_CONTENT => {
            let got = part(head, asked.range)?;
            (got.range(), got.complete(), Some(got))
        }
        status => return Err(JudgeError::Status { status }),
    };
    let object = read::object_head(head, size, content_range)?;
    check_identity(
        &object,
        asked.conditions.if_match.as_ref(),
        asked.version_id.as_ref(),
    )?;
    let guard = RangeGuard::new(range, size, object.crc64());
    Ok((object, guard))
}

/// Judges an answer to HEAD Object.
pub(crate) fn judge_head(asked: &HeadObject, head: &Parts) -> Result<ObjectHead, JudgeError> {
    if head.status != StatusCode::OK {
        return Err(JudgeError::Status {
            status: head.status,
        });
    }
    let object = read::object_head(head, whole(head)?, None)?;
    check_identity(
        &object,
        asked.conditions.if_match.as_ref(),
        asked.version_id.as_ref(),
    )?;
    Ok(object)
}

/// The length of the whole object, of an answer that says it holds just that.
fn whole(head: &Parts) -> Result<u64, JudgeError> {
    let length = read::content_length(head)?.ok_or(JudgeError::NoLength)?;
    // In a 200 the header has no meaning, but somebody on the way may have made a 200 of a 206.
    match read::content_range(head)? {
        Some(got) if got.range() != (0..length) || got.complete() != length => {
            Err(JudgeError::UnaskedPart)
        }
        _ => Ok(length),
    }
}

/// Whether a range means all bytes of an object. Of an empty object, every range that starts with
/// it does.
fn means_all(range: ByteRange, size: u64) -> bool {
    match range.resolve(size) {
        Some(resolved) => resolved == (0..size),
        None => size == 0 && range.first().unwrap_or(0) == 0,
    }
}

/// The range of a 206, which has to be the one that was asked for, as far as the object goes.
fn part(head: &Parts, asked: Option<ByteRange>) -> Result<ContentRange, JudgeError> {
    let asked = asked.ok_or(JudgeError::UnaskedPart)?;
    if is_multipart(head) {
        return Err(JudgeError::Multipart);
    }
    let got = read::content_range(head)?.ok_or(JudgeError::NoContentRange)?;
    if asked.resolve(got.complete()) != Some(got.range()) {
        return Err(JudgeError::OtherRange { asked, got });
    }
    let promised = len(&got.range());
    match read::content_length(head)? {
        Some(length) if length != promised => Err(JudgeError::LengthDiffers { promised, length }),
        _ => Ok(got),
    }
}

/// Checks that the object is the one that was asked for, whatever the server made of the condition.
fn check_identity(
    object: &ObjectHead,
    etag: Option<&ETag>,
    version_id: Option<&VersionId>,
) -> Result<(), JudgeError> {
    if let Some(asked) = etag
        && !object.etag().is_some_and(|got| got.strongly_matches(asked))
    {
        return Err(JudgeError::ObjectChanged {
            asked: asked.clone(),
            got: object.etag().cloned(),
        });
    }
    // Servers of another make name the version in a header of their own, so that none is no
    // contradiction.
    match (version_id, object.version_id()) {
        (Some(asked), Some(got)) if asked != got => Err(JudgeError::OtherVersion {
            asked: asked.clone(),
            got: got.clone(),
        }),
        _ => Ok(()),
    }
}

fn is_multipart(head: &Parts) -> bool {
    const MULTIPART: &[u8] = b"multipart/byteranges";
    head.headers.get_all(CONTENT_TYPE).iter().any(|value| {
        value
            .as_bytes()
            .get(..MULTIPART.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(MULTIPART))
    })
}

const fn len(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}
