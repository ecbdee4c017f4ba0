//! Objects: GET and HEAD.

use cos_proto::{Attempts, Failure, GetObject, HeadObject, ObjectHead, ServiceError};
use http::response::Parts;
use http::{Request, StatusCode};
use tower::ServiceExt as _;

use super::Client;
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::object_body::ObjectBody;

impl Client {
    /// Asks for an object or a range of it.
    ///
    /// The head is judged against what was asked for before this returns, and the body goes on
    /// being: it ends without an error only after exactly the bytes that the head promised, of
    /// the CRC64 that it published.
    ///
    /// # Errors
    ///
    /// Every kind but [`ErrorKind::Integrity`], [`ErrorKind::Body`], [`ErrorKind::BodyTimeout`]
    /// and [`ErrorKind::Listing`].
    ///
    /// # Cancellation
    ///
    /// As [`ResponseFuture`](crate::ResponseFuture).
    pub async fn get_object(&self, get: GetObject) -> Result<(ObjectHead, ObjectBody), Error> {
        let request = get.to_request(&self.parts.endpoint).map_err(unsendable)?;
        let (parts, body) = self.send(request).await?;
        let (head, guard) = get
            .judge(&parts)
            .map_err(|error| unexpected(&parts, error))?;
        Ok((head, ObjectBody::new(body, guard)))
    }

    /// Asks about an object, without its bytes.
    ///
    /// # Errors
    ///
    /// As [`get_object`](Self::get_object). A refusal of a HEAD has no body, so that the service
    /// may say no more than a status.
    ///
    /// # Cancellation
    ///
    /// As [`ResponseFuture`](crate::ResponseFuture).
    pub async fn head_object(&self, head: HeadObject) -> Result<ObjectHead, Error> {
        let request = head.to_request(&self.parts.endpoint).map_err(unsendable)?;
        let (parts, _no_body) = self.send(request).await?;
        head.judge(&parts)
            .map_err(|error| unexpected(&parts, error))
    }

    /// Sends a request through the stack, and takes a 2xx apart.
    pub(super) async fn send(&self, request: Request<()>) -> Result<(Parts, Body), Error> {
        let (parts, body) = self.clone().oneshot(request).await?.into_parts();
        if !parts.status.is_success() {
            return Err(refused(parts));
        }
        // A portal or a proxy that speaks in the service's place can say 200 as well.
        let origin = self.parts.endpoint.check_origin(&parts);
        origin.map_err(|error| unexpected(&parts, error))?;
        Ok((parts, body))
    }
}

/// A request value of which no request can be made.
pub(super) fn unsendable(error: cos_proto::BuildError) -> Error {
    Error::new(ErrorKind::Request).amounting_to(Failure::Unsendable, &error)
}

/// An answer that is 2xx, and not the one that was asked for.
pub(super) fn unexpected(parts: &Parts, error: cos_proto::JudgeError) -> Error {
    Error::new(ErrorKind::Answer)
        .because(error)
        .after_attempts(attempts(parts))
}

fn attempts(parts: &Parts) -> Attempts {
    let attempts = parts.extensions.get().copied();
    attempts.unwrap_or(Attempts::new(1))
}

/// An answer that is not 2xx, as an error.
fn refused(mut parts: Parts) -> Error {
    let service = parts
        .extensions
        .remove::<ServiceError>()
        .unwrap_or_else(|| ServiceError::read(&parts, b""));
    match service.location() {
        Some(location) if is_redirect(parts.status) => {
            Error::new(ErrorKind::Redirect).detail(destination(location))
        }
        _ => Error::new(ErrorKind::Service),
    }
    .because(service)
    .after_attempts(attempts(&parts))
}

fn is_redirect(status: StatusCode) -> bool {
    // 304 is the only other 3xx that is in use, and the answer to a condition.
    status.is_redirection() && status != StatusCode::NOT_MODIFIED
}

/// Scheme and host of a redirect's `Location`, escaped. Path and query are left out: a
/// redirect may repeat a signature.
fn destination(location: &str) -> String {
    let end = location.find("://").map_or(0, |at| at.saturating_add(3));
    let (scheme, rest) = location.split_at(end);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() {
        return "another path of the same host".to_owned();
    }
    format!("{scheme}{host}").escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::destination;

    #[test]
    fn only_the_host_of_a_redirect_is_shown() {
        for (location, shown) in [
            (
                "https://b.cos.example/k?sign=secret",
                "https://b.cos.example",
            ),
            ("https://b.cos.example:8443", "https://b.cos.example:8443"),
            ("https://b.cos.example?sign=secret", "https://b.cos.example"),
            ("https://evil\u{1b}[2J/x", "https://evil\\u{1b}[2J"),
            ("/elsewhere?sign=secret", "another path of the same host"),
            ("", "another path of the same host"),
        ] {
            assert_eq!(destination(location), shown, "{location:?}");
        }
    }
}
