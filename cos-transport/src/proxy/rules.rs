//! Which requests go through which proxy.

use std::env;
use std::ffi::OsString;

use http::Uri;
use http::uri::Scheme;

use super::no_proxy::{NoProxy, address, is_below};
use super::{InvalidProxy, Proxy};

/// Which requests go through which proxy; none, by default.
///
/// ```
/// use cos_transport::{Proxies, Proxy};
///
/// let proxies = Proxies::all(Proxy::new("http://proxy.example:3128")?)
///     .no_proxy("internal.example, 10.0.0.0/8");
/// let through = |uri: &str| proxies.proxy_for(&uri.parse().unwrap()).map(ToString::to_string);
/// assert_eq!(through("https://cos.example/a").as_deref(), Some("http://proxy.example:3128"));
/// assert_eq!(through("https://cos.internal.example/a"), None);
/// # Ok::<(), cos_transport::InvalidProxy>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    no_proxy: NoProxy,
    /// Whether a server of this machine is reached directly.
    spares_loopback: bool,
}

impl Proxies {
    /// All requests go directly.
    pub fn none() -> Self {
        Self::default()
    }

    /// All requests go through `proxy`.
    pub fn all(proxy: Proxy) -> Self {
        Self::none().http(proxy.clone()).https(proxy)
    }

    /// `http` requests go through `proxy`.
    #[must_use]
    pub fn http(mut self, proxy: Proxy) -> Self {
        self.http = Some(proxy);
        self
    }

    /// `https` requests go through `proxy`.
    #[must_use]
    pub fn https(mut self, proxy: Proxy) -> Self {
        self.https = Some(proxy);
        self
    }

    /// Hosts that are reached directly, in place of those of an earlier call: a list separated by
    /// commas or blanks, as `NO_PROXY` has it.
    ///
    /// A name stands for itself and for all names below it, with or without a dot before it; an
    /// address for itself; `10.0.0.0/8` or `fe80::/10` for the addresses of that network; `*` for
    /// everything. Ports cannot be given. It is the request's host that is looked at, also where
    /// another place is dialled; names are not looked up.
    #[must_use]
    pub fn no_proxy(mut self, list: &str) -> Self {
        self.no_proxy = NoProxy::parse(list);
        self
    }

    /// What the environment says: `HTTPS_PROXY` and `HTTP_PROXY`, `ALL_PROXY` in place of one that
    /// is not set, and `NO_PROXY`; each also in lower case, which goes first, as in curl. An empty
    /// variable counts as not set.
    ///
    /// `HTTP_PROXY` in upper case is not read where `REQUEST_METHOD` is set, as it is for a CGI
    /// program: there it may come from a header of somebody's request. A server of this machine
    /// (`localhost` and the names below it, a loopback address) is always reached directly.
    ///
    /// # Errors
    ///
    /// [`InvalidProxy::Variable`], where a variable names a proxy that cannot be used: requests do
    /// not go around a proxy that somebody relies on.
    pub fn from_env() -> Result<Self, InvalidProxy> {
        Self::from_variables(env::var_os)
    }

    /// As [`from_env`](Self::from_env), with the variables that `value_of` gives.
    ///
    /// # Errors
    ///
    /// As those of `from_env`.
    pub fn from_variables(
        mut value_of: impl FnMut(&'static str) -> Option<OsString>,
    ) -> Result<Self, InvalidProxy> {
        let cgi = value_of("REQUEST_METHOD").is_some();
        let mut first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = value_of(name).filter(|value| !value.is_empty())?;
                Some((*name, value))
            })
        };
        let all = first(&["all_proxy", "ALL_PROXY"]);
        let https = first(&["https_proxy", "HTTPS_PROXY"]).or_else(|| all.clone());
        let http = match cgi {
            false => first(&["http_proxy", "HTTP_PROXY"]),
            true => first(&["http_proxy"]),
        };
        let no_proxy = first(&["no_proxy", "NO_PROXY"]);
        let no_proxy = no_proxy.map(|(_, list)| list.to_string_lossy().into_owned());
        Ok(Self {
            http: http.or(all).map(named).transpose()?,
            https: https.map(named).transpose()?,
            no_proxy: NoProxy::parse(&no_proxy.unwrap_or_default()),
            spares_loopback: true,
        })
    }

    /// The proxy that a request to `uri` goes through.
    pub fn proxy_for(&self, uri: &Uri) -> Option<&Proxy> {
        self.proxy_of(uri, uri.host()?)
    }

    /// Whether all requests go directly.
    pub fn is_none(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// Whether `host` is this machine: `localhost`, a name below it, or a loopback address.
    pub fn is_loopback(host: &str) -> bool {
        match address(host) {
            Some(ip) => ip.is_loopback(),
            None => is_below(host, "localhost"),
        }
    }

    /// The proxy of a request to `uri` for which the host `dialled` is connected to.
    pub(crate) fn proxy_of(&self, uri: &Uri, dialled: &str) -> Option<&Proxy> {
        let proxy = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => self.http.as_ref(),
            Some(scheme) if *scheme == Scheme::HTTPS => self.https.as_ref(),
            _ => None,
        }?;
        let spared = self.spares_loopback && Self::is_loopback(dialled);
        (!spared && !self.no_proxy.contains(uri.host()?)).then_some(proxy)
    }

    /// Whether a proxy is reached over TLS.
    pub(crate) fn need_tls(&self) -> bool {
        [&self.http, &self.https]
            .into_iter()
            .flatten()
            .any(Proxy::is_https)
    }
}

