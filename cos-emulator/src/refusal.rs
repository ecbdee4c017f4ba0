//! Error answers, with the codes of the service (documentation 436/7730).

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use crate::{answer::Answer, identity::Identity, xml::Document};

/// Why a request is not answered as it asked.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    /// Elements that stand between the message and the resource.
    details: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            details: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// The refusal with the code and message that go with a status.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let refusal = match status {
            StatusCode::FORBIDDEN => Self::access_denied(),
            StatusCode::NOT_FOUND => Self::no_such_key(),
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(),
            StatusCode::PRECONDITION_FAILED => Self::precondition_failed(),
            StatusCode::NOT_IMPLEMENTED => Self::not_implemented(),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Self::new(status, "SlowDown", "Reduce your request rate.")
            }
            other if other.is_server_error() => Self::internal_error(),
            _ => Self::new(status, "InvalidRequest", "The request is invalid."),
        };
        Self { status, ..refusal }
    }

    pub(crate) fn access_denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied.")
    }

    pub(crate) fn bad_uri() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "InvalidURI",
            "The URI is not percent-encoded UTF-8.",
        )
    }

    pub(crate) fn invalid_argument(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
    }

    pub(crate) fn internal_error() -> Self {
        let message = "We encountered an internal error. Please try again.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    pub(crate) fn key_too_long() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "KeyTooLong",
            "Your key is too long.",
        )
    }

    pub(crate) fn method_not_allowed() -> Self {
        let message = "The specified method is not allowed against this resource.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
            .header(header::ALLOW, HeaderValue::from_static("GET, HEAD"))
    }

    pub(crate) fn no_such_bucket() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NoSuchBucket",
            "The specified bucket does not exist.",
        )
    }

    pub(crate) fn no_such_key() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NoSuchKey",
            "The specified key does not exist.",
        )
    }

    pub(crate) fn no_such_version() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "NoSuchVersion",
            "The specified version does not exist.",
        )
    }

    pub(crate) fn not_implemented() -> Self {
        let message = "A header or parameter implies functionality that is not implemented.";
        Self::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

    pub(crate) fn precondition_failed() -> Self {
        let message = "At least one of the preconditions you specified did not hold.";
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            message,
        )
    }

    /// Adds an element to the error document.
    pub(crate) fn detail(mut self, name: &'static str, text: String) -> Self {
        self.details.push((name, text));
        self
    }

    /// Adds a header to the answer.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer: an error document, or for HEAD two headers that say the same.
    pub(crate) fn answer(self, method: &Method, resource: &str, identity: &Identity) -> Answer {
        let mut answer = Answer::empty(self.status);
        answer.headers = self.headers.into_iter().collect();
        if let Ok(trace_id) = HeaderValue::try_from(identity.trace_id.as_str()) {
            answer.headers.insert("x-cos-trace-id", trace_id);
        }
        if *method == Method::HEAD {
            for (name, text) in [
                ("x-cos-error-code", self.code),
                ("x-cos-error-message", self.message),
            ] {
                if let Ok(value) = HeaderValue::try_from(text.as_ref()) {
                    answer.headers.insert(name, value);
                }
            }
            return answer;
        }
        let mut document = Document::new("Error");
        document.element("Code", &self.code);
        document.element("Message", &self.message);
        for (name, text) in &self.details {
            document.element(name, text);
        }
        document.element("Resource", resource);
        document.element("RequestId", &identity.request_id);
        document.element("TraceId", &identity.trace_id);
        answer.set_xml(document);
        answer
    }
}
