//! One request and the head of its answer.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use cos_proto::{ByteRange, Endpoint, GetObject, ObjectHead, ServiceError};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use tower_service::Service;

use crate::chunks::Chunks;
use crate::{BoxError, DownloadError};

/// How long a refusal's body may take, where the service below has not read it already. The
/// status is known by then, and what the body adds is not worth a long wait.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// Asks for an object, and judges the head of the answer before anything else is done with it.
///
/// An empty object has no range that could be sent (RFC 9110, section 14.1.2): where a range from
/// its start was asked for, it is asked for once more as a whole.
pub(crate) async fn open<S, B>(
    service: &mut S,
    endpoint: &Endpoint,
    mut get: GetObject,
) -> Result<(ObjectHead, Chunks<B>), DownloadError>
where
    S: Service<Request<()>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let response = match send(service, endpoint, &get).await {
        Err(DownloadError::Service(error))
            if is_empty_object(&error) && get.range.is_some_and(from_the_start) =>
        {
            get.range = None;
            send(service, endpoint, &get).await?
        }
        sent => sent?,
    };
    let (parts, body) = response.into_parts();
    // A portal or a proxy that speaks in the service's place can say 200 as well.
    endpoint
        .check_origin(&parts)
        .and_then(|()| get.judge(&parts))
        .map(|(head, guard)| (head, Chunks::new(body, guard)))
        .map_err(DownloadError::misjudged)
}

/// Sends one request; every answer that is not 2xx is an error.
async fn send<S, B>(
    service: &mut S,
    endpoint: &Endpoint,
    get: &GetObject,
) -> Result<Response<B>, DownloadError>
where
    S: Service<Request<()>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
{
    let request = get.to_request(endpoint).map_err(DownloadError::Request)?;
    let failed = |error: S::Error| DownloadError::transport(error.into());
    poll_fn(|cx| service.poll_ready(cx)).await.map_err(failed)?;
    let response = service.call(request).await.map_err(failed)?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(DownloadError::refused(refusal(response).await))
}

/// What an answer that is not 2xx says: as the service below has read it, or read here.
async fn refusal<B: Body<Data = Bytes>>(response: Response<B>) -> ServiceError {
    let (mut parts, body) = response.into_parts();
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

fn is_empty_object(error: &ServiceError) -> bool {
    error.status() == StatusCode::RANGE_NOT_SATISFIABLE && error.complete_length() == Some(0)
}

/// Whether a range holds the start of every object, or for a suffix, the end: of an empty object
/// that is all there is.
fn from_the_start(range: ByteRange) -> bool {
    range.first().is_none_or(|first| first == 0)
}