/// All requests go through it.
impl From<Proxy> for Proxies {
    fn from(proxy: Proxy) -> Self {
        Self::all(proxy)
    }
}

fn named((variable, value): (&'static str, OsString)) -> Result<Proxy, InvalidProxy> {
    let proxy = value.to_str().ok_or(InvalidProxy::Url).and_then(Proxy::new);
    proxy.map_err(|source| InvalidProxy::Variable {
        variable,
        source: Box::new(source),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<Proxies, InvalidProxy> {
        Proxies::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    fn through(proxies: &Proxies, uri: &str) -> Option<String> {
        let uri = uri.parse().unwrap();
        proxies.proxy_for(&uri).map(ToString::to_string)
    }

    #[track_caller]
    fn check(variables: &[(&str, &str)], uri: &str, proxy: Option<&str>) {
        let proxies = of(variables).unwrap();
        assert_eq!(
            through(&proxies, uri).as_deref(),
            proxy,
            "{variables:?} {uri}"
        );
    }

    #[test]
    fn each_scheme_has_its_variable() {
        let both = [("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://b:2")];
        check(&both, "http://cos.example/", Some("http://a:1"));
        check(&both, "https://cos.example/", Some("http://b:2"));
        check(&both, "ftp://cos.example/", None);
        check(&[], "https://cos.example/", None);
        let all = [("ALL_PROXY", "http://c:3"), ("https_proxy", "http://b:2")];
        check(&all, "http://cos.example/", Some("http://c:3"));
        check(&all, "https://cos.example/", Some("http://b:2"));
    }

    #[test]
    fn lower_case_goes_first_and_empty_is_not_set() {
        let both = [("https_proxy", "http://a:1"), ("HTTPS_PROXY", "http://b:2")];
        check(&both, "https://cos.example/", Some("http://a:1"));
        let empty = [("https_proxy", ""), ("HTTPS_PROXY", "http://b:2")];
        check(&empty, "https://cos.example/", Some("http://b:2"));
        check(&[("HTTPS_PROXY", "")], "https://cos.example/", None);
    }

    #[test]
    fn a_header_of_a_cgi_request_is_no_proxy() {
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil:1")];
        check(&cgi, "http://cos.example/", None);
        let own = [("REQUEST_METHOD", "GET"), ("http_proxy", "http://a:1")];
        check(&own, "http://cos.example/", Some("http://a:1"));
    }

    #[test]
    fn hosts_and_this_machine_are_spared() {
        let list = [
            ("HTTPS_PROXY", "http://a:1"),
            ("NO_PROXY", "internal.example"),
        ];
        check(&list, "https://b.internal.example/", None);
        check(&list, "https://cos.example/", Some("http://a:1"));
        for local in [
            "127.0.0.1:9",
            "127.8.9.1",
            "[::1]:9",
            "localhost",
            "b.localhost:9",
        ] {
            check(&list, &format!("https://{local}/"), None);
        }
        check(&list, "https://notlocalhost/", Some("http://a:1"));
        // A proxy that was named for this client is used for every place.
        let named = Proxies::all(Proxy::new("http://a:1").unwrap());
        assert!(through(&named, "http://127.0.0.1:9/").is_some());
    }

    #[test]
    fn what_is_dialled_counts_for_this_machine_and_the_request_for_the_list() {
        let proxies = of(&[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", "10.0.0.1")]).unwrap();
        let uri = Uri::from_static("https://cos.example/");
        assert!(proxies.proxy_of(&uri, "127.0.0.1").is_none());
        assert!(proxies.proxy_of(&uri, "10.0.0.1").is_some());
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_not_passed_over() {
        for value in ["socks5://user:canary@h:1080", "http://user:canary@h:port"] {
            let error = of(&[("HTTPS_PROXY", value)]).unwrap_err();
            assert!(matches!(
                error,
                InvalidProxy::Variable {
                    variable: "HTTPS_PROXY",
                    ..
                }
            ));
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }
}
