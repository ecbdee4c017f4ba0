//! Through which proxy: the option, the usual variables, or the profile.

use cos_proto::{Endpoint, ListBuckets};
use cos_transport::{InvalidProxy, Proxies, Proxy};
use http::uri::Authority;

use crate::args::ConnectionArgs;
use crate::config::Profile;
use crate::environment::Environment;
use crate::error::{Error, chain};

/// What was said about proxies.
#[derive(Debug)]
pub(crate) struct ProxySettings {
    said: Said,
    /// Where `--connect-to` leads to.
    dialled: Option<Authority>,
}

#[derive(Debug)]
enum Said {
    /// By the option or the profile: it holds for every endpoint.
    Named(Proxies),
    /// By the environment: not for an endpoint of this machine, for which it may even be wrong.
    Environment(Result<Proxies, InvalidProxy>),
}

impl ProxySettings {
    pub(super) fn resolve(
        args: &ConnectionArgs,
        environment: &Environment,
        profile: &Profile,
    ) -> Result<Self, Error> {
        let spared = environment.proxy_variable("no_proxy");
        let spared = spared.or_else(|| environment.proxy_variable("NO_PROXY"));
        let spared = spared.map(|list| list.to_string_lossy().into_owned());
        let named = |place: &str, url: &str| {
            // As in curl, nothing is a way to say that there is none.
            if url.is_empty() {
                return Ok(Said::Named(Proxies::none()));
            }
            let proxy = Proxy::new(url)
                .map_err(|error| Error::usage(format!("{place}: {}", chain(&error))))?;
            let proxies = Proxies::all(proxy).no_proxy(spared.as_deref().unwrap_or_default());
            Ok(Said::Named(proxies))
        };
        let in_variables = Proxies::from_variables(|name| environment.proxy_variable(name));
        let said = match (&args.proxy, in_variables, &profile.proxy) {
            (Some(url), _, _) => named("--proxy", url.as_str())?,
            (None, Ok(proxies), Some(url)) if proxies.is_none() => {
                named("proxy of the profile", url.as_str())?
            }
            (None, proxies, _) => Said::Environment(proxies),
        };
        let dialled = args.connect_to.as_deref();
        Ok(Self {
            said,
            dialled: dialled.and_then(|place| place.parse().ok()),
        })
    }

    /// The proxies for requests to `endpoint`.
    pub(crate) fn of(&self, endpoint: &Endpoint) -> Result<Proxies, Error> {
        match &self.said {
            Said::Named(proxies) => Ok(proxies.clone()),
            Said::Environment(_) if self.is_local(endpoint) => Ok(Proxies::none()),
            Said::Environment(Ok(proxies)) => Ok(proxies.clone()),
            Said::Environment(Err(error)) => Err(Error::usage(chain(error)).with_hint(
                "--proxy URL goes before the environment; --proxy '' says that there is none",
            )),
        }
    }

    /// Whether `endpoint` is reached on this machine.
    fn is_local(&self, endpoint: &Endpoint) -> bool {
        let request = ListBuckets::new().to_request(endpoint);
        let host = match (&self.dialled, &request) {
            (Some(authority), _) => Some(authority.host()),
            (None, Ok(request)) => request.uri().host(),
            (None, Err(_)) => None,
        };
        host.is_some_and(Proxies::is_loopback)
    }
}
