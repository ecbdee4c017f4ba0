//! Judges a head against what was asked.

use http::StatusCode;
use thiserror::Error;

use crate::{ByteRange, ContentRange, ETag, InvalidContentRange};

/// A 2xx head that is not an answer to the request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// Not a status that answers this request; what is not 2xx is for [`ServiceError::read`](crate::ServiceError::read).
    #[error("status {status} is no answer to this request")]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// A part was asked for, and the whole object came.
    #[error("the range was ignored, the whole object was sent")]
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
    /// The answer does not say how long it is.
    #[error("the answer does not say how long it is")]
    NoLength,
    /// `Content-Length` is longer or shorter than the range.
    #[error("content length is {length}, the range has {promised} bytes")]
    LengthDiffers {
        /// Bytes of the range.
        promised: u64,
        /// What `Content-Length` says.
        length: u64,
    },
    /// The object has another entity tag than the one that was asked for, or none, or a weak one.
    #[error("the object has changed: its entity tag is not {asked}")]
    ObjectChanged {
        /// What was asked for.
        asked: ETag,
        /// What the answer has.
        got: Option<ETag>,
    },
    /// Another version than the one that was asked for.
    #[error("another version was sent")]
    OtherVersion,
    /// A header that the service would not send so.
    #[error("header `{name}` is malformed, or stands there twice with different values")]
    Header {
        /// Name of the header.
        name: &'static str,
    },
    /// The answer does not come from COS.
    #[error("the answer does not come from COS: it has no `x-cos-request-id`")]
    NotCos,
}
