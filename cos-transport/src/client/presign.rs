//! Presigned URLs.

use std::time::Duration;

use cos_proto::GetObject;
use cos_sign::{Head, PresignedUri};

use super::Client;
use super::object::unsendable;
use crate::error::Error;

impl Client {
    /// A URL with which anybody can get an object until it expires. Nothing is sent to the service;
    /// a provider of credentials is asked, and may send requests of its own.
    ///
    /// A session token, where the credentials have one, is part of the URL; the URL is then good
    /// for no longer than the token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`](crate::ErrorKind::Request): for a client without credentials, and for
    /// what only a header can ask for, such as a range or a condition.
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials): the provider has none to give.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the question to the provider, and nothing else.
    pub async fn presign(&self, get: GetObject, expires: Duration) -> Result<PresignedUri, Error> {
        let request = get
            .to_link_request(&self.parts.endpoint)
            .map_err(unsendable)?;
        self.parts.sign.presign(Head::from(&request), expires).await
    }
}
