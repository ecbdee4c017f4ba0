//! Answers of the service that are no success.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;
use http::header::{CONTENT_RANGE, DATE, LOCATION, RETRY_AFTER};
use http::response::Parts;
use http::{HeaderMap, StatusCode};

use crate::escape::Escaped;
use crate::xml::{self, Limits};
use crate::{RetryAfter, Timestamp, UnsatisfiedRange};

/// An answer that is not 2xx, read: what the service says went wrong.
///
/// The service says why in the headers `x-cos-error-code` and `x-cos-error-message`, in an XML body
/// (documentation page 436/7730), or, to a HEAD, often not at all. They are read in this order, and
/// what is not there stays empty: a status alone is an error too.
/// [`Failure::of`](crate::Failure::of) classifies it.
///
/// `Display` is one line with control characters escaped; neither it nor `Debug` shows what may
/// hold a secret.
///
/// ```
/// use cos_proto::ServiceError;
///
/// let (head, ()) = http::Response::builder().status(404).body(())?.into_parts();
/// let body = "<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>";
/// let error = ServiceError::read(&head, body.as_bytes());
/// assert_eq!(error.code(), Some("NoSuchKey"));
/// assert_eq!(error.to_string(), "404 NoSuchKey: The key does not exist.");
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceError(Box<Fields>);

#[derive(Clone, Default, PartialEq, Eq)]
struct Fields {
    status: StatusCode,
    code: Option<String>,
    message: Option<String>,
    resource: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
    string_to_sign: Option<String>,
    our_string_to_sign: Option<String>,
    format_string: Option<String>,
    location: Option<String>,
    date: Option<Timestamp>,
    retry_after: Option<RetryAfter>,
    complete_length: Option<u64>,
    delete_marker: bool,
    body: Bytes,
}

impl ServiceError {
    /// How much of an error's body is read, in bytes. Those of COS have less than 2 KiB; the string
    /// to sign of a long request may add a few more.
    pub const MAX_BODY: usize = 64 * 1024;

    /// Reads an answer that is not 2xx. `body` may be empty, cut off, or anything at all.
    #[must_use]
    pub fn read(head: &Parts, body: &[u8]) -> Self {
        let body = body.get(..Self::MAX_BODY).unwrap_or(body);
        let text = |name| text(&head.headers, name);
        let mut fields = Fields {
            status: head.status,
            code: text("x-cos-error-code"),
            message: text("x-cos-error-message").map(without_secrets),
            request_id: text("x-cos-request-id"),
            trace_id: text("x-cos-trace-id"),
            location: text(LOCATION.as_str()),
            date: text(DATE.as_str()).and_then(|date| Timestamp::parse_http_date(&date).ok()),
            retry_after: text(RETRY_AFTER.as_str()).and_then(|text| RetryAfter::parse(&text)),
            complete_length: text(CONTENT_RANGE.as_str())
                .and_then(|text| text.parse().ok())
                .map(UnsatisfiedRange::complete),
            delete_marker: text("x-cos-delete-marker").is_some_and(|text| text == "true"),
            body: Bytes::copy_from_slice(body),
            ..Fields::default()
        };
        // What stands before a defect has been read by then; a page of somebody else's has another
        // root and gives nothing.
        let _: Result<(), _> =
            xml::read_flat(body, "Error", LIMITS, |name, text| fields.set(name, text));
        Self(Box::new(fields))
    }

    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The service's code: `NoSuchKey`, `AccessDenied`.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The service's message.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// What it is about, as the service puts it.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.0.resource.as_deref()
    }

    /// The service's id of the request. COS always gives one; without it, somebody on the way has
    /// answered.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The service's id for tracing the request.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// The server's own string to sign, of a `SignatureDoesNotMatch`: times and a hash, no secret.
    #[must_use]
    pub fn string_to_sign(&self) -> Option<&str> {
        self.0.string_to_sign.as_deref()
    }

    /// Puts our string to sign beside the server's, so that a mismatch can be seen.
    #[must_use]
    pub fn with_our_string_to_sign(mut self, string_to_sign: impl Into<String>) -> Self {
        self.0.our_string_to_sign = Some(string_to_sign.into());
        self
    }

    /// Our string to sign, if the layer that signed the request has put it here.
    #[must_use]
    pub fn our_string_to_sign(&self) -> Option<&str> {
        self.0.our_string_to_sign.as_deref()
    }

    /// The server's own canonical request, of a `SignatureDoesNotMatch`.
    ///
    /// It can hold the session token: it is in no `Debug` and no `Display`, and belongs in no log.
    #[must_use]
    pub fn format_string(&self) -> Option<&str> {
        self.0.format_string.as_deref()
    }

    /// Where a redirect points to. Redirects are not followed: credentials go to one host only.
    ///
    /// It is shown by neither `Debug` nor `Display`, because its query can hold anything.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// The server's clock, by its `Date` header.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        self.0.date
    }

    /// When to come again, where the server says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<RetryAfter> {
        self.0.retry_after
    }

    /// Length of the whole object, where the answer to a range outside of it (416) says so.
    #[must_use]
    pub fn complete_length(&self) -> Option<u64> {
        self.0.complete_length
    }

    /// Whether what was asked for is a delete marker: the object was there, and was deleted.
    #[must_use]
    pub fn is_delete_marker(&self) -> bool {
        self.0.delete_marker
    }

    /// The body as it came, cut off at [`ServiceError::MAX_BODY`]. It can hold the session token.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }
}

