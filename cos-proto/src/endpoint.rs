//! Where requests go.

use alloc::string::String;

use http::response::Parts;
use http::uri::Scheme;
use thiserror::Error;

use crate::{JudgeError, Region};

/// Where a bucket is reached: scheme, host, and how the bucket is named in a request.
///
/// ```
/// use cos_proto::{Addressing, Endpoint, Region};
///
/// let cos = Endpoint::region(Region::new("ap-beijing")?);
/// assert!(cos.is_cos_host());
/// let local = Endpoint::service_url("http://127.0.0.1:9000", Addressing::Auto)?;
/// assert!(!local.is_cos_host());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    scheme: Scheme,
    host: Host,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    /// `<bucket>.cos.<region>.myqcloud.com`.
    Region(Region),
    /// `<bucket>.cos.<region>.tencentcos.cn`.
    Public(Region),
    /// `<bucket>.cos-internal.<region>.tencentcos.cn`.
    Internal(Region),
    /// `<bucket>.cos.accelerate.myqcloud.com`.
    Accelerate,
    /// `<bucket>.cos-internal.accelerate.tencentcos.cn`.
    InternalAccelerate,
    /// The host stands for the bucket.
    Custom { authority: String },
    /// `<bucket>.<authority>`.
    ServiceVirtual { authority: String },
    /// `<authority>/<bucket>`.
    ServicePath { authority: String },
}

/// How a service URL names the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Addressing {
    /// In the path if the host is an IP address or `localhost`, else in front of the host.
    #[default]
    Auto,
    /// In front of the host, as COS wants it.
    Virtual,
    /// In the path. COS refuses this for buckets made since 2024.
    Path,
}

impl Endpoint {
    /// A region's default domain, `cos.<region>.myqcloud.com`, over https.
    #[must_use]
    pub fn region(region: Region) -> Self {
        Self {
            scheme: Scheme::HTTPS,
            host: Host::Region(region),
        }
    }

    /// A region's newer domain, `cos.<region>.tencentcos.cn`, over https.
    #[must_use]
    pub fn public(region: Region) -> Self {
        Self {
            scheme: Scheme::HTTPS,
            host: Host::Public(region),
        }
    }

    /// A region's domain for machines inside of it, `cos-internal.<region>.tencentcos.cn`, over https.
    #[must_use]
    pub fn internal(region: Region) -> Self {
        Self {
            scheme: Scheme::HTTPS,
            host: Host::Internal(region),
        }
    }

    /// Global acceleration, `cos.accelerate.myqcloud.com`, over https.
    #[must_use]
    pub fn accelerate() -> Self {
        Self {
            scheme: Scheme::HTTPS,
            host: Host::Accelerate,
        }
    }

    /// Global acceleration for machines inside, `cos-internal.accelerate.tencentcos.cn`, over https.
    #[must_use]
    pub fn internal_accelerate() -> Self {
        Self {
            scheme: Scheme::HTTPS,
            host: Host::InternalAccelerate,
        }
    }

    /// A domain that stands for one bucket, a CDN's for example: `host` or `host:port`, over https.
    ///
    /// # Errors
    ///
    /// Refuses what is no host.
    pub fn custom_domain(host: &str) -> Result<Self, InvalidEndpoint> {
        todo!()
    }

    /// A service of any make: `http://127.0.0.1:9000`, `https://cos.example.com`.
    ///
    /// # Errors
    ///
    /// Refuses what is not `http://` or `https://` and a host, with or without a port.
    pub fn service_url(url: &str, addressing: Addressing) -> Result<Self, InvalidEndpoint> {
        todo!()
    }

    /// The same with another scheme.
    ///
    /// # Errors
    ///
    /// Refuses schemes other than http and https.
    pub fn with_scheme(self, scheme: Scheme) -> Result<Self, InvalidEndpoint> {
        todo!()
    }

    /// The scheme, http or https.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Where to turn when this endpoint is out of reach: a region's `tencentcos.cn` for its `myqcloud.com`.
    ///
    /// The vendor's SDKs do the same, and as they do, nothing else has a backup: not acceleration, not a custom domain.
    #[must_use]
    pub fn backup(&self) -> Option<Self> {
        match &self.host {
            Host::Region(region) => Some(Self {
                scheme: self.scheme.clone(),
                host: Host::Public(region.clone()),
            }),
            _ => None,
        }
    }

    /// Whether this is one of COS's own hosts.
    #[must_use]
    pub fn is_cos_host(&self) -> bool {
        todo!()
    }

    /// Checks that an answer from one of COS's own hosts comes from COS: it carries `x-cos-request-id`.
    ///
    /// A proxy, a captive portal or a middlebox that answers in the service's place does not (fault T13). Answers of other hosts
    /// are not asked for it.
    ///
    /// # Errors
    ///
    /// [`JudgeError::NotCos`].
    pub fn check_origin(&self, head: &Parts) -> Result<(), JudgeError> {
        todo!()
    }
}

/// What is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// Not `http` or `https`.
    #[error("endpoint is neither http nor https")]
    Scheme,
    /// No lawful host and port.
    #[error("endpoint has no lawful host")]
    Host,
    /// User information, a path, a query or a fragment beside scheme and host.
    #[error("endpoint has more than scheme, host and port")]
    Extra,
}
