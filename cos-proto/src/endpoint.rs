//! Where requests go.

mod authority;
mod named;

use alloc::format;
use alloc::string::{String, ToString};

use http::response::Parts;
use http::uri::Scheme;
use thiserror::Error;

use crate::{Bucket, BuildError, JudgeError, Region};

/// Where a bucket is reached: scheme, host, and how the bucket is named in a request.
///
/// The hosts are those of the vendor's pages on regions and on the switch of the default domain;
/// that of [`Endpoint::region`] leads to internal addresses by itself on machines inside the
/// region.
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
    /// In the path. COS refuses this for buckets made since 2024 (`PathStyleDomainForbidden`).
    Path,
}

impl Endpoint {
    /// A region's default domain, `cos.<region>.myqcloud.com`, over https.
    #[must_use]
    pub const fn region(region: Region) -> Self {
        Self::https(Host::Region(region))
    }

    /// A region's newer domain, `cos.<region>.tencentcos.cn`, over https.
    #[must_use]
    pub const fn public(region: Region) -> Self {
        Self::https(Host::Public(region))
    }

    /// A region's domain for machines inside of it, `cos-internal.<region>.tencentcos.cn`, over
    /// https.
    #[must_use]
    pub const fn internal(region: Region) -> Self {
        Self::https(Host::Internal(region))
    }

    /// Global acceleration, `cos.accelerate.myqcloud.com`, over https.
    #[must_use]
    pub const fn accelerate() -> Self {
        Self::https(Host::Accelerate)
    }

    /// Global acceleration for machines inside, `cos-internal.accelerate.tencentcos.cn`, over
    /// https.
    #[must_use]
    pub const fn internal_accelerate() -> Self {
        Self::https(Host::InternalAccelerate)
    }

    /// A domain that stands for one bucket, a CDN's for example: `host` or `host:port`, over https.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint::Host`] for what is no host, and [`InvalidEndpoint::Extra`] for a URL or
    /// anything else around one.
    pub fn custom_domain(host: &str) -> Result<Self, InvalidEndpoint> {
        let authority = authority_alone(host)?;
        Ok(Self::https(Host::Custom { authority }))
    }

