//! Proxies: where they are, and which requests go through one.

use std::fmt;

use base64ct::{Base64, Encoding as _};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

mod no_proxy;
mod rules;

pub use rules::Proxies;

/// An HTTP proxy, reached over plain TCP or over TLS.
///
/// `https` requests go through it in a tunnel that it opens on `CONNECT`: it learns the host and
/// nothing else, and the certificate that counts is that of the service. `http` requests it gets in
/// clear text, with the whole URI. Where the proxy itself is `https`, its certificate has to be good
/// for its own name.
///
/// The credentials are in no `Debug` and in no `Display`, which give scheme, host and port.
#[derive(Clone)]
pub struct Proxy {
    /// Scheme and authority, the latter without credentials.
    uri: Uri,
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy at `url`: `http://host:port` or `https://host:port`, with `user:password@` before
    /// the host where it asks for credentials. Characters that would end them (`@`, `:`, `/`, `?`,
    /// `#`) have to be percent-encoded there. Without a scheme it is `http`; without a port, 80 or
    /// 443.
    ///
    /// # Errors
    ///
    /// [`InvalidProxy`], for anything else; SOCKS proxies in particular. It does not repeat the URL.
    pub fn new(url: &str) -> Result<Self, InvalidProxy> {
        // `http::Uri` drops a fragment, and a password may have a `#`.
        if url.contains('#') {
            return Err(InvalidProxy::Url);
        }
        let with_scheme = if url.contains("://") {
            Zeroizing::new(url.to_owned())
        } else {
            Zeroizing::new(format!("http://{url}"))
        };
        let uri: Uri = with_scheme.parse().map_err(|_| InvalidProxy::Url)?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::HTTP,
            Some("https") => Scheme::HTTPS,
            _ => return Err(InvalidProxy::Scheme),
        };
        let authority = uri.authority().ok_or(InvalidProxy::Url)?.as_str();
        let (credentials, place) = match authority.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, authority),
        };
        // Whatever stands behind the host was meant otherwise, as the rest of a password perhaps.
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || !is_place(place) {
            return Err(InvalidProxy::Url);
        }
        let proxy = Self {
            uri: root(scheme, place)?,
            authorization: None,
        };
        let Some(credentials) = credentials else {
            return Ok(proxy);
        };
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        let decoded = |text| Zeroizing::new(percent_decode_str(text).collect::<Vec<u8>>());
        proxy.authorized(&decoded(user), &decoded(password))
    }

    /// The same proxy, used with these credentials (`Basic`, RFC 7617). They are sent to the proxy
    /// alone.
    ///
    /// # Errors
    ///
    /// [`InvalidProxy::Credentials`], for a colon in the user's name and for control characters.
    pub fn with_credentials(self, user: &str, password: &str) -> Result<Self, InvalidProxy> {
        self.authorized(user.as_bytes(), password.as_bytes())
    }

    fn authorized(mut self, user: &[u8], password: &[u8]) -> Result<Self, InvalidProxy> {
        let control = |bytes: &[u8]| bytes.iter().any(u8::is_ascii_control);
        if user.contains(&b':') || control(user) || control(password) {
            return Err(InvalidProxy::Credentials);
        }
        let pair = Zeroizing::new([user, b":", password].concat());
        let encoded = Zeroizing::new(Base64::encode_string(&pair));
        let text = Zeroizing::new(format!("Basic {}", *encoded));
        let mut value = HeaderValue::from_str(&text).map_err(|_| InvalidProxy::Credentials)?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    /// Scheme and authority, without credentials.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// The value of `Proxy-Authorization`, marked as sensitive.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

/// Scheme, host and port.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or("http");
        let authority = self
            .uri
            .authority()
            .map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{authority}")
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &format_args!("{self}"))
            .field("has_credentials", &self.authorization.is_some())
            .finish()
    }
}

/// Why something is no proxy. It repeats nothing of what was given, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidProxy {
    /// It is no URL of a proxy.
    #[error("a proxy is written as http://host:port, with user:password@ where it asks for them")]
    Url,
    /// It is another kind of proxy.
    #[error("only http:// and https:// proxies are supported")]
    Scheme,
    /// The user's name has a colon in it, or one of the two a control character.
    #[error("the proxy's credentials cannot be sent")]
    Credentials,
    /// A variable of the environment is none.
    #[error("the environment variable {variable} names no usable proxy")]
    Variable {
        /// The variable's name.
        variable: &'static str,
        /// Why its value is none.
        source: Box<Self>,
    },
}

