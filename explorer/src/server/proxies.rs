//! Whose request it is: the address of the connection, or what a named proxy says.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use ipnet::IpNet;

/// The header in which proxies name the clients that they speak for.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Proxies whose `X-Forwarded-For` counts. Anyone else can write that header as they like.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    /// The proxies of these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    /// Whether an address is a named proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client's address: the last one in the list that is not a named proxy's, if a named proxy has sent it.
    /// Without a connection (in tests), an address that stands for nobody.
    pub(super) fn client(&self, request: &Request) -> IpAddr {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let Some(peer) = peer.map(|info| info.0.ip()) else { return IpAddr::from([0, 0, 0, 0]) };
        if !self.trusts(peer) {
            return peer;
        }
        let lists = request.headers().get_all(FORWARDED_FOR).iter().rev();
        let texts = lists.flat_map(|list| list.to_str().unwrap_or_default().rsplit(','));
        for text in texts {
            match text.trim().parse::<IpAddr>() {
                Ok(address) if self.trusts(address) => {}
                Ok(address) => return address,
                // What stands further left may be written by anyone.
                Err(_) => break,
            }
        }
        peer
    }
}

/// The address by which limits are counted: one for a whole IPv6 network, whose owner has 2^64 addresses.
pub(super) fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn client(proxies: &Proxies, peer: &str, forwarded: &[&str]) -> String {
        let mut request = Request::builder().uri("/");
        for list in forwarded {
            request = request.header(FORWARDED_FOR, *list);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer: IpAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 1))));
        proxies.client(&request).to_string()
    }

    #[test]
    fn only_named_proxies_speak_for_others() {
        let none = Proxies::default();
        assert_eq!(client(&none, "127.0.0.1", &["198.51.100.7"]), "127.0.0.1");
        let named = ["127.0.0.1/32", "10.0.0.0/8"].map(|text| text.parse().unwrap());
        let named = Proxies::new(named.to_vec());
        assert_eq!(client(&named, "203.0.113.5", &["198.51.100.7"]), "203.0.113.5");
        assert_eq!(client(&named, "127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(&named, "::ffff:127.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        // What a client has written itself stands left of what the proxy adds.
        assert_eq!(client(&named, "127.0.0.1", &["1.2.3.4, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client(&named, "127.0.0.1", &["1.2.3.4", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            client(&named, "127.0.0.1", &["1.2.3.4, 198.51.100.7, 10.1.1.1"]),
            "198.51.100.7"
        );
        for malformed in ["", "unknown", "1.2.3.4, x", "10.0.0.1"] {
            assert_eq!(client(&named, "127.0.0.1", &[malformed]), "127.0.0.1", "{malformed}");
        }
    }

    #[test]
    fn networks_of_version_6_share_a_bucket() {
        let of = |text: &str| bucket(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
