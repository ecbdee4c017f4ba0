//! Presigned URLs.

use std::time::Duration;

use cos_proto::{Failure, GetObject};
use cos_sign::{Head, KeyTime, PresignedUri, SigningKey};

use super::Client;
use super::object::unsendable;
use crate::error::{Error, ErrorKind};
use crate::sign::{system_time, unsignable};

impl Client {
    /// A URL with which anybody can get an object until it expires. Nothing is sent.
    ///
    /// A session token, where the credentials have one, is part of the URL; the URL is then good
    /// for no longer than the token.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Request`]: without credentials, and for what only a header can ask for, such
    /// as a range or a condition. A provider of credentials is not asked here: only those count
    /// that were given as [`credentials`](crate::ClientBuilder::credentials).
    pub fn presign(&self, get: GetObject, expires: Duration) -> Result<PresignedUri, Error> {
        let Some(credentials) = &self.credentials else {
            return Err(Error::new(ErrorKind::Request).because(Failure::NoCredentials));
        };
        let request = get.to_link_request(&self.endpoint).map_err(unsendable)?;
        let key_time = KeyTime::starting(system_time(), expires);
        SigningKey::derive(credentials, key_time)
            .presign(Head::from(&request))
            .map_err(unsignable)
    }
}
