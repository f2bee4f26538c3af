//! What proxies say of the request that they pass on: who sent it, and how. It counts if the operator trusts the proxy; from anybody
//! else it is taken off the request, so that nobody behind this file reads it.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, Uri, header, uri::Authority};
use ipnet::IpNet;

use crate::app::App;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Who sent a request that came from `peer`: read from the right, the first address that is not of a trusted proxy. Headers of a peer
/// that is none are removed.
pub(super) fn caller(headers: &mut HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| {
        let address = address.to_canonical();
        trusted.iter().any(|network| network.contains(&address))
    };
    if !is_trusted(peer) {
        for name in [FOR, PROTO, HOST, header::FORWARDED] {
            headers.remove(name);
        }
        return peer;
    }
    let mut caller = peer;
    for hop in hops_from_right(headers) {
        if !is_trusted(caller) {
            break;
        }
        // What cannot be read was written by the hop to its right, or by whoever it passed on.
        let Some(address) = hop else { break };
        caller = address;
    }
    caller.to_canonical()
}

/// The configured address, else the one by which the caller reached us.
pub(super) fn address_as_reached(app: &App, uri: &Uri, headers: &HeaderMap) -> String {
    app.config.server.public_url.clone().unwrap_or_else(|| as_reached(uri, headers))
}

/// The address by which the caller reached us, or the proxy before us.
fn as_reached(uri: &Uri, headers: &HeaderMap) -> String {
    let scheme = reached(headers).0.or(uri.scheme_str()).unwrap_or("http");
    format!("{scheme}://{}", host(uri, headers).as_deref().unwrap_or("localhost"))
}

/// The scheme and the host by which the caller reached the proxy, where it says so.
pub(super) fn reached(headers: &HeaderMap) -> (Option<&'static str>, Option<Authority>) {
    let last = |name: HeaderName| {
        let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        value.rsplit(',').next().map(str::trim)
    };
    let forwarded = last(header::FORWARDED);
    let said = |name: HeaderName, parameter: &str| {
        last(name).or_else(|| forwarded.and_then(|element| self::parameter(element, parameter)))
    };
    let scheme = match said(PROTO, "proto") {
        Some(word) if word.eq_ignore_ascii_case("https") => Some("https"),
        Some(word) if word.eq_ignore_ascii_case("http") => Some("http"),
        _ => None,
    };
    (scheme, said(HOST, "host").and_then(|host| host.parse().ok()))
}

/// The host by which the caller reached us, or the proxy before us, perhaps with a port. HTTP/2 has it in the URI, HTTP/1.1 in `Host`.
pub(super) fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let proxy = reached(headers).1;
    let authority = proxy.as_ref().or(uri.authority()).map(Authority::as_str);
    authority.or_else(|| headers.get(header::HOST)?.to_str().ok()).map(str::to_owned)
}

/// The addresses that the hops wrote down, the nearest first. `X-Forwarded-For` wins over `Forwarded` (RFC 7239).
fn hops_from_right(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> + '_ {
    let is_plain = headers.contains_key(FOR);
    let name = if is_plain { FOR } else { header::FORWARDED };
    let lines = headers.get_all(name).into_iter().rev();
    lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(',')).map(move |element| {
        let node = if is_plain { Some(element) } else { parameter(element, "for") };
        node.and_then(|node| address(node.trim()))
    })
}

/// The parameter of an element of `Forwarded`, without quotes.
fn parameter<'a>(element: &'a str, wanted: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"'))
    })
}

/// An address, perhaps with a port, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        headers
    }

    fn called(peer: &str, lines: &[(HeaderName, &str)]) -> String {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"]
            .into_iter()
            .map(|network| network.parse().expect("a network"))
            .collect();
        caller(&mut headers(lines), peer.parse().expect("an address"), &trusted).to_string()
    }

    #[test]
    fn the_first_from_the_right_that_is_not_trusted_is_the_caller() {
        for (line, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, 10.1.1.1", "203.0.113.9"),
            ("1.2.3.4, 203.0.113.9,10.1.1.1 , 10.2.2.2", "203.0.113.9"),
            ("127.0.0.1, 203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::1, [fd00::2]", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("10.3.3.3", "10.3.3.3"),
            ("203.0.113.9, unknown", "10.0.0.1"),
            ("203.0.113.9, nonsense, 10.5.5.5", "10.5.5.5"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(called("10.0.0.1", &[(FOR, line)]), expected, "{line}");
        }
        assert_eq!(called("10.0.0.1", &[(FOR, "1.2.3.4"), (FOR, "203.0.113.9, 10.1.1.1")]), "203.0.113.9");
        assert_eq!(called("::ffff:10.0.0.1", &[(FOR, "203.0.113.9")]), "203.0.113.9");
        let forwarded = "for=1.2.3.4, For=\"[2001:db8::7]:99\";proto=https;host=x, for=10.1.1.1;by=_hidden";
        assert_eq!(called("10.0.0.1", &[(header::FORWARDED, forwarded)]), "2001:db8::7");
        assert_eq!(
            called("10.0.0.1", &[(header::FORWARDED, forwarded), (FOR, "203.0.113.9")]),
            "203.0.113.9"
        );
    }

    #[test]
    fn what_strangers_say_is_not_heard() {
        let all =
            [(FOR, "1.2.3.4"), (PROTO, "https"), (HOST, "evil.example"), (header::FORWARDED, "for=1.2.3.4")];
        assert_eq!(called("203.0.113.9", &all), "203.0.113.9");
        let mut headers = headers(&all);
        caller(&mut headers, "203.0.113.9".parse().expect("an address"), &[]);
        assert!(headers.is_empty());
        assert_eq!(reached(&headers), (None, None));
    }

    #[test]
    fn a_proxy_tells_how_it_was_reached() {
        let told = |lines: &[(HeaderName, &str)]| {
            let (scheme, host) = reached(&headers(lines));
            (scheme, host.map(|host| host.to_string()))
        };
        let host = |text: &str| Some(text.to_owned());
        assert_eq!(
            told(&[(PROTO, "HTTPS"), (HOST, "pin.example.org")]),
            (Some("https"), host("pin.example.org"))
        );
        assert_eq!(told(&[(PROTO, "gopher"), (HOST, "a b")]), (None, None));
        assert_eq!(
            told(&[(header::FORWARDED, "proto=http, proto=https;host=\"x:8443\"")]),
            (Some("https"), host("x:8443"))
        );
    }
}
