//! The keys of a prefix, page after page, the next one fetched while the present one is worked on.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::pin::pin;

use bytes::Bytes;
use cos_proto::listing::MAX_BODY;
use cos_proto::{
    Attempts, Backoff, Failure, JudgeError, ListObjects, Listed, ListingError, ObjectEntry,
    ObjectPage, ObjectPager, RetryBudget,
};
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use tower_service::Service;

use super::ListError;
use crate::driver::{Fault, Line, refusal, send};
use crate::{BoxError, DownloadError};

/// Pages that wait to be worked on. One more is being fetched meanwhile; a page has at most a
/// thousand keys.
pub(super) const PAGES_AHEAD: usize = 1;

/// How often to try again, and how long to wait before.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    pub(super) retries: u32,
    pub(super) backoff: Backoff,
}

/// Fetches all pages of a listing, and hands out the entries of each.
pub(super) async fn list<S, B>(
    line: Line<S>,
    list: ListObjects,
    patience: Patience,
    pages: mpsc::Sender<Vec<ObjectEntry>>,
) -> Result<(), ListError>
where
    S: Service<Request<()>, Response = Response<B>> + Clone + Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send,
    B::Error: Into<BoxError>,
{
    let mut pager = ObjectPager::new(list);
    while let Some(request) = pager.next_request() {
        let page = page(line.clone(), &request, &patience).await?;
        let listed = pager.take(page).map_err(ListError::Order)?;
        // A folder of an OFS bucket is no key; what is in it follows.
        let entries = listed.into_iter().filter_map(Listed::into_entry).collect();
        if pages.send(entries).await.is_err() {
            // Nobody wants to know any more.
            return Ok(());
        }
    }
    Ok(())
}

/// One page. What fails in passing is tried again, a body that breaks off too.
async fn page<S, B>(
    line: Line<S>,
    list: &ListObjects,
    patience: &Patience,
) -> Result<ObjectPage, ListError>
where
    S: Service<Request<()>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let request = list
        .to_request(&line.endpoint)
        .map_err(|error| ListError::Request(DownloadError::Request(error)))?;
    let attempts = Retries::new(patience);
    loop {
        let failed = match body(line.clone(), attempts.mark(request.clone())).await {
            Ok(body) => match list.parse(&body) {
                Ok(page) => return Ok(page),
                Err(error) => Failed::Page(error),
            },
            Err(fault) => Failed::Request(fault),
        };
        if !attempts
            .again(failed.failure(), failed.is_exhausted())
            .await
        {
            return Err(match failed {
                Failed::Page(error) => ListError::Page(error),
                Failed::Request(fault) => ListError::Request(attempts.last(fault)),
            });
        }
    }
}

enum Failed {
    Request(Fault),
    Page(ListingError),
}

impl Failed {
    fn failure(&self) -> Failure {
        match self {
            Self::Request(fault) => fault.failure,
            Self::Page(error) => Failure::from(error),
        }
    }

    fn is_exhausted(&self) -> bool {
        matches!(self, Self::Request(fault) if fault.is_exhausted())
    }
}

/// The whole body of an answer, or so much of it that the parser will say that it is too long.
async fn body<S, B>(line: Line<S>, request: Request<()>) -> Result<Vec<u8>, Fault>
where
    S: Service<Request<()>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let response = send(line.service, request).await;
    let response = response.map_err(Fault::of_service)?;
    let status = response.status();
    let (parts, body) = response.into_parts();
    if status.is_success() || status == StatusCode::NOT_FOUND {
        // Whoever stands between must not be believed.
        line.endpoint
            .check_origin(&parts)
            .map_err(|error| Fault::new(DownloadError::misjudged(error)))?;
    }
    if !status.is_success() {
        let attempts = parts.extensions.get().copied();
        let error = refusal(parts, body).await;
        return Err(Fault::new(DownloadError::refused(error)).after(attempts));
    }
    if status != StatusCode::OK {
        let error = JudgeError::Status { status };
        return Err(Fault::new(DownloadError::misjudged(error)));
    }
    let mut body = pin!(body);
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Fault::of_service(error.into()))?;
        if let Ok(data) = frame.into_data() {
            read.extend_from_slice(&data);
        }
        if read.len() > MAX_BODY {
            break;
        }
    }
    Ok(read)
}

/// The attempts of one request that is small enough to be sent again as a whole.
pub(super) struct Retries {
    budget: RetryBudget,
    backoff: Backoff,
}

impl Retries {
    pub(super) fn new(patience: &Patience) -> Self {
        Self {
            budget: RetryBudget::new(patience.retries),
            backoff: patience.backoff,
        }
    }

    /// Tells those below which attempt it is, and what to draw their own from.
    pub(super) fn mark(&self, mut request: Request<()>) -> Request<()> {
        let number = Attempts::new(self.budget.drawn().saturating_add(1));
        request.extensions_mut().insert(number);
        request.extensions_mut().insert(self.budget.clone());
        request
    }

    /// Waits, if it is to be tried again after this failure.
    pub(super) async fn again(&self, failure: Failure, is_exhausted: bool) -> bool {
        if !failure.is_retryable() || is_exhausted {
            return false;
        }
        let Some(number) = self.budget.draw() else {
            return false;
        };
        // Any number will do that is another one each time.
        let random = RandomState::new().build_hasher().finish();
        let now = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .unwrap_or_default();
        let asked = failure.retry_after();
        let delay = self.backoff.delay_after(number, random, asked, now);
        tokio::time::sleep(delay).await;
        true
    }

    /// The last error, with how often it was tried where that was more than once.
    pub(super) fn last(&self, fault: Fault) -> DownloadError {
        gave_up(fault, &self.budget)
    }
}

/// An error, with how often it was tried where that was more than once and it does not say so
/// itself. Those below draw from the same budget.
pub(super) fn gave_up(fault: Fault, budget: &RetryBudget) -> DownloadError {
    let is_said = matches!(
        &fault.error,
        DownloadError::Transport { source, .. } if Attempts::find(&**source).is_some()
    );
    match budget.drawn() {
        0 => fault.error,
        _ if is_said || !fault.failure.is_retryable() => fault.error,
        drawn => DownloadError::GaveUp {
            attempts: drawn.saturating_add(1),
            source: Box::new(fault.error),
        },
    }
}
