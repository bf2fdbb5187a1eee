//! Which addresses webhooks may be sent to: public ones by https, and networks that the operator names.
//!
//! Users name the address, so without this the server would be their way into the cluster's network.
//! What is judged is the address that a connection is then made to, so a name that resolves to
//! something else later gains nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::config::Networks;

/// Longest URL that is looked at, bytes.
const URL_LIMIT: usize = 2048;

/// One sentence for whatever a name does not resolve to: names of the inner network are nobody's business.
const NOWHERE: &str = "the host does not resolve, or to private addresses only, which webhooks are not sent to (WEBHOOK_ALLOWED_NETWORKS)";

/// What is not the internet's, by the registries of special-purpose addresses of the IANA
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>).
const SPECIAL_V4: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// What the internet may use of IPv6; all else is local, multicast, or has an address of IPv4 in it.
const PUBLIC_V6: &str = "2000::/3";
/// Of these, Teredo, tunnels and documentation.
const SPECIAL_V6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

/// Says which addresses may be sent to. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Judge(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    allowed: Vec<IpNet>,
    special: Vec<IpNet>,
    public_v6: IpNet,
}

impl Judge {
    pub(super) fn new(allowed: Networks) -> Self {
        let net = |text: &str| text.parse().expect("the tables hold networks");
        let special = SPECIAL_V4.iter().chain(&SPECIAL_V6).copied().map(net);
        Self(Arc::new(Rules {
            allowed: allowed.0,
            special: special.collect(),
            public_v6: net(PUBLIC_V6),
        }))
    }

    /// Whether a webhook may be sent to an address, in clear text or not.
    fn allows(&self, address: IpAddr, clear: bool) -> bool {
        let address = address.to_canonical();
        let holds = |networks: &[IpNet]| networks.iter().any(|it| it.contains(&address));
        let public =
            !holds(&self.0.special) && (address.is_ipv4() || self.0.public_v6.contains(&address));
        holds(&self.0.allowed) || (public && !clear)
    }

    /// Checks a URL without resolving its host.
    pub(super) fn check_url(&self, text: &str) -> Result<Url, String> {
        let refuse = |why: &str| Err(why.to_owned());
        if text.len() > URL_LIMIT {
            return refuse("the URL is too long");
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse("a URL has no spaces or control characters");
        }
        let Ok(url) = Url::parse(text) else {
            return refuse("this is no URL; it looks like https://hooks.example.org/aideator");
        };
        let clear = match url.scheme() {
            "https" => false,
            "http" if !self.0.allowed.is_empty() => true,
            _ => return refuse("only https:// URLs are sent to"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("leave user name and password out of the URL");
        }
        if url.fragment().is_some() {
            return refuse("leave #… out of the URL");
        }
        if !self.may_connect(&url, clear) {
            return refuse("webhooks are not sent to private addresses (WEBHOOK_ALLOWED_NETWORKS)");
        }
        Ok(url)
    }

    /// What a literal address says; of a name only who resolves it can tell.
    fn may_connect(&self, url: &Url, clear: bool) -> bool {
        match url.host() {
            Some(Host::Ipv4(address)) => self.allows(address.into(), clear),
            Some(Host::Ipv6(address)) => self.allows(address.into(), clear),
            Some(Host::Domain(_)) => true,
            None => false,
        }
    }

    /// A resolver that gives only addresses which may be sent to.
    pub(super) fn resolver(&self, clear: bool) -> JudgedResolver {
        JudgedResolver {
            judge: self.clone(),
            clear,
        }
    }
}

/// See [`Judge::resolver`].
pub(super) struct JudgedResolver {
    judge: Judge,
    clear: bool,
}

/// A name has no address that may be sent to.
#[derive(Debug, thiserror::Error)]
#[error("{NOWHERE}")]
pub(super) struct Nowhere;

impl Resolve for JudgedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (judge, clear) = (self.judge.clone(), self.clear);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|_| Nowhere)?;
            let allowed: Vec<SocketAddr> =
                found.filter(|it| judge.allows(it.ip(), clear)).collect();
            if allowed.is_empty() {
                return Err(Nowhere.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(allowed: &str) -> Judge {
        Judge::new(allowed.parse().unwrap())
    }

    #[test]
    fn what_is_not_the_internets_is_refused() {
        let judge = judge("");
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a00:1",
            "2001::1",
            "2002:a00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!judge.allows(address.parse().unwrap(), false), "{address}");
        }
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "172.32.0.1",
            "::ffff:1.1.1.1",
            "2606:4700::1",
        ] {
            assert!(judge.allows(address.parse().unwrap(), false), "{address}");
            let clear = judge.allows(address.parse().unwrap(), true);
            assert!(!clear, "http to {address}");
        }
    }

    #[test]
    fn an_operator_opens_networks() {
        let judge = judge("10.1.0.0/16, fd00:1::/64");
        for (address, open) in [
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.0.1", false),
            ("fd00:1::7", true),
            ("fd00:2::7", false),
            ("127.0.0.1", false),
        ] {
            let address: IpAddr = address.parse().unwrap();
            for clear in [false, true] {
                assert_eq!(judge.allows(address, clear), open, "{address} {clear}");
            }
        }
        assert!("10.1.0.0/99".parse::<Networks>().is_err());
    }

    #[test]
    fn urls_are_judged_before_they_are_stored() {
        let (closed, open) = (judge(""), judge("10.0.0.0/8"));
        for url in [
            "https://hooks.example.org/a?token=b",
            "https://hooks.example.org:8443/",
            "https://1.1.1.1/",
            "https://[2606:4700::1]/",
        ] {
            closed.check_url(url).unwrap();
        }
        for url in [
            "http://hooks.example.org/",
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://me@hooks.example.org/",
            "https://hooks.example.org/#a",
            "https://hooks.example.org/a b",
            "file:///etc/passwd",
            "hooks.example.org",
            "",
        ] {
            assert!(closed.check_url(url).is_err(), "{url}");
        }
        open.check_url("http://10.0.0.1:9000/x").unwrap();
        open.check_url("http://inside.example.org/x").unwrap();
        assert!(open.check_url("http://1.1.1.1/").is_err(), "in clear text");
    }
}
