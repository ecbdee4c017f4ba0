//! Where requests go, out of the many ways to say it.

use cos_proto::{Addressing, Endpoint, InvalidEndpoint, Region};
use http::uri::Scheme;

use crate::args::{AddressingArg, ConnectionArgs, SchemeArg};
use crate::config::Profile;
use crate::environment::{ENDPOINT, Environment, REGION};
use crate::error::Error;
use crate::escape::escaped;

/// The endpoint that options, environment and profile name; none where nothing does.
///
/// Each setting is taken from the first place that has it: option, environment, profile. Then a
/// domain or an endpoint goes before the region, which only serves to make a host where nothing
/// else names one.
pub(super) fn resolve(
    args: &ConnectionArgs,
    environment: &Environment,
    profile: &Profile,
) -> Result<Option<Endpoint>, Error> {
    let said = Said::collect(args, environment, profile)?;
    let addressing = said.addressing;
    let endpoint = match said.host {
        Host::Url(url) => {
            return service_url(&url, addressing.unwrap_or_default(), args, said.scheme).map(Some);
        }
        Host::Domain(host) => {
            Some(Endpoint::custom_domain(&host).map_err(|error| invalid(&host, error))?)
        }
        Host::Accelerate { internal: false } => Some(Endpoint::accelerate()),
        Host::Accelerate { internal: true } => Some(Endpoint::internal_accelerate()),
        Host::Region { internal } => match (said.region, internal) {
            (Some(region), false) => Some(Endpoint::region(region)),
            (Some(region), true) => Some(Endpoint::internal(region)),
            (None, false) => None,
            (None, true) => return Err(Error::usage("--internal needs a region")),
        },
    };
    if addressing.is_some() && args.addressing.is_some() {
        return Err(Error::usage(
            "--addressing only goes with an endpoint's URL",
        ));
    }
    match (endpoint, said.scheme) {
        (Some(endpoint), Some(scheme)) => Ok(Some(with_scheme(endpoint, scheme)?)),
        (endpoint, _) => Ok(endpoint),
    }
}

/// The service's own endpoint, which knows the buckets of all regions.
pub(super) fn service() -> Result<Endpoint, Error> {
    Endpoint::service_url(SERVICE, Addressing::Virtual).map_err(|error| invalid(SERVICE, error))
}

/// What was said, each setting from the first place that has it.
struct Said {
    host: Host,
    region: Option<Region>,
    addressing: Option<Addressing>,
    scheme: Option<SchemeArg>,
}

/// What names the host.
enum Host {
    Url(String),
    Domain(String),
    Accelerate { internal: bool },
    Region { internal: bool },
}

impl Said {
    fn collect(
        args: &ConnectionArgs,
        environment: &Environment,
        profile: &Profile,
    ) -> Result<Self, Error> {
        let region = match args.region.clone() {
            Some(region) => Some(region),
            None => environment.text(REGION)?.or_else(|| profile.region.clone()),
        };
        let region = region
            .map(|name| {
                Region::new(name.as_str())
                    .map_err(|error| Error::usage(format!("region {name:?}: {error}")))
            })
            .transpose()?;
        let addressing = match (args.addressing, profile.addressing.as_deref()) {
            (Some(addressing), _) => Some(addressing.into()),
            (None, Some(text)) => Some(word::<AddressingArg>("addressing", text)?.into()),
            (None, None) => None,
        };
        let scheme = match (args.scheme, profile.scheme.as_deref()) {
            (Some(scheme), _) => Some(scheme),
            (None, Some(text)) => Some(word("scheme", text)?),
            (None, None) => None,
        };
        Ok(Self {
            host: Host::of(args, environment, profile)?,
            region,
            addressing,
            scheme,
        })
    }
}

impl Host {
    fn of(
        args: &ConnectionArgs,
        environment: &Environment,
        profile: &Profile,
    ) -> Result<Self, Error> {
        // The argument parser refuses two of these at once.
        if let Some(domain) = &args.domain {
            return Ok(Self::Domain(domain.clone()));
        }
        if let Some(url) = &args.endpoint {
            return Ok(Self::Url(url.clone()));
        }
        if args.accelerate {
            return Ok(Self::Accelerate {
                internal: args.internal,
            });
        }
        if args.internal {
            return Ok(Self::Region { internal: true });
        }
        if let Some(url) = environment.text(ENDPOINT)? {
            return Ok(Self::Url(url));
        }
        match (&profile.domain, &profile.endpoint) {
            (Some(_), Some(_)) => Err(Error::usage(
                "the profile has both a domain and an endpoint",
            )),
            (Some(domain), None) => Ok(Self::Domain(domain.clone())),
            (None, Some(url)) => Ok(Self::Url(url.clone())),
            (None, None) => Ok(Self::Region { internal: false }),
        }
    }
}

/// A service URL, with or without its scheme.
fn service_url(
    url: &str,
    addressing: Addressing,
    args: &ConnectionArgs,
    scheme: Option<SchemeArg>,
) -> Result<Endpoint, Error> {
    let scheme = scheme.map(Scheme::from);
    let endpoint = if url.contains("://") {
        Endpoint::service_url(url, addressing)
    } else {
        let scheme = scheme.as_ref().map_or("https", Scheme::as_str);
        Endpoint::service_url(&format!("{scheme}://{url}"), addressing)
    }
    .map_err(|error| invalid(url, error))?;
    // A profile's scheme is for hosts without one; an option that contradicts the URL is a mistake.
    match (args.scheme, scheme) {
        (Some(_), Some(scheme)) if scheme != *endpoint.scheme() => Err(Error::usage(format!(
            "--scheme {scheme} contradicts the endpoint {}",
            escaped(url)
        ))),
        _ => Ok(endpoint),
    }
}

fn with_scheme(endpoint: Endpoint, scheme: SchemeArg) -> Result<Endpoint, Error> {
    let scheme = Scheme::from(scheme);
    endpoint
        .with_scheme(scheme.clone())
        .map_err(|error| invalid(scheme.as_str(), error))
}

/// A word of the configuration file that has the same values as an option.
fn word<T: clap::ValueEnum>(name: &str, text: &str) -> Result<T, Error> {
    T::from_str(text, false)
        .map_err(|_| Error::usage(format!("{name} of the profile cannot be {text:?}")))
}

/// A refusal that shows neither a password before the host nor a query, which may be a signature.
fn invalid(text: &str, error: InvalidEndpoint) -> Error {
    let text = text.split('?').next().unwrap_or_default();
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    Error::usage(format!("endpoint {text:?}: {error}"))
}

impl From<AddressingArg> for Addressing {
    fn from(arg: AddressingArg) -> Self {
        match arg {
            AddressingArg::Auto => Self::Auto,
            AddressingArg::Virtual => Self::Virtual,
            AddressingArg::Path => Self::Path,
        }
    }
}

impl From<SchemeArg> for Scheme {
    fn from(arg: SchemeArg) -> Self {
        match arg {
            SchemeArg::Https => Self::HTTPS,
            SchemeArg::Http => Self::HTTP,
        }
    }
}

/// Where an account's buckets are listed.
const SERVICE: &str = "https://service.cos.myqcloud.com";
