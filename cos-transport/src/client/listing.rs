//! Listings: one page each.

use std::pin::pin;

use cos_proto::listing::MAX_BODY;
use cos_proto::{
    Attempts, BucketPage, JudgeError, ListBuckets, ListObjectVersions, ListObjects, ListingError,
    ObjectPage, VersionPage,
};
use http::response::Parts;
use http::{Request, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;

use super::Client;
use super::object::{unexpected, unsendable};
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::retry::{MARKED, RETRY_MARK};

impl Client {
    /// Asks for one page of a bucket's keys.
    /// [`ObjectPager`](cos_proto::ObjectPager) knows which one comes next.
    ///
    /// A page that breaks off in its body is asked for again, like any other passing failure.
    ///
    /// # Errors
    ///
    /// Every kind but [`ErrorKind::Integrity`].
    ///
    /// # Cancellation
    ///
    /// As [`ResponseFuture`](crate::ResponseFuture).
    pub async fn list_objects(&self, list: ListObjects) -> Result<ObjectPage, Error> {
        let request = list.to_request(&self.parts.endpoint).map_err(unsendable)?;
        self.page(request, |body| list.parse(body)).await
    }

    /// Asks for one page of the versions of a bucket's keys.
    /// [`VersionPager`](cos_proto::VersionPager) knows which one comes next.
    ///
    /// A page that breaks off in its body is asked for again, like any other passing failure.
    ///
    /// # Errors
    ///
    /// Every kind but [`ErrorKind::Integrity`].
    ///
    /// # Cancellation
    ///
    /// As [`ResponseFuture`](crate::ResponseFuture).
    pub async fn list_object_versions(
        &self,
        list: ListObjectVersions,
    ) -> Result<VersionPage, Error> {
        let request = list.to_request(&self.parts.endpoint).map_err(unsendable)?;
        self.page(request, |body| list.parse(body)).await
    }

    /// Asks for one page of the account's buckets.
    ///
    /// A page that breaks off in its body is asked for again, like any other passing failure.
    ///
    /// # Errors
    ///
    /// Every kind but [`ErrorKind::Integrity`].
    ///
    /// # Cancellation
    ///
    /// As [`ResponseFuture`](crate::ResponseFuture).
    pub async fn list_buckets(&self, list: ListBuckets) -> Result<BucketPage, Error> {
        let request = list.to_request(&self.parts.endpoint).map_err(unsendable)?;
        self.page(request, |body| list.parse(body)).await
    }

    /// A page, with its body asked for as often as its head.
    async fn page<P>(
        &self,
        mut request: Request<()>,
        parse: impl Fn(&[u8]) -> Result<P, ListingError> + Send,
    ) -> Result<P, Error> {
        // The layer below draws from it for heads.
        let budget = self.parts.retry.budget();
        request.extensions_mut().insert(budget.clone());
        loop {
            let (parts, body) = self.send(request.clone()).await?;
            let error = match take(&parts, body, &parse).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let made = Attempts::new(budget.drawn().saturating_add(1));
            if !error.failure().is_retryable() {
                return Err(error.after_attempts(made));
            }
            let Some(number) = budget.draw() else {
                return Err(error.after_attempts(made.exhausted()));
            };
            tracing::debug!(%error, "asking for the page again");
            again(&mut request, made);
            self.parts.retry.pause(number).await;
        }
    }
}

/// Reads and parses a page.
async fn take<P>(
    parts: &Parts,
    body: Body,
    parse: impl Fn(&[u8]) -> Result<P, ListingError>,
) -> Result<P, Error> {
    if parts.status != StatusCode::OK {
        let status = parts.status;
        return Err(unexpected(parts, JudgeError::Status { status }));
    }
    let body = read(body).await?;
    parse(&body).map_err(|error| Error::new(ErrorKind::Listing).because(error))
}

/// Marks a request as a further attempt, as the policy does.
fn again(request: &mut Request<()>, before: Attempts) {
    let number = Attempts::new(before.made().saturating_add(1));
    request.extensions_mut().insert(number);
    request.headers_mut().insert(RETRY_MARK, MARKED);
}

/// The whole body, or so much of it that the parser will say that it is too long.
async fn read(body: Body) -> Result<Vec<u8>, Error> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(USUAL);
    let mut body = pin!(body);
    let mut read = Vec::with_capacity(announced.min(USUAL));
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            read.extend_from_slice(&data);
        }
        if read.len() > MAX_BODY {
            break;
        }
    }
    Ok(read)
}

/// So much is reserved for a page that says how long it is: 1,000 entries of 500 bytes.
const USUAL: usize = 512 * 1024;