    /// A service of any make, COS's own included: `http://127.0.0.1:9000`,
    /// `https://cos.example.com`.
    ///
    /// # Errors
    ///
    /// Refuses what is not `http://` or `https://` and a host, with or without a port and a last
    /// `/`; and an IP address that a bucket's name shall stand in front of.
    pub fn service_url(url: &str, addressing: Addressing) -> Result<Self, InvalidEndpoint> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidEndpoint::Scheme)?;
        let scheme = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => Scheme::HTTPS,
            _ if scheme.eq_ignore_ascii_case("http") => Scheme::HTTP,
            _ => return Err(InvalidEndpoint::Scheme),
        };
        let authority = authority_alone(rest.strip_suffix('/').unwrap_or(rest))?;
        let host = authority::host(&authority);
        let is_ip = authority::is_ip(host);
        let host = match addressing {
            Addressing::Virtual if is_ip => return Err(InvalidEndpoint::BucketBeforeIp),
            Addressing::Auto if is_ip || host == "localhost" => Host::ServicePath { authority },
            Addressing::Path => Host::ServicePath { authority },
            Addressing::Auto | Addressing::Virtual => Host::ServiceVirtual { authority },
        };
        Ok(Self { scheme, host })
    }

    /// The same with another scheme.
    ///
    /// # Errors
    ///
    /// [`InvalidEndpoint::Scheme`] for schemes other than http and https.
    pub fn with_scheme(self, scheme: Scheme) -> Result<Self, InvalidEndpoint> {
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(InvalidEndpoint::Scheme);
        }
        Ok(Self {
            scheme,
            host: self.host,
        })
    }

    /// The scheme, http or https.
    #[must_use]
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Where to turn when this endpoint is out of reach: a region's `tencentcos.cn` for its
    /// `myqcloud.com`.
    ///
    /// The vendor's SDKs do the same, and as with them nothing else has a backup: not acceleration,
    /// not a custom domain.
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

    /// The authority at [`backup`](Endpoint::backup) that stands for a bucket's authority at this
    /// endpoint; `None` where there is no backup, and for an authority that is not of this
    /// endpoint.
    ///
    /// ```
    /// use cos_proto::{Endpoint, Region};
    ///
    /// let endpoint = Endpoint::region(Region::new("ap-beijing")?);
    /// let backup = endpoint.backup_authority("b-1.cos.ap-beijing.myqcloud.com");
    /// assert_eq!(backup.as_deref(), Some("b-1.cos.ap-beijing.tencentcos.cn"));
    /// assert_eq!(endpoint.backup_authority("b-1.cos.ap-shanghai.myqcloud.com"), None);
    /// # Ok::<(), cos_proto::InvalidRegion>(())
    /// ```
    #[must_use]
    pub fn backup_authority(&self, authority: &str) -> Option<String> {
        let Host::Region(region) = &self.host else {
            return None;
        };
        let bucket = authority.strip_suffix(&format!(".cos.{region}.myqcloud.com"))?;
        let (backup, _) = self
            .backup()?
            .bucket_base(&Bucket::new(bucket).ok()?)
            .ok()?;
        Some(backup)
    }

    /// Whether this is one of COS's own hosts, by its name.
    #[must_use]
    pub fn is_cos_host(&self) -> bool {
        match &self.host {
            Host::Region(_)
            | Host::Public(_)
            | Host::Internal(_)
            | Host::Accelerate
            | Host::InternalAccelerate => true,
            Host::Custom { authority }
            | Host::ServiceVirtual { authority }
            | Host::ServicePath { authority } => authority::is_cos(authority::host(authority)),
        }
    }

    /// Checks that an answer from one of COS's own hosts comes from COS: it carries
    /// `x-cos-request-id`.
    ///
    /// The answer of a proxy, a captive portal or a middlebox does not. Answers of other hosts are
    /// not asked for it: what holds for them is only what the head itself says.
    ///
    /// # Errors
    ///
    /// [`JudgeError::NotCos`].
    pub fn check_origin(&self, head: &Parts) -> Result<(), JudgeError> {
        if self.is_cos_host() && !head.headers.contains_key("x-cos-request-id") {
            return Err(JudgeError::NotCos);
        }
        Ok(())
    }

    /// Whether the bucket stands in the path.
    pub(crate) const fn is_path_style(&self) -> bool {
        matches!(self.host, Host::ServicePath { .. })
    }

    /// Authority and path, without its last `/`, under which the bucket is reached.
    pub(crate) fn bucket_base(&self, bucket: &Bucket) -> Result<(String, String), BuildError> {
        if self.is_cos_host()
            && !matches!(self.host, Host::Custom { .. })
            && bucket.app_id().is_none()
        {
            return Err(BuildError::BucketWithoutAppId);
        }
        Ok(match &self.host {
            Host::Custom { authority } => (self.without_default_port(authority), String::new()),
            Host::ServicePath { authority } => {
                (self.without_default_port(authority), format!("/{bucket}"))
            }
            Host::ServiceVirtual { authority } => (
                format!("{bucket}.{}", self.without_default_port(authority)),
                String::new(),
            ),
            Host::Region(region) => (format!("{bucket}.cos.{region}.myqcloud.com"), String::new()),
            Host::Public(region) => (
                format!("{bucket}.cos.{region}.tencentcos.cn"),
                String::new(),
            ),
            Host::Internal(region) => (
                format!("{bucket}.cos-internal.{region}.tencentcos.cn"),
                String::new(),
            ),
            Host::Accelerate => (
                format!("{bucket}.cos.accelerate.myqcloud.com"),
                String::new(),
            ),
            Host::InternalAccelerate => (
                format!("{bucket}.cos-internal.accelerate.tencentcos.cn"),
                String::new(),
            ),
        })
    }

    /// The authority that lists the account's buckets: that of the vendor's Python SDK for the two
    /// public domains, and one that its Go SDK knows for the internal one.
    pub(crate) fn service_authority(&self) -> Result<String, BuildError> {
        match &self.host {
            Host::Custom { .. } => Err(BuildError::NoServiceHost),
            Host::ServiceVirtual { authority } | Host::ServicePath { authority } => {
                Ok(self.without_default_port(authority))
            }
            Host::Region(_) | Host::Accelerate => Ok(String::from("service.cos.myqcloud.com")),
            Host::Public(_) => Ok(String::from("service.cos.tencentcos.cn")),
            // A machine that was told to stay inside may have no way out, and does not take one
            // unasked.
            Host::Internal(_) | Host::InternalAccelerate => {
                Ok(String::from("service.cos-internal.tencentcos.cn"))
            }
        }
    }

    const fn https(host: Host) -> Self {
        Self {
            scheme: Scheme::HTTPS,
            host,
        }
    }

    /// A Host header has no port where it is the scheme's own (RFC 9110, section 7.2), and neither
    /// has the signature.
    fn without_default_port(&self, authority: &str) -> String {
        let default = if self.scheme == Scheme::HTTPS {
            ":443"
        } else {
            ":80"
        };
        authority
            .strip_suffix(default)
            .unwrap_or(authority)
            .to_string()
    }
}

