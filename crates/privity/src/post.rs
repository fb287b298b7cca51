//! Carrying pushes to addresses that people's apps have named: https only, no redirects, and never into the platform's own
//! network, whatever the name resolves to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, http};

/// Posts to the open internet.
pub struct Internet(Agent);

impl Internet {
    /// With a pool of connections of its own.
    pub fn new() -> Self {
        let config = Agent::config_builder()
            .https_only(true)
            .max_redirects(0)
            // A proxy from the environment would resolve names itself, past the check below.
            .proxy(None)
            .build();
        let resolver = OpenOnly(DefaultResolver::default());
        Self(Agent::with_parts(config, DefaultConnector::default(), resolver))
    }
}

impl Default for Internet {
    fn default() -> Self {
        Self::new()
    }
}

impl web::Post for Internet {
    fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
        within: Duration,
    ) -> Result<(), String> {
        let request = self.0.post(url).config().timeout_global(Some(within)).build();
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, value));
        match request.send(body) {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("it was answered with {}", answer.status())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Leaves out whatever is not on the open internet. What is connected to is what was checked: the name is resolved once.
struct OpenOnly(DefaultResolver);

impl fmt::Debug for OpenOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenOnly")
    }
}

impl Resolver for OpenOnly {
    fn resolve(
        &self,
        uri: &http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut open = self.empty();
        for address in &self.0.resolve(uri, config, timeout)? {
            if is_open(address.ip()) {
                open.push(*address);
            }
        }
        if open.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        Ok(open)
    }
}

/// Whether an address is on the open internet (RFC 6890 and the registries it starts, those that matter to a connection).
fn is_open(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_open_v4(address),
        IpAddr::V6(address) => is_open_v6(address),
    }
}

fn is_open_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        // Shared by carriers (RFC 6598), protocol assignments, 6to4 relays, benchmarks (RFC 2544).
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_open_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Only global unicast (RFC 4291 section 2.4), and of that nothing that carries an IPv4 address or is for documents:
    // 2001::/23 (protocol assignments, Teredo), 2001:db8::/32, 2002::/16 (6to4), 3fff::/20.
    segments[0] & 0xe000 == 0x2000
        && !(segments[0] == 0x2001 && (segments[1] < 0x200 || segments[1] == 0xdb8))
        && segments[0] != 0x2002
        && !(segments[0] == 0x3fff && segments[1] < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use web::Post;

    #[test]
    fn nothing_is_pushed_into_the_platforms_own_network() {
        let inside = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "240.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2002:7f00:1::",
            "2001::1",
            "64:ff9b::7f00:1",
            "2001:db8::1",
        ];
        for address in inside {
            assert!(!is_open(address.parse().unwrap()), "{address}");
        }
        for address in [
            "9.9.9.9",
            "93.184.215.14",
            "172.32.0.1",
            "2620:fe::fe",
            "2a00:1450:4001:80b::200e",
        ] {
            assert!(is_open(address.parse().unwrap()), "{address}");
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        for url in [
            format!("https://127.0.0.1:{port}/"),
            format!("https://localhost:{port}/"),
            format!("https://[::ffff:127.0.0.1]:{port}/"),
            format!("http://127.0.0.1:{port}/"),
        ] {
            assert!(
                Internet::new()
                    .post(&url, &[], b"{}".to_vec(), Duration::from_secs(10))
                    .is_err(),
                "{url}"
            );
            assert!(listener.accept().is_err(), "{url} was connected to");
        }
    }
}
