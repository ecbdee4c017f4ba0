//! The hosts that are reached without a proxy.
//!
//! As curl reads `NO_PROXY`. hyper-util's matcher reads it nearly so, but its `*` leaves IP
//! addresses out, and it passes over proxies that it cannot use in silence.

use std::net::IpAddr;

/// What a list of hosts says.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy {
    all: bool,
    names: Vec<String>,
    networks: Vec<Network>,
}

/// The addresses whose first `prefix` bits are those of `ip`; a single address has them all.
#[derive(Clone, Copy, Debug)]
struct Network {
    ip: IpAddr,
    prefix: u32,
}

impl NoProxy {
    /// Reads a list that is separated by commas or blanks. What can never match is left out.
    pub(super) fn parse(list: &str) -> Self {
        let mut parsed = Self::default();
        for entry in list.split([',', ' ', '\t', '\r', '\n']) {
            let entry = entry.trim_matches('.');
            if entry == "*" {
                parsed.all = true;
            } else if let Some(network) = Network::parse(entry) {
                parsed.networks.push(network);
            } else if !entry.is_empty() {
                parsed.names.push(entry.to_owned());
            }
        }
        parsed
    }

    /// Whether `host`, a name or an address, stands in the list.
    pub(super) fn contains(&self, host: &str) -> bool {
        if self.all {
            return true;
        }
        match address(host) {
            Some(ip) => self.networks.iter().any(|network| network.contains(ip)),
            None => self.names.iter().any(|name| is_below(host, name)),
        }
    }
}

impl Network {
    fn parse(entry: &str) -> Option<Self> {
        let Some((ip, prefix)) = entry.split_once('/') else {
            let ip = address(entry)?;
            return Some(Self {
                ip,
                prefix: width(ip),
            });
        };
        let ip = address(ip)?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= width(ip))?;
        Some(Self { ip, prefix })
    }

    fn contains(&self, ip: IpAddr) -> bool {
        let differing = match (self.ip, ip) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => u128::from(ours.to_bits() ^ other.to_bits()),
            (IpAddr::V6(ours), IpAddr::V6(other)) => ours.to_bits() ^ other.to_bits(),
            _ => return false,
        };
        // A shift by the whole width leaves nothing to compare.
        let rest = width(ip).saturating_sub(self.prefix);
        differing.checked_shr(rest).unwrap_or(0) == 0
    }
}

/// How many bits an address has.
fn width(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(_) => u32::BITS,
        IpAddr::V6(_) => u128::BITS,
    }
}

/// The address that `host` is, with or without the brackets of an IPv6 address in a URI.
pub(super) fn address(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

/// Whether `host` is `name` or a name below it.
pub(super) fn is_below(host: &str, name: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let Some(at) = host.len().checked_sub(name.len()) else {
        return false;
    };
    let (Some(before), Some(end)) = (host.get(..at), host.get(at..)) else {
        return false;
    };
    end.eq_ignore_ascii_case(name) && (before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_curls() {
        for (list, host, contained) in [
            ("", "cos.example", false),
            ("*", "cos.example", true),
            ("*", "10.0.0.1", true),
            ("other, *", "cos.example", true),
            ("cos.example", "cos.example", true),
            ("cos.example", "COS.Example", true),
            ("cos.example", "cos.example.", true),
            ("cos.example.", "cos.example", true),
            ("cos.example", "bucket.cos.example", true),
            (".cos.example", "bucket.cos.example", true),
            (".cos.example", "cos.example", true),
            ("cos.example", "notcos.example", false),
            ("bucket.cos.example", "cos.example", false),
            ("*.cos.example", "bucket.cos.example", false),
            ("other,cos.example", "cos.example", true),
            (" other , cos.example ", "cos.example", true),
            ("other cos.example", "cos.example", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.10", false),
            ("0.0.1", "10.0.0.1", false),
            ("10.0.0.0/8", "10.200.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "11.0.0.1", true),
            ("192.168.1.64/26", "192.168.1.127", true),
            ("192.168.1.64/26", "192.168.1.128", false),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("10.0.0.0/8", "10.example", false),
            ("::1", "[::1]", true),
            ("[::1]", "[::1]", true),
            ("fe80::/10", "[fe80::1]", true),
            ("fe80::/10", "[ff00::1]", false),
            ("::/0", "[ff00::1]", true),
            ("::/0", "10.0.0.1", false),
            ("ü", "日本", false),
        ] {
            assert_eq!(
                NoProxy::parse(list).contains(host),
                contained,
                "{list:?} and {host}"
            );
        }
    }
}
