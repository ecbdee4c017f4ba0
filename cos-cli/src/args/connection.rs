//! Options that say where requests go, as whom, and how long to wait.

use std::fmt;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use cos_proto::RetryBudget;
use zeroize::Zeroizing;

use super::values;

/// Where requests go, and as whom.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// The region of the bucket, for example ap-beijing
    #[arg(long, global = true, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// The service's URL without the bucket; an IP or localhost is addressed path-style
    #[arg(long, global = true, value_name = "URL", conflicts_with_all = ["domain", "accelerate", "internal"])]
    pub(crate) endpoint: Option<String>,
    /// Where the bucket stands in requests to --endpoint: in the host, in the path, or by the kind
    /// of host
    #[arg(long, global = true, value_name = "STYLE")]
    pub(crate) addressing: Option<AddressingArg>,
    /// A custom or CDN domain of the bucket, used as it is
    #[arg(long, global = true, value_name = "HOST", conflicts_with_all = ["accelerate", "internal"])]
    pub(crate) domain: Option<String>,
    /// Use the global acceleration domain
    #[arg(long, global = true)]
    pub(crate) accelerate: bool,
    /// Use the internal domain, for machines inside Tencent Cloud
    #[arg(long, global = true)]
    pub(crate) internal: bool,
    /// https or http [default: https, or what the endpoint's URL says]
    #[arg(long, global = true, value_name = "SCHEME")]
    pub(crate) scheme: Option<SchemeArg>,
    /// Dial there; the Host header, the TLS name and the signature stay as they are
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub(crate) connect_to: Option<String>,
    /// Send no credentials
    #[arg(long, global = true)]
    pub(crate) anonymous: bool,
    /// Trust the certificates in this PEM file too, beside the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_cert: Option<PathBuf>,
    /// Go through this proxy: HOST:PORT or USER:PASSWORD@HOST:PORT behind http:// or https://;
    /// '' for none [default: HTTPS_PROXY or HTTP_PROXY, except for NO_PROXY]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) proxy: Option<ProxyUrl>,
    /// Give up connecting after this long (DNS, TCP, proxy and TLS together)
    #[arg(long, global = true, value_name = "DURATION", default_value = "10s", value_parser = values::duration)]
    pub(crate) connect_timeout: Duration,
    /// Give up when no byte of an answer comes for this long
    #[arg(long, global = true, value_name = "DURATION", default_value = "30s", value_parser = values::duration)]
    pub(crate) read_timeout: Duration,
    /// Try a request that failed in passing so many times again, counted anew after progress
    #[arg(long, global = true, value_name = "N", default_value_t = RetryBudget::RETRIES)]
    pub(crate) retries: u32,
    /// Send at most so many requests a second
    #[arg(long, global = true, value_name = "N")]
    pub(crate) requests_per_second: Option<NonZeroU64>,
    /// Receive no faster than this, all connections together, for example 20MiB
    #[arg(long, global = true, value_name = "BYTES/S", value_parser = values::rate)]
    pub(crate) limit_rate: Option<NonZeroU64>,
    /// The configuration file [default: $XDG_CONFIG_HOME/cos/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The profile of the configuration file [default: its default_profile]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

/// `--proxy`: not looked at yet, so that a refusal does not repeat it, and not shown.
#[derive(Clone)]
pub(crate) struct ProxyUrl(Zeroizing<String>);

impl ProxyUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ProxyUrl {
    fn from(url: String) -> Self {
        Self(Zeroizing::new(url))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// `--addressing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AddressingArg {
    /// path for an IP or localhost, else virtual.
    Auto,
    /// The bucket is the host's first label.
    Virtual,
    /// The bucket is the path's first component.
    Path,
}

/// `--scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemeArg {
    /// TLS.
    Https,
    /// Clear text.
    Http,
}
