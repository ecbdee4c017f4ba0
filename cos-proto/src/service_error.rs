//! Answers of the service that are no success.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;
use http::StatusCode;
use http::response::Parts;

use crate::{RetryAfter, Timestamp};

/// An answer that is not 2xx, read: what the service says went wrong.
#[derive(Clone)]
pub struct ServiceError(Box<Fields>);

#[derive(Clone, Default)]
struct Fields {
    status: StatusCode,
    code: Option<String>,
    message: Option<String>,
    resource: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
    string_to_sign: Option<String>,
    format_string: Option<String>,
    location: Option<String>,
    date: Option<Timestamp>,
    retry_after: Option<RetryAfter>,
    complete: Option<u64>,
    body: Bytes,
}

impl ServiceError {
    /// How much of an error's body is read, in bytes. Those of COS have less than 2 KiB.
    pub const MAX_BODY: usize = 64 * 1024;

    /// Reads an answer that is not 2xx. `body` may be cut off, or empty; never fails and never panics.
    #[must_use]
    pub fn read(head: &Parts, body: &[u8]) -> Self {
        todo!()
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

    /// The service's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The service's id for tracing the request.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.0.trace_id.as_deref()
    }

    /// The server's own string to sign, of a `SignatureDoesNotMatch`. It holds a hash and no secret.
    #[must_use]
    pub fn string_to_sign(&self) -> Option<&str> {
        self.0.string_to_sign.as_deref()
    }

    /// The server's own canonical request, of a `SignatureDoesNotMatch`.
    ///
    /// It can hold the session token: it is in no `Debug` and no `Display`, and should not be logged.
    #[must_use]
    pub fn format_string(&self) -> Option<&str> {
        self.0.format_string.as_deref()
    }

    /// Where a redirect points to. Redirects are not followed.
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

    /// Length of the whole object, where a refused range (416) says so.
    #[must_use]
    pub fn complete_length(&self) -> Option<u64> {
        self.0.complete
    }

    /// The body as it came, cut off at [`ServiceError::MAX_BODY`]. It can hold the session token.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }
}

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceError")
            .field("status", &self.0.status)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.status)
    }
}

impl core::error::Error for ServiceError {}