impl Fields {
    /// Takes an element of the body where nothing said it before.
    fn set(&mut self, name: &str, text: Cow<'_, str>) {
        let field = match name {
            "Code" => &mut self.code,
            "Message" => &mut self.message,
            "Resource" => &mut self.resource,
            "RequestId" => &mut self.request_id,
            "TraceId" => &mut self.trace_id,
            "StringToSign" => &mut self.string_to_sign,
            "FormatString" => &mut self.format_string,
            _ => return,
        };
        if field.is_none() && !text.is_empty() {
            let text = text.into_owned();
            *field = Some(if matches!(name, "Message" | "Resource") {
                without_secrets(text)
            } else {
                text
            });
        }
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceError")
            .field("status", &self.0.status)
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("resource", &self.0.resource)
            .field("request_id", &self.0.request_id)
            .field("trace_id", &self.0.trace_id)
            .field("retry_after", &self.0.retry_after)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code(), self.status().canonical_reason()) {
            (Some(code), _) => write!(f, "{} {}", self.status().as_str(), Escaped(code))?,
            (None, Some(reason)) => write!(f, "{} {reason}", self.status().as_str())?,
            (None, None) => f.write_str(self.status().as_str())?,
        }
        match self.message() {
            Some(message) => write!(f, ": {}", Escaped(message)),
            None => Ok(()),
        }
    }
}

impl core::error::Error for ServiceError {}

/// What an error's XML may cost.
const LIMITS: Limits = Limits {
    bytes: ServiceError::MAX_BODY,
    // The documented elements are the second level; unknown ones may go a little deeper.
    depth: 8,
    // The canonical request of a long target is the longest text.
    text: ServiceError::MAX_BODY,
};

/// A header's value as text; `None` where it is absent, empty or no UTF-8.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = core::str::from_utf8(headers.get(name)?.as_bytes()).ok()?;
    (!text.is_empty()).then(|| String::from(text))
}

/// Cuts off the query of a presigned URL that a server repeats in its words.
fn without_secrets(mut text: String) -> String {
    let lower = text.to_ascii_lowercase();
    let secret = ["q-sign", "x-cos-security-token"]
        .iter()
        .filter_map(|name| lower.find(name))
        .min();
    if let Some(secret) = secret {
        // Both offsets are those of ASCII characters, and lower-casing ASCII moves nothing.
        let query = lower
            .get(..secret)
            .and_then(|before| before.find('?'))
            .unwrap_or(secret);
        text.truncate(query);
        text.push('…');
    }
    text
}
