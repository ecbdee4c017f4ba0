//! From options, environment and profile to what a request needs: where it goes, as whom, and how
//! long it may take.

pub(crate) mod credentials;
mod endpoint;
mod proxies;

use std::borrow::Cow;
use std::fs;
use std::mem;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cos_proto::Endpoint;

use crate::args::ConnectionArgs;
use crate::config::Profile;
use crate::environment::Environment;
use crate::error::{Error, chain};
use crate::escape::escaped;
use crate::exit::ExitCode;
use crate::trace::Secrets;
use credentials::Provider;
use proxies::ProxySettings;

/// Everything that was said about connections, checked and in order: option, environment, profile.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where requests for a bucket go; none where nothing was said.
    endpoint: Option<Endpoint>,
    /// As whom; none where nothing was said, or with `--anonymous`.
    credentials: Option<Provider>,
    /// Whether `--anonymous` was said.
    anonymous: bool,
    /// Through which proxy.
    pub(crate) proxies: ProxySettings,
    /// Where to dial instead.
    pub(crate) connect_to: Option<String>,
    /// PEM certificates to trust beside the system's.
    pub(crate) ca_certs: Option<Vec<u8>>,
    /// DNS, TCP and TLS together.
    pub(crate) connect_timeout: Duration,
    /// The longest silence of an answer.
    pub(crate) read_timeout: Duration,
    /// Further attempts without progress.
    pub(crate) retries: u32,
    /// Requests a second.
    pub(crate) requests_per_second: Option<NonZeroU64>,
    /// Bytes a second, all connections together.
    pub(crate) limit_rate: Option<NonZeroU64>,
    /// Bytes of a part, as the profile says; the option goes before it.
    pub(crate) part_size: Option<u64>,
    /// Parts of an object at once, as the profile says.
    pub(crate) parallel: Option<NonZeroUsize>,
    /// Connections of the whole run, as the profile says.
    pub(crate) connections: Option<NonZeroUsize>,
    /// The profiles that may be what is missing, where there are some and none was chosen.
    unchosen: Vec<String>,
}

impl Settings {
    /// Resolves the options. Reads the configuration file and the certificates; sends nothing.
    pub(crate) fn resolve(
        args: &ConnectionArgs,
        environment: &Environment,
        secrets: &Secrets,
    ) -> Result<Self, Error> {
        let profile = Profile::load(args.config.as_deref(), args.profile.as_deref(), environment)?;
        Self::of(args, environment, profile, secrets)
    }

    /// Resolves the options over a profile.
    pub(crate) fn of(
        args: &ConnectionArgs,
        environment: &Environment,
        mut profile: Profile,
        secrets: &Secrets,
    ) -> Result<Self, Error> {
        let ca_cert: Option<PathBuf> = args.ca_cert.clone().or_else(|| profile.ca_cert.clone());
        let endpoint = endpoint::resolve(args, environment, &profile)?;
        let proxies = ProxySettings::resolve(args, environment, &profile)?;
        let (part_size, parallel, connections) =
            (profile.part_size, profile.parallel, profile.connections);
        let unchosen = mem::take(&mut profile.unchosen);
        let credentials = if args.anonymous {
            None
        } else {
            credentials::resolve(environment, profile, secrets)?
        };
        Ok(Self {
            endpoint,
            credentials,
            anonymous: args.anonymous,
            proxies,
            connect_to: args.connect_to.clone(),
            ca_certs: ca_cert.as_deref().map(certificates).transpose()?,
            connect_timeout: args.connect_timeout,
            read_timeout: args.read_timeout,
            retries: args.retries,
            requests_per_second: args.requests_per_second,
            limit_rate: args.limit_rate,
            part_size,
            parallel,
            connections,
            unchosen,
        })
    }

    /// Where requests for a bucket go.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Error> {
        self.endpoint.clone().ok_or_else(|| {
            Error::usage("no region: nothing says where the bucket is")
                .with_hint(self.hint("use --region, COS_REGION or region in the profile; or --endpoint, --domain, --accelerate"))
        })
    }

    /// Where the account's buckets are listed: the endpoint that was named, else the service's own.
    pub(crate) fn service_endpoint(&self) -> Result<Endpoint, Error> {
        match &self.endpoint {
            Some(endpoint) => Ok(endpoint.clone()),
            None => endpoint::service(),
        }
    }

    /// As whom to ask; none with `--anonymous`.
    pub(crate) fn credentials(&self) -> Result<Option<Provider>, Error> {
        match (&self.credentials, self.anonymous) {
            (None, true) => Ok(None),
            (Some(credentials), _) => Ok(Some(credentials.clone())),
            (None, false) => {
                let hint = format!("{SET_CREDENTIALS}; or use --anonymous");
                Err(no_credentials(self.hint(&hint)))
            }
        }
    }

    /// As whom to sign, where that cannot be left out.
    pub(crate) fn signer(&self) -> Result<Provider, Error> {
        self.credentials
            .clone()
            .ok_or_else(|| no_credentials(self.hint(SET_CREDENTIALS)))
    }

    /// A hint, behind another one where a profile may be all that is missing.
    fn hint(&self, hint: &str) -> String {
        match self.unchosen.as_slice() {
            [] => hint.to_owned(),
            names => format!(
                "the configuration file has profiles, and none was chosen ({}): use --profile, \
                 COS_PROFILE or default_profile; or {hint}",
                names.join(", ")
            ),
        }
    }
}

fn no_credentials(hint: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ExitCode::Access, "no credentials").with_hint(hint)
}

fn certificates(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| {
        Error::usage(format!(
            "cannot read {}: {}",
            escaped(&path.to_string_lossy()),
            chain(&error)
        ))
    })
}

/// What gives the command credentials.
const SET_CREDENTIALS: &str =
    "set COS_SECRET_ID and COS_SECRET_KEY, or secret_id and secret_key in a profile";
