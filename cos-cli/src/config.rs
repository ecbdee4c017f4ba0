//! The configuration file: profiles in TOML.

mod secret;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use crate::args;
use crate::environment::{self, Environment};
use crate::error::{Error, chain};
use crate::escape::escaped;
use secret::Secret;

/// What the chosen profile sets. Every field is optional; options and the environment go before it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) addressing: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) scheme: Option<String>,
    pub(crate) ca_cert: Option<PathBuf>,
    pub(crate) secret_id: Option<String>,
    pub(crate) secret_key: Option<Secret>,
    pub(crate) token: Option<Secret>,
    /// A command that prints credentials; its arguments are nobody's business.
    pub(crate) credential_process: Option<Secret>,
    /// The role of the cloud server that this runs on.
    pub(crate) cvm_role: Option<String>,
    /// Where the metadata service is, in place of the vendor's address.
    pub(crate) metadata_url: Option<String>,
    /// A URL, which may hold a password.
    pub(crate) proxy: Option<Secret>,
    #[serde(default, deserialize_with = "part_size")]
    pub(crate) part_size: Option<u64>,
    #[serde(default, deserialize_with = "connections")]
    pub(crate) parallel: Option<NonZeroUsize>,
    #[serde(default, deserialize_with = "connections")]
    pub(crate) connections: Option<NonZeroUsize>,
    /// The names of the profiles, where there are some and none was chosen.
    #[serde(skip)]
    pub(crate) unchosen: Vec<String>,
}

impl Profile {
    /// Reads the profile that `--profile`, `COS_PROFILE` or the file's `default_profile` names.
    ///
    /// Without a file at the default place, and without a profile asked for by name, the profile is
    /// empty.
    pub(crate) fn load(
        config: Option<&Path>,
        name: Option<&str>,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let name = match name {
            Some(name) => Some(name.to_owned()),
            None => environment.text(environment::PROFILE)?,
        };
        let named_file = config
            .map(Path::to_owned)
            .or_else(|| environment.path(environment::CONFIG));
        let path = match &named_file {
            Some(path) => Some(path.clone()),
            None => environment.default_config().filter(|path| path.exists()),
        };
        match (path, name) {
            (Some(path), name) => read(&path)?.profile(name, &path),
            (None, Some(name)) => Err(Error::usage(format!(
                "profile {name:?} is asked for, but there is no configuration file"
            ))
            .with_hint("name the file with --config or COS_CONFIG")),
            (None, None) => Ok(Self::default()),
        }
    }

    /// All profiles of the text of a file.
    pub(crate) fn all(text: &str) -> Result<impl Iterator<Item = Self>, Error> {
        let config = parse(text, Path::new("config.toml"))?;
        Ok(config.profile.into_values())
    }
}

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    default_profile: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

impl Config {
    fn profile(mut self, name: Option<String>, path: &Path) -> Result<Profile, Error> {
        let Some(name) = name.or(self.default_profile) else {
            return Ok(Profile {
                unchosen: self.profile.into_keys().collect(),
                ..Profile::default()
            });
        };
        match self.profile.remove(&name) {
            Some(profile) => Ok(profile),
            None => Err(Error::usage(format!(
                "{} has no profile {name:?}",
                shown(path)
            ))),
        }
    }

    fn holds_a_secret(&self) -> bool {
        self.profile.values().any(|profile| {
            let with_password = |proxy: &Secret| proxy.as_str().contains('@');
            profile.secret_key.is_some()
                || profile.token.is_some()
                || profile.proxy.as_ref().is_some_and(with_password)
        })
    }
}

/// As `--part-size`: `"20MiB"`, or a number of bytes.
fn part_size<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    option(value, args::part_size)
}

/// As `--parallel` and `--connections`.
fn connections<'de, D: Deserializer<'de>>(value: D) -> Result<Option<NonZeroUsize>, D::Error> {
    option(value, args::connections)
}

/// A value that has the rules of an option.
fn option<'de, D: Deserializer<'de>, T>(
    value: D,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, D::Error> {
    let text = match toml::Value::deserialize(value)? {
        toml::Value::String(text) => text,
        toml::Value::Integer(number) => number.to_string(),
        _ => return Err(D::Error::custom("expected a number or a text")),
    };
    parse(&text).map(Some).map_err(D::Error::custom)
}

fn read(path: &Path) -> Result<Config, Error> {
    let cannot = |error: std::io::Error| {
        Error::usage(format!("cannot read {}: {}", shown(path), chain(&error)))
    };
    let file = File::open(path).map_err(cannot)?;
    let mut text = Zeroizing::new(String::new());
    (&file)
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    if u64::try_from(text.len()).is_ok_and(|len| len > MAX_FILE) {
        return Err(Error::usage(format!(
            "{} is larger than 1 MiB",
            shown(path)
        )));
    }
    let config = parse(&text, path)?;
    if config.holds_a_secret() {
        check_mode(&file, path)?;
    }
    Ok(config)
}

fn parse(text: &str, path: &Path) -> Result<Config, Error> {
    // The error's own Display quotes the line, which may be the one with the key.
    toml::from_str(text).map_err(|error| {
        Error::usage(format!(
            "{}{}: {}",
            shown(path),
            line_of(text, &error),
            without_value(error.message())
        ))
    })
}

/// A message about a value of the wrong type, without the value, which serde quotes: below a
/// `[profile]` that has no name, it is the secret where a profile was expected.
fn without_value(message: &str) -> String {
    let wrong = ["invalid type: ", "invalid value: "];
    if let Some(wrong) = wrong.iter().find(|wrong| message.starts_with(**wrong))
        && let Some((_, expected)) = message.rsplit_once(", expected ")
    {
        return format!("{wrong}expected {expected}");
    }
    message.to_owned()
}

/// Refuses a file with secrets that others may read. Looks at the open file, not at the name again.
#[cfg(unix)]
fn check_mode(file: &File, path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt;
    let mode = file
        .metadata()
        .map_err(|error| Error::usage(format!("cannot read {}: {}", shown(path), chain(&error))))?
        .mode();
    if mode & OTHERS == 0 {
        return Ok(());
    }
    Err(Error::usage(format!(
        "{} holds a secret, and others may open it (mode {:04o})",
        shown(path),
        mode & 0o7777
    ))
    .with_hint(format!("chmod 600 {}", shown(path))))
}

/// Elsewhere, access lists decide who may read; they are not looked at.
#[cfg(not(unix))]
fn check_mode(_file: &File, _path: &Path) -> Result<(), Error> {
    Ok(())
}

fn line_of(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    before
        .map(|before| format!(":{}", before.matches('\n').count() + 1))
        .unwrap_or_default()
}

fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy()).to_string()
}

/// Far more than profiles need, and little to hold: whatever `--config` names by mistake is not
/// read whole.
const MAX_FILE: u64 = 1024 * 1024;

/// The permission bits of group and others.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

#[cfg(test)]
mod tests;
