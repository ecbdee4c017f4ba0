//! One request, up to the head of its answer.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use cos_proto::{Attempts, Failure, GetObject, RetryBudget, ServiceError};
use http::response::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::sync::OwnedSemaphorePermit;
use tower_service::Service;

use super::Line;
use super::fault::Fault;
use crate::{BoxError, DownloadError};

/// How long a refusal's body may take, where the service below has not read it already. The
/// status is known by then, and what the body adds is not worth a long wait.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// A 2xx answer.
pub(crate) struct Answer<B> {
    pub(crate) parts: Parts,
    pub(crate) body: B,
    /// Kept until the body is dropped.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// Asks for a range of an object, as one of the attempts that `budget` counts.
///
/// Every answer that is not 2xx is a fault; so is one that does not come from COS where it should.
pub(crate) fn ask<S, B>(
    line: Line<S>,
    get: &GetObject,
    budget: RetryBudget,
) -> impl Future<Output = Result<Answer<B>, Fault>> + use<S, B>
where
    S: Service<Request<()>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
{
    let request = get
        .to_request(&line.endpoint)
        .map_err(|error| Fault::of(DownloadError::Request(error), Failure::Unsendable));
    async move { send_by(line, request?, budget).await }
}

async fn send_by<S, B>(
    line: Line<S>,
    mut request: Request<()>,
    budget: RetryBudget,
) -> Result<Answer<B>, Fault>
where
    S: Service<Request<()>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
{
    let Line {
        service,
        endpoint,
        connections,
    } = line;
    let permit = match connections {
        // It is never closed.
        Some(connections) => connections.acquire_owned().await.ok(),
        None => None,
    };
    request
        .extensions_mut()
        .insert(Attempts::new(budget.drawn().saturating_add(1)));
    request.extensions_mut().insert(budget);
    let response = send(service, request).await.map_err(Fault::of_service)?;
    let status = response.status();
    let (parts, body) = response.into_parts();
    if status.is_success() || says_what_the_object_is(status) {
        endpoint
            .check_origin(&parts)
            .map_err(|error| Fault::new(DownloadError::misjudged(error)))?;
    }
    if status.is_success() {
        return Ok(Answer {
            parts,
            body,
            permit,
        });
    }
    let attempts = parts.extensions.get().copied();
    let error = refusal(parts, body).await;
    Err(Fault::new(DownloadError::refused(error)).after(attempts))
}

/// Sends one request.
pub(crate) async fn send<S, B>(
    mut service: S,
    request: Request<()>,
) -> Result<Response<B>, BoxError>
where
    S: Service<Request<()>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    poll_fn(|cx| service.poll_ready(cx))
        .await
        .map_err(Into::into)?;
    service.call(request).await.map_err(Into::into)
}

/// Statuses by which the object would be taken for gone, empty or changed: whoever stands between
/// must not be believed that.
fn says_what_the_object_is(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::NOT_MODIFIED
            | StatusCode::NOT_FOUND
            | StatusCode::PRECONDITION_FAILED
            | StatusCode::RANGE_NOT_SATISFIABLE
    )
}

/// What an answer that is not 2xx says: as the service below has read it, or read here.
pub(crate) async fn refusal<B: Body<Data = Bytes>>(mut parts: Parts, body: B) -> ServiceError {
    if let Some(error) = parts.extensions.remove::<ServiceError>() {
        return error;
    }
    let mut read = Vec::new();
    // Whatever was read by then will do.
    let _ = tokio::time::timeout(REFUSAL_TIME, read_some(body, &mut read)).await;
    ServiceError::read(&parts, &read)
}

async fn read_some<B: Body<Data = Bytes>>(body: B, read: &mut Vec<u8>) {
    let mut body = pin!(body);
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            let room = ServiceError::MAX_BODY.saturating_sub(read.len());
            read.extend_from_slice(data.get(..room).unwrap_or(data));
        }
        if read.len() >= ServiceError::MAX_BODY {
            return;
        }
    }
}
