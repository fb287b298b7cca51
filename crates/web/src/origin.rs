//! Where a request comes from, for limits: the peer, or whom a trusted proxy names.

use crate::Web;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// The part of the network that a limit counts together: one address of IPv4; of IPv6 the 64 bits that one customer has at least.
pub struct Origin(pub String);

impl FromRequestParts<Arc<Web>> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(match peer {
            Some(ConnectInfo(peer)) => name(address(peer.ip(), &parts.headers, &web.trusted_proxies)),
            None => "unknown".to_owned(),
        }))
    }
}

/// The right-most address of `X-Forwarded-For` that is no trusted proxy's: what stands left of it anybody can have written. The
/// header counts only from a trusted peer.
fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    for value in headers.get_all("x-forwarded-for").iter().rev() {
        for hop in value.to_str().unwrap_or_default().rsplit(',') {
            if !trusted.contains(&nearest) {
                return nearest;
            }
            let Some(hop) = read(hop.trim()) else {
                return nearest;
            };
            nearest = hop;
        }
    }
    nearest
}

/// An address, with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let address = text.parse().or_else(|_| text.parse().map(|a: SocketAddr| a.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

fn name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("{}/64", Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpAddr> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        name(address(peer.parse().unwrap(), &headers, &trusted))
    }

    #[test]
    fn only_a_trusted_proxy_says_who_it_speaks_for() {
        let (proxy, other) = ("127.0.0.1", "10.0.0.2");
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[proxy]), "203.0.113.9");
        assert_eq!(seen(proxy, &["198.51.100.1"], &[]), proxy);
        assert_eq!(seen(proxy, &[], &[proxy]), proxy);
        assert_eq!(seen(proxy, &["198.51.100.1"], &[proxy]), "198.51.100.1");
        assert_eq!(
            seen("::ffff:127.0.0.1", &["198.51.100.1:4711"], &[proxy]),
            "198.51.100.1"
        );
        assert_eq!(
            seen(proxy, &["192.0.2.66, 198.51.100.1"], &[proxy]),
            "198.51.100.1",
            "what the client wrote itself does not count"
        );
        assert_eq!(
            seen(proxy, &["192.0.2.66, 198.51.100.1, 10.0.0.2"], &[proxy, other]),
            "198.51.100.1"
        );
        assert_eq!(
            seen(proxy, &["192.0.2.66, 198.51.100.1", "10.0.0.2"], &[proxy, other]),
            "198.51.100.1"
        );
        assert_eq!(seen(proxy, &["198.51.100.1, unknown"], &[proxy]), proxy);
    }

    #[test]
    fn one_customers_many_addresses_are_one_origin() {
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", &[], &[]), "2001:db8:1:2::/64");
        assert_eq!(seen("2001:db8:1:2::7", &[], &[]), "2001:db8:1:2::/64");
    }
}