/// `host` or `host:port`.
fn is_place(text: &str) -> bool {
    let Ok(authority) = text.parse::<http::uri::Authority>() else {
        return false;
    };
    let port = text.strip_prefix(authority.host()).unwrap_or_default();
    !authority.host().is_empty() && (port.is_empty() || authority.port_u16().is_some())
}

fn root(scheme: Scheme, place: &str) -> Result<Uri, InvalidProxy> {
    Uri::builder()
        .scheme(scheme)
        .authority(place)
        .path_and_query(PathAndQuery::from_static("/"))
        .build()
        .map_err(|_| InvalidProxy::Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7617.
    const ALADDIN: &str = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

    #[test]
    fn scheme_and_port_may_be_left_out() {
        for (url, shown) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://proxy.example:3128/", "http://proxy.example:3128"),
            ("https://proxy.example", "https://proxy.example"),
            ("proxy.example:3128", "http://proxy.example:3128"),
            ("proxy.example", "http://proxy.example"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("u:p@127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(Proxy::new(url).unwrap().to_string(), shown, "{url}");
        }
    }

    #[test]
    fn credentials_are_those_of_the_rfcs_example() {
        let in_the_url = Proxy::new("http://Aladdin:open%20sesame@proxy.example").unwrap();
        assert_eq!(in_the_url.authorization().unwrap(), ALADDIN);
        let beside = Proxy::new("proxy.example")
            .unwrap()
            .with_credentials("Aladdin", "open sesame")
            .unwrap();
        assert_eq!(beside.authorization().unwrap(), ALADDIN);
        assert!(beside.authorization().unwrap().is_sensitive());
    }

    #[test]
    fn a_user_without_a_password_and_a_password_with_everything() {
        let encoded = |url| {
            let value = Proxy::new(url).unwrap().authorization().unwrap().clone();
            let base64 = value
                .to_str()
                .unwrap()
                .strip_prefix("Basic ")
                .unwrap()
                .to_owned();
            String::from_utf8(Base64::decode_vec(&base64).unwrap()).unwrap()
        };
        assert_eq!(encoded("http://user@h"), "user:");
        assert_eq!(
            encoded("http://user:a%40b%2Fc%3Ad%23:e@h"),
            "user:a@b/c:d#:e"
        );
        assert_eq!(encoded("http://%C3%BC:%C3%B6@h"), "ü:ö");
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_repeating_it() {
        for (url, error) in [
            ("", InvalidProxy::Url),
            ("http://", InvalidProxy::Url),
            ("http://h:canary", InvalidProxy::Url),
            ("http://h:99999", InvalidProxy::Url),
            ("http://h:", InvalidProxy::Url),
            ("http://h/canary", InvalidProxy::Url),
            ("http://h?canary", InvalidProxy::Url),
            // Passwords that were not encoded.
            ("http://user:12#canary@h:80", InvalidProxy::Url),
            ("http://user:12/canary@h:80", InvalidProxy::Url),
            ("http://user:12?canary@h:80", InvalidProxy::Url),
            ("http://user:can ary@h:80", InvalidProxy::Url),
            ("socks5://user:canary@h:1080", InvalidProxy::Scheme),
            ("http://us%3Aer:canary@h", InvalidProxy::Credentials),
            ("http://user:canary%0d%0a@h", InvalidProxy::Credentials),
        ] {
            let refused = Proxy::new(url).unwrap_err();
            assert_eq!(refused, error, "{url}");
            assert!(
                !format!("{refused} {refused:?}").contains("canary"),
                "{url}"
            );
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let proxy = Proxy::new("http://user:canary@proxy.example:3128").unwrap();
        assert_eq!(proxy.to_string(), "http://proxy.example:3128");
        assert_eq!(
            format!("{proxy:?}"),
            "Proxy { url: http://proxy.example:3128, has_credentials: true }"
        );
        assert_eq!(proxy.uri().to_string(), "http://proxy.example:3128/");
    }
}
