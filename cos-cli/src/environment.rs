//! The environment variables that the command reads, taken once at the start.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::error::Error;

/// A snapshot of the variables that matter. An empty variable counts as not set.
///
/// A value instead of calls to `std::env` all over: what is resolved from it is a pure function,
/// and the process-wide environment is read in one place.
#[derive(Default)]
pub(crate) struct Environment {
    values: BTreeMap<&'static str, OsString>,
}

impl Environment {
    /// Reads the process's environment.
    pub(crate) fn of_process() -> Self {
        Self {
            values: READ
                .iter()
                .filter_map(|name| Some((*name, env::var_os(name)?)))
                .collect(),
        }
    }

    /// The value of a variable as text.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Error> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match value.to_str() {
            Some(text) => Ok(Some(text.to_owned())),
            // The value itself is not shown: it may be a secret.
            None => Err(Error::usage(format!(
                "the environment variable {name} is not UTF-8"
            ))),
        }
    }

    /// The value of a variable that holds a secret.
    pub(crate) fn secret(&self, name: &'static str) -> Result<Option<Zeroizing<String>>, Error> {
        Ok(self.text(name)?.map(Zeroizing::new))
    }

    /// The value of a variable that says something about proxies.
    pub(crate) fn proxy_variable(&self, name: &'static str) -> Option<OsString> {
        self.value(name).cloned()
    }

    /// The value of a variable as a path.
    pub(crate) fn path(&self, name: &'static str) -> Option<PathBuf> {
        self.value(name).map(PathBuf::from)
    }

    /// Where the configuration file stands unless something else was said.
    ///
    /// `$XDG_CONFIG_HOME/cos/config.toml`, with `~/.config` in its place where the variable is not
    /// set or relative, as the XDG base directory specification wants it.
    pub(crate) fn default_config(&self) -> Option<PathBuf> {
        let xdg = self.path(XDG_CONFIG_HOME).filter(|path| path.is_absolute());
        let base = xdg.or_else(|| Some(self.path(HOME)?.join(".config")))?;
        Some(base.join("cos").join("config.toml"))
    }

    fn value(&self, name: &'static str) -> Option<&OsString> {
        self.values.get(name).filter(|value| !value.is_empty())
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&'static str, &str)]) -> Self {
        Self {
            values: pairs
                .iter()
                .map(|(name, value)| (*name, OsString::from(value)))
                .collect(),
        }
    }
}

/// Names only: several of the values are secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

pub(crate) const SECRET_ID: &str = "COS_SECRET_ID";
pub(crate) const SECRET_KEY: &str = "COS_SECRET_KEY";
pub(crate) const TOKEN: &str = "COS_TOKEN";
pub(crate) const REGION: &str = "COS_REGION";
pub(crate) const ENDPOINT: &str = "COS_ENDPOINT";
pub(crate) const PROFILE: &str = "COS_PROFILE";
pub(crate) const CONFIG: &str = "COS_CONFIG";
pub(crate) const RUST_LOG: &str = "RUST_LOG";
const XDG_CONFIG_HOME: &str = "XDG_CONFIG_HOME";
const HOME: &str = "HOME";

/// All that is ever read.
pub(crate) const READ: [&str; 19] = [
    SECRET_ID,
    SECRET_KEY,
    TOKEN,
    REGION,
    ENDPOINT,
    PROFILE,
    CONFIG,
    RUST_LOG,
    XDG_CONFIG_HOME,
    HOME,
    // As cos-transport reads them.
    "all_proxy",
    "ALL_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "no_proxy",
    "NO_PROXY",
    "REQUEST_METHOD",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_empty_variable_is_not_set() {
        let environment = Environment::of(&[(TOKEN, ""), (REGION, "ap-beijing")]);
        assert_eq!(environment.text(TOKEN).unwrap(), None);
        assert_eq!(
            environment.text(REGION).unwrap().as_deref(),
            Some("ap-beijing")
        );
    }

    #[test]
    fn the_configuration_file_stands_where_xdg_says() {
        let file = |pairs: &[_]| Environment::of(pairs).default_config();
        assert_eq!(
            file(&[(XDG_CONFIG_HOME, "/x"), (HOME, "/h")]).as_deref(),
            Some(Path::new("/x/cos/config.toml"))
        );
        assert_eq!(
            file(&[(HOME, "/h")]).as_deref(),
            Some(Path::new("/h/.config/cos/config.toml"))
        );
        assert_eq!(
            file(&[(XDG_CONFIG_HOME, "relative"), (HOME, "/h")]).as_deref(),
            Some(Path::new("/h/.config/cos/config.toml"))
        );
        assert_eq!(file(&[]), None);
    }

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::of(&[(SECRET_KEY, "canary-key")]);
        assert_eq!(format!("{environment:?}"), r#"{"COS_SECRET_KEY"}"#);
    }
}
