//! GET Service, also called List Buckets.

use alloc::string::String;

use http::{Method, Request};

use super::BuildError;
use super::build::{Target, page_size};
use crate::{Endpoint, Region};

/// GET Service (documentation page 436/8291): the buckets of an account.
///
/// It goes to a host of its own in the domain of the endpoint: `service.cos.myqcloud.com`,
/// `service.cos.tencentcos.cn` for [`Endpoint::public`], and `service.cos-internal.tencentcos.cn`
/// for the two internal ones, which have no way out of the vendor's network perhaps. A service URL
/// is asked as it is; a custom domain cannot be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListBuckets {
    /// Only buckets of this region.
    pub region: Option<Region>,
    /// Only buckets after this one.
    pub marker: Option<String>,
    /// How many buckets a page has at most; the service's default is 2000.
    pub max_keys: Option<u16>,
}

impl ListBuckets {
    /// The most entries that can be asked for in one page.
    pub const MAX_KEYS: u16 = 2000;

    /// All buckets of the account.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only buckets of this region.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// Only buckets after this one, as a page's next marker says.
    #[must_use]
    pub fn marker(mut self, marker: impl Into<String>) -> Self {
        self.marker = Some(marker.into());
        self
    }

    /// How many buckets the page has at most, up to [`ListBuckets::MAX_KEYS`].
    #[must_use]
    pub fn max_keys(mut self, max_keys: u16) -> Self {
        self.max_keys = Some(max_keys);
        self
    }

    /// Builds the request: method, final absolute URI and `Host`.
    ///
    /// # Errors
    ///
    /// [`BuildError`] says what cannot be sent.
    pub fn to_request(&self, endpoint: &Endpoint) -> Result<Request<()>, BuildError> {
        let mut target = Target::service(endpoint)?;
        target.push_some("region", self.region.as_ref());
        target.push_some("marker", self.marker.as_ref());
        target.push_some("max-keys", page_size(self.max_keys, Self::MAX_KEYS)?);
        target.into_request(Method::GET)
    }
}
