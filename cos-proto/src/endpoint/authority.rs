//! Host and port as text.

use alloc::string::String;
use core::net::{IpAddr, Ipv6Addr};

/// A lawful `host` or `host:port` in lower case; `None` for anything else.
///
/// A host is an IP address, an IPv6 one in brackets, or a name of letters, digits, `-`, `_` and
/// single dots. A port has no leading zero: there is one way to write it, in the target, in `Host`
/// and in what is signed.
pub(super) fn checked(text: &str) -> Option<String> {
    let (host, port) = split(text);
    let lawful_port = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && !port.starts_with('0')
            && port.parse::<u16>().is_ok()
    });
    let lawful_host = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => is_name(host),
    };
    (lawful_port && lawful_host).then(|| text.to_ascii_lowercase())
}

/// The host of a checked authority.
pub(super) fn host(authority: &str) -> &str {
    split(authority).0
}

/// Whether a host is an IP address.
pub(super) fn is_ip(host: &str) -> bool {
    host.starts_with('[') || host.parse::<IpAddr>().is_ok()
}

/// Whether a host's name is one of COS's own: below its two domains, with a label `cos` or
/// `cos-internal`.
///
/// The two domains also hold hosts of the CDN, which answer in another way.
pub(super) fn is_cos(host: &str) -> bool {
    let labels = host
        .strip_suffix(".myqcloud.com")
        .or_else(|| host.strip_suffix(".tencentcos.cn"));
    labels.is_some_and(|labels| {
        labels
            .split('.')
            .any(|label| matches!(label, "cos" | "cos-internal"))
    })
}

fn is_name(host: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    host.len() <= MAX_HOST
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(lawful))
}

/// Host and port; the colons of an IPv6 address are no port's.
fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// The longest name of a host (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_told_apart() {
        for (text, name, ip) in [
            ("localhost", "localhost", false),
            ("a_b.Example.com:9000", "a_b.example.com", false),
            ("127.0.0.1:80", "127.0.0.1", true),
            ("[::1]", "[::1]", true),
            ("[2001:DB8::1]:65535", "[2001:db8::1]", true),
        ] {
            let authority = checked(text).unwrap();
            assert_eq!(
                (host(&authority), is_ip(host(&authority))),
                (name, ip),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "", ":80", "a:", "a:0", "a:080", "a:65536", "a:+80", "a..b", ".a", "a.", "::1", "[::1",
            "[a]", "[]", "a b", "ä", "a%20", "a@b", "a/b",
        ] {
            assert_eq!(checked(text), None, "{text:?}");
        }
        assert_eq!(checked(&"a".repeat(254)), None);
    }

    #[test]
    fn hosts_of_cos_are_known_by_name() {
        for host in [
            "cos.ap-beijing.myqcloud.com",
            "b-1.cos-internal.ap-beijing.tencentcos.cn",
            "service.cos.myqcloud.com",
        ] {
            assert!(is_cos(host), "{host}");
        }
        for host in [
            "cos.myqcloud.com.example.com",
            "b-1.file.myqcloud.com",
            "evilmyqcloud.com",
            "cos.evil-myqcloud.com",
            "myqcloud.com",
        ] {
            assert!(!is_cos(host), "{host}");
        }
    }
}
