//! Which bucket and key a request addresses.

use std::{collections::HashMap, net::IpAddr};

use http::{Uri, uri::Authority};

use crate::encoding::decode_path;

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// `None`: the service.
    pub(crate) bucket: Option<String>,
    /// Empty: the bucket itself.
    pub(crate) key: String,
}

/// Hosts that stand for a bucket.
pub(crate) type Domains = HashMap<String, String>;

/// The host of a request: that of an absolute target, else the `Host` header; with its port.
pub(crate) fn host(uri: &Uri, header: Option<&str>) -> String {
    uri.authority()
        .map(Authority::as_str)
        .or(header)
        .unwrap_or_default()
        .to_owned()
}

/// Finds bucket and key. `None` if the path cannot be decoded.
///
/// `is_bucket` tells whether a name is that of a bucket here.
pub(crate) fn target(
    host: &str,
    path: &str,
    domains: &Domains,
    is_bucket: impl FnOnce(&str) -> bool,
) -> Option<Target> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if let Some(bucket) = bucket_of_host(host, domains, is_bucket) {
        return Some(Target {
            bucket: Some(bucket),
            key: decode_path(path)?,
        });
    }
    // Cut before decoding: a `/` that is encoded belongs to its component.
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let bucket = decode_path(bucket)?;
    Some(Target {
        bucket: Some(bucket).filter(|bucket| !bucket.is_empty()),
        key: decode_path(key)?,
    })
}

fn bucket_of_host(
    host: &str,
    domains: &Domains,
    is_bucket: impl FnOnce(&str) -> bool,
) -> Option<String> {
    let name = without_port(host).to_ascii_lowercase();
    if let Some(bucket) = domains.get(&name) {
        return Some(bucket.clone());
    }
    if name.starts_with('[') || name.parse::<IpAddr>().is_ok() {
        return None;
    }
    let (label, _) = name.split_once('.')?;
    (is_bucket_name(label) || is_bucket(label)).then(|| label.to_owned())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a label has the shape of a bucket's name: `<name>-<APPID>`.
fn is_bucket_name(label: &str) -> bool {
    label.rsplit_once('-').is_some_and(|(name, appid)| {
        !name.is_empty() && !appid.is_empty() && appid.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, path: &str) -> Option<(String, String)> {
        let domains = Domains::from([("cdn.example.com".to_owned(), "b-1".to_owned())]);
        let target = target(host, path, &domains, |name| name == "photos")?;
        Some((target.bucket.unwrap_or_default(), target.key))
    }

    fn is(bucket: &str, key: &str) -> Option<(String, String)> {
        Some((bucket.to_owned(), key.to_owned()))
    }

    #[test]
    fn the_bucket_is_the_first_label_whatever_follows() {
        assert_eq!(at("b-1.cos.ap-beijing.myqcloud.com", "/a"), is("b-1", "a"));
        assert_eq!(at("b-1.localhost:9000", "/"), is("b-1", ""));
        assert_eq!(at("B-1.example", "/a"), is("b-1", "a"));
        assert_eq!(at("photos.localhost", "/a"), is("photos", "a"));
        assert_eq!(at("cdn.example.com:80", "/a"), is("b-1", "a"));
    }

    #[test]
    fn else_it_is_the_first_component() {
        for host in [
            "127.0.0.1:9000",
            "localhost:9000",
            "localhost",
            "[::1]:9000",
            "service.cos.myqcloud.com",
            "cos.ap-beijing.myqcloud.com",
            "",
            "b-1",
        ] {
            assert_eq!(at(host, "/b-1/a/b"), is("b-1", "a/b"), "{host}");
            assert_eq!(at(host, "/b-1"), is("b-1", ""), "{host}");
            assert_eq!(at(host, "/b-1/"), is("b-1", ""), "{host}");
            assert_eq!(at(host, "/"), is("", ""), "{host}");
        }
    }

    #[test]
    fn keys_are_decoded_once_and_not_normalised() {
        let host = "b-1.localhost";
        assert_eq!(at(host, "//x"), is("b-1", "/x"));
        assert_eq!(at(host, "/a//b"), is("b-1", "a//b"));
        assert_eq!(at(host, "/x/./y/../z"), is("b-1", "x/./y/../z"));
        assert_eq!(at(host, "/a%2Fb%252F+"), is("b-1", "a/b%2F+"));
        assert_eq!(at("localhost", "/b-1//x"), is("b-1", "/x"));
        assert_eq!(at("localhost", "/b-1/%2Fx"), is("b-1", "/x"));
        assert_eq!(at(host, "/%zz"), None);
        assert_eq!(at(host, "/%ff"), None);
    }
}
