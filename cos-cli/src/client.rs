//! From settings to a client of the transport.

use cos_proto::Endpoint;
use cos_transport::Client;

use crate::error::{Error, chain};
use crate::settings::Settings;
use crate::settings::credentials::Provider;

impl Settings {
    /// A client for the bucket's endpoint, signing unless `--anonymous` was said.
    pub(crate) fn client(&self) -> Result<Client, Error> {
        self.build(self.endpoint()?, self.credentials()?)
    }

    /// A client for the endpoint where the account's buckets are listed.
    pub(crate) fn service_client(&self) -> Result<Client, Error> {
        self.build(self.service_endpoint()?, self.credentials()?)
    }

    /// A client that can presign: without credentials there is none.
    pub(crate) fn signing_client(&self) -> Result<Client, Error> {
        self.build(self.endpoint()?, Some(self.signer()?))
    }

    fn build(&self, endpoint: Endpoint, credentials: Option<Provider>) -> Result<Client, Error> {
        let proxies = self.proxies.of(&endpoint)?;
        let mut builder = Client::builder(endpoint)
            .proxies(proxies)
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.read_timeout)
            .retries(self.retries);
        if let Some(credentials) = credentials {
            builder = builder.credentials_provider(credentials);
        }
        if let Some(rate) = self.requests_per_second {
            builder = builder.requests_per_second(rate);
        }
        if let Some(rate) = self.limit_rate {
            builder = builder.bytes_per_second(rate);
        }
        if let Some(pem) = &self.ca_certs {
            builder = builder.ca_cert(pem.clone());
        }
        if let Some(place) = &self.connect_to {
            builder = builder.connect_to(place);
        }
        builder.build().map_err(|error| Error::usage(chain(&error)))
    }
}
