//! What the service said about a failure, as lines to print.

use cos_proto::ServiceError;

/// The parts of a service's refusal that help whoever reads it, and none that is secret.
#[derive(Debug)]
pub(crate) struct ServiceDetail {
    status: u16,
    code: Option<String>,
    message: Option<String>,
    resource: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
    theirs: Option<String>,
    ours: Option<String>,
}

impl ServiceDetail {
    /// Takes what the service said, and on a refused signature our own string to sign.
    pub(super) fn new(error: &ServiceError) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            status: error.status().as_u16(),
            code: owned(error.code()),
            message: owned(error.message()),
            resource: owned(error.resource()),
            request_id: owned(error.request_id()),
            trace_id: owned(error.trace_id()),
            theirs: owned(error.string_to_sign()),
            ours: owned(error.our_string_to_sign()),
        }
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The service's code, such as `NoSuchKey`.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The service's message.
    pub(crate) fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// The service's id of the request.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// Name and value of each line to print.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&'static str, String)> {
        // Both strings or none: alone they explain nothing.
        let both = self.theirs.as_deref().zip(self.ours.as_deref());
        let status = self.status.to_string();
        let lines = [
            ("code", self.code.clone()),
            ("status", Some(status)),
            ("message", self.message.clone()),
            ("resource", self.resource.clone()),
            ("request id", self.request_id.clone()),
            ("trace id", self.trace_id.clone()),
            (
                "string to sign, the service's",
                both.map(|(theirs, _)| theirs.to_owned()),
            ),
            (
                "string to sign, ours",
                both.map(|(_, ours)| ours.to_owned()),
            ),
        ];
        lines
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}
