//! Listings: one page each.

use std::pin::pin;

use cos_proto::listing::MAX_BODY;
use cos_proto::{
    BucketPage, JudgeError, ListBuckets, ListObjectVersions, ListObjects, ListingError, ObjectPage,
    VersionPage,
};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;

use super::Client;
use super::object::{unexpected, unsendable};
use crate::body::Body;
use crate::error::{Error, ErrorKind};

impl Client {
    /// Asks for one page of a bucket's keys. One request is sent;
    /// [`ObjectPager`](cos_proto::ObjectPager) knows which one comes next.
    ///
    /// # Errors
    ///
    /// Every kind but [`ErrorKind::Integrity`].
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives up the request and changes nothing else.
    pub async fn list_objects(&self, list: ListObjects) -> Result<ObjectPage, Error> {
        let request = list.to_request(&self.endpoint).map_err(unsendable)?;
        self.page(request, |body| list.parse(body)).await
    }

    /// Asks for one page of the versions of a bucket's keys. One request is sent;
    /// [`VersionPager`](cos_proto::VersionPager) knows which one comes next.
    ///
    /// # Errors
    ///
    /// Every kind but [`ErrorKind::Integrity`].
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives up the request and changes nothing else.
    pub async fn list_object_versions(
        &self,
        list: ListObjectVersions,
    ) -> Result<VersionPage, Error> {
        let request = list.to_request(&self.endpoint).map_err(unsendable)?;
        self.page(request, |body| list.parse(body)).await
    }

    /// Asks for one page of the account's buckets. One request is sent.
    ///
    /// # Errors
    ///
    /// Every kind but [`ErrorKind::Integrity`].
    ///
    /// # Cancellation
    ///
    /// Dropping the future gives up the request and changes nothing else.
    pub async fn list_buckets(&self, list: ListBuckets) -> Result<BucketPage, Error> {
        let request = list.to_request(&self.endpoint).map_err(unsendable)?;
        self.page(request, |body| list.parse(body)).await
    }

    async fn page<P>(
        &self,
        request: Request<()>,
        parse: impl FnOnce(&[u8]) -> Result<P, ListingError> + Send,
    ) -> Result<P, Error> {
        let (parts, body) = self.send(request).await?;
        if parts.status != StatusCode::OK {
            return Err(unexpected(JudgeError::Status {
                status: parts.status,
            }));
        }
        let body = read(body).await?;
        parse(&body).map_err(|error| Error::new(ErrorKind::Listing).because(error))
    }
}

/// The whole body, or so much of it that the parser will say that it is too long.
async fn read(body: Body) -> Result<Vec<u8>, Error> {
    let mut body = pin!(body);
    let mut read = Vec::new();
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
