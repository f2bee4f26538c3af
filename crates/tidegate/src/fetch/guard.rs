//! Which addresses may be dialled: by default only those of the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A rule on addresses. It is asked for every address before it is dialled, whatever led there: a literal, a name, or a
/// redirect.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    anywhere: bool,
    networks: Vec<IpNet>,
    host: Option<String>,
}

impl Guard {
    /// Only the public internet.
    #[must_use]
    pub fn public() -> Self {
        Self::default()
    }

    /// Everywhere, also the machine itself and its neighbours.
    #[must_use]
    pub fn anywhere() -> Self {
        Self { anywhere: true, ..Self::default() }
    }

    /// Also this network.
    #[must_use]
    pub fn and_network(mut self, network: IpNet) -> Self {
        self.networks.push(network);
        self
    }

    /// Also wherever this host and the names below it live: for a service that the operator chose. A fetcher with this rule
    /// must get no URLs of strangers.
    #[must_use]
    pub fn and_host(mut self, host: &str) -> Self {
        self.host = Some(host.trim_end_matches('.').to_ascii_lowercase());
        self
    }

    /// Whether `address`, where `host` of a URL leads, may be dialled.
    #[must_use]
    pub fn allows(&self, host: &str, address: IpAddr) -> bool {
        self.anywhere
            || is_public(address)
            || self.networks.iter().any(|network| network.contains(&address))
            || self.host.as_deref().is_some_and(|trusted| is_below(host, trusted))
    }
}

/// Whether `host` is `parent` or a name below it.
fn is_below(host: &str, parent: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Addresses of IPv4 that are not for the public (IANA's special-purpose registry).
const SPECIAL_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// What IANA has given out of IPv6. All else is special: loopback, unique and link local, multicast, and the forms that hold
/// an IPv4 address (mapped, compatible, NAT64).
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// What is special even there: IETF's protocols (with Teredo and benchmarking), documentation, 6to4.
const SPECIAL_V6: [Ipv6Net; 4] =
    [v6(0x2001, 0, 0, 23), v6(0x2001, 0xdb8, 0, 32), v6(0x2002, 0, 0, 16), v6(0x3fff, 0, 0, 20)];

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address) && !SPECIAL_V6.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a00:1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:200::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn an_operator_can_widen_the_rule() {
        let local = "127.0.0.2".parse().unwrap();
        let other = "127.0.0.1".parse().unwrap();
        assert!(!Guard::public().allows("a.example", local));
        assert!(Guard::anywhere().allows("a.example", local));
        let network = Guard::public().and_network("127.0.0.2/32".parse().unwrap());
        assert!(network.allows("a.example", local) && !network.allows("a.example", other));
        let host = Guard::public().and_host("Gateway.example.");
        for (name, allowed) in [
            ("gateway.example", true),
            ("bafy.ipfs.GATEWAY.example.", true),
            ("notgateway.example", false),
            ("gateway.example.evil", false),
            ("example", false),
        ] {
            assert_eq!(host.allows(name, local), allowed, "{name}");
        }
    }
}