/// A host, with or without a port, and nothing around it.
fn authority_alone(text: &str) -> Result<String, InvalidEndpoint> {
    if text.contains(['/', '?', '#', '@']) {
        return Err(InvalidEndpoint::Extra);
    }
    authority::checked(text).ok_or(InvalidEndpoint::Host)
}

/// What is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// Not `http` or `https`.
    #[error("endpoint is neither http nor https")]
    Scheme,
    /// No lawful host and port.
    #[error("endpoint has no lawful host and port")]
    Host,
    /// User information, a path, a query or a fragment beside scheme and host; for a domain, the
    /// scheme too.
    #[error("endpoint has more than scheme, host and port")]
    Extra,
    /// A bucket's name cannot stand in front of an IP address.
    #[error("endpoint is an ip address, which a bucket name cannot stand in front of")]
    BucketBeforeIp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(endpoint: &Endpoint) -> (String, String) {
        endpoint.bucket_base(&Bucket::new("b-1").unwrap()).unwrap()
    }

    fn authority(endpoint: &Endpoint) -> String {
        base(endpoint).0
    }

    fn region() -> Region {
        Region::new("ap-beijing").unwrap()
    }

    #[test]
    fn the_hosts_are_those_of_the_documentation() {
        assert_eq!(
            authority(&Endpoint::region(region())),
            "b-1.cos.ap-beijing.myqcloud.com"
        );
        assert_eq!(
            authority(&Endpoint::public(region())),
            "b-1.cos.ap-beijing.tencentcos.cn"
        );
        assert_eq!(
            authority(&Endpoint::internal(region())),
            "b-1.cos-internal.ap-beijing.tencentcos.cn"
        );
        assert_eq!(
            authority(&Endpoint::accelerate()),
            "b-1.cos.accelerate.myqcloud.com"
        );
        assert_eq!(
            authority(&Endpoint::internal_accelerate()),
            "b-1.cos-internal.accelerate.tencentcos.cn"
        );
    }

    #[test]
    fn buckets_are_listed_in_the_domain_that_was_chosen() {
        for (endpoint, service) in [
            (Endpoint::region(region()), "service.cos.myqcloud.com"),
            (Endpoint::accelerate(), "service.cos.myqcloud.com"),
            (Endpoint::public(region()), "service.cos.tencentcos.cn"),
            (
                Endpoint::internal(region()),
                "service.cos-internal.tencentcos.cn",
            ),
            (
                Endpoint::internal_accelerate(),
                "service.cos-internal.tencentcos.cn",
            ),
        ] {
            assert_eq!(endpoint.service_authority().unwrap(), service);
        }
    }

    #[test]
    fn an_ip_address_or_localhost_is_addressed_by_path() {
        for url in [
            "http://127.0.0.1:9000",
            "http://localhost:9000/",
            "http://[::1]:9000",
            "https://10.0.0.1",
        ] {
            let endpoint = Endpoint::service_url(url, Addressing::Auto).unwrap();
            assert_eq!(base(&endpoint).1, "/b-1", "{url}");
        }
        let endpoint =
            Endpoint::service_url("http://cos.example.com:9000", Addressing::Auto).unwrap();
        assert_eq!(
            base(&endpoint),
            ("b-1.cos.example.com:9000".into(), "".into())
        );
        assert_eq!(
            endpoint.service_authority().unwrap(),
            "cos.example.com:9000"
        );
        let endpoint = Endpoint::service_url("http://localhost:9000", Addressing::Virtual).unwrap();
        assert_eq!(authority(&endpoint), "b-1.localhost:9000");
        let endpoint = Endpoint::service_url("HTTPS://Cos.Example.com", Addressing::Path).unwrap();
        assert_eq!(base(&endpoint), ("cos.example.com".into(), "/b-1".into()));
    }

    #[test]
    fn the_default_port_is_left_out() {
        let endpoint = Endpoint::service_url("http://127.0.0.1:80", Addressing::Auto).unwrap();
        assert_eq!(authority(&endpoint), "127.0.0.1");
        assert_eq!(
            authority(&endpoint.with_scheme(Scheme::HTTPS).unwrap()),
            "127.0.0.1:80"
        );
        let endpoint = Endpoint::custom_domain("cdn.example.com:443").unwrap();
        assert_eq!(authority(&endpoint), "cdn.example.com");
    }

    #[test]
    fn a_custom_domain_is_used_as_it_is() {
        let endpoint = Endpoint::custom_domain("cdn.example.com").unwrap();
        assert_eq!(base(&endpoint), ("cdn.example.com".into(), "".into()));
        assert_eq!(endpoint.service_authority(), Err(BuildError::NoServiceHost));
        assert!(!endpoint.is_cos_host());
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for (url, error) in [
            ("ftp://a", InvalidEndpoint::Scheme),
            ("a.example.com", InvalidEndpoint::Scheme),
            ("https:/a", InvalidEndpoint::Scheme),
            ("://a", InvalidEndpoint::Scheme),
            ("", InvalidEndpoint::Scheme),
            ("http://", InvalidEndpoint::Host),
            ("http:///", InvalidEndpoint::Host),
            ("http://a:b", InvalidEndpoint::Host),
            ("http://a b", InvalidEndpoint::Host),
            ("http://a\r\nX: y", InvalidEndpoint::Host),
            ("http://u:p@a", InvalidEndpoint::Extra),
            ("http://a/b", InvalidEndpoint::Extra),
            ("http://a//", InvalidEndpoint::Extra),
            ("http://a?b", InvalidEndpoint::Extra),
            ("http://a#b", InvalidEndpoint::Extra),
        ] {
            assert_eq!(
                Endpoint::service_url(url, Addressing::Auto),
                Err(error),
                "{url:?}"
            );
        }
        for url in ["http://127.0.0.1", "http://[::1]"] {
            assert_eq!(
                Endpoint::service_url(url, Addressing::Virtual),
                Err(InvalidEndpoint::BucketBeforeIp)
            );
        }
        for (host, error) in [
            ("", InvalidEndpoint::Host),
            ("a b", InvalidEndpoint::Host),
            ("a/b", InvalidEndpoint::Extra),
            ("a/", InvalidEndpoint::Extra),
            ("a?b", InvalidEndpoint::Extra),
            ("a#b", InvalidEndpoint::Extra),
            ("u:p@a", InvalidEndpoint::Extra),
            ("https://a", InvalidEndpoint::Extra),
        ] {
            assert_eq!(Endpoint::custom_domain(host), Err(error), "{host:?}");
        }
        let scheme = "ftp".parse().unwrap();
        assert_eq!(
            Endpoint::accelerate().with_scheme(scheme),
            Err(InvalidEndpoint::Scheme)
        );
    }

    #[test]
    fn only_a_regions_default_domain_has_a_backup() {
        let http = Endpoint::region(region())
            .with_scheme(Scheme::HTTP)
            .unwrap();
        let backup = http.backup().unwrap();
        assert_eq!(authority(&backup), "b-1.cos.ap-beijing.tencentcos.cn");
        assert_eq!(backup.scheme(), &Scheme::HTTP);
        for endpoint in [
            backup,
            Endpoint::accelerate(),
            Endpoint::internal(region()),
            Endpoint::custom_domain("a").unwrap(),
        ] {
            assert_eq!(endpoint.backup(), None);
        }
    }

    #[test]
    fn a_cos_host_wants_a_bucket_with_app_id() {
        let bucket = Bucket::new("bucket").unwrap();
        let cos =
            Endpoint::service_url("https://cos.ap-beijing.myqcloud.com", Addressing::Auto).unwrap();
        assert_eq!(
            cos.bucket_base(&bucket),
            Err(BuildError::BucketWithoutAppId)
        );
        assert_eq!(
            Endpoint::accelerate().bucket_base(&bucket),
            Err(BuildError::BucketWithoutAppId)
        );
        let other = Endpoint::service_url("https://s3.example.com", Addressing::Auto).unwrap();
        assert!(other.bucket_base(&bucket).is_ok());
    }

    #[test]
    fn a_captive_portal_in_the_place_of_cos_is_told() {
        let (mut head, ()) = http::Response::new(()).into_parts();
        let local = Endpoint::service_url("http://127.0.0.1", Addressing::Auto).unwrap();
        assert_eq!(local.check_origin(&head), Ok(()));
        assert_eq!(
            Endpoint::accelerate().check_origin(&head),
            Err(JudgeError::NotCos)
        );
        head.headers
            .insert("x-cos-request-id", http::HeaderValue::from_static("NTg3"));
        assert_eq!(Endpoint::accelerate().check_origin(&head), Ok(()));
    }
}
