//! Requests a minute for each credential, or each address without one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderValue};

use crate::api::error::{ApiError, ApiResult, whole_seconds};
use crate::auth::{Credential, Throttle, Verdict};

/// The budget of every caller.
pub(super) struct RateLimit(Throttle);

impl RateLimit {
    pub(super) fn new(per_minute: u32) -> Self {
        Self(Throttle::per_minute(per_minute))
    }

    /// Counts one request. Credentials that are not valid count as none: making up new ones gains nothing.
    pub(super) fn check(
        &self,
        credential: Option<&Credential>,
        network: IpAddr,
    ) -> ApiResult<Verdict> {
        let key = match credential {
            Some(Credential::ApiKey(id)) => id.to_string(),
            Some(Credential::Session(id)) => id.to_string(),
            // Many may have the link: none of them uses up the others' budget.
            Some(Credential::Share(id)) => format!("{id} {network}"),
            None => network.to_string(),
        };
        let verdict = self.0.check(&key);
        match verdict.retry_after {
            None => Ok(verdict),
            Some(wait) => Err(ApiError::too_many(
                format!(
                    "more than {} requests a minute: wait {} s",
                    verdict.limit,
                    whole_seconds(wait)
                ),
                wait,
            )
            .with_limit(verdict)),
        }
    }
}

/// Adds `X-RateLimit-*`, unless a refusal says them of another limit already.
pub(in crate::api) fn add_headers(headers: &mut HeaderMap, verdict: Verdict) {
    if headers.contains_key("x-ratelimit-limit") {
        return;
    }
    headers.insert("x-ratelimit-limit", HeaderValue::from(verdict.limit));
    headers.insert(
        "x-ratelimit-remaining",
        HeaderValue::from(verdict.remaining),
    );
}

/// The address that a request came from.
pub(in crate::api) fn client_address(
    headers: &HeaderMap,
    extensions: &Extensions,
    trust_forwarded_for: bool,
) -> IpAddr {
    let forwarded = || {
        // The last address is the one that our own proxy saw; those before it are the client's to invent.
        let last = headers.get_all("x-forwarded-for").iter().next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let address = trust_forwarded_for.then(forwarded).flatten().or(peer);
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    address.to_canonical()
}

/// What one subscriber can vary freely counts as one: an IPv6 address stands for its /64.
pub(in crate::api) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            std::net::Ipv6Addr::from(u128::from(address) & (u128::MAX << 64)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected);
        }
    }

    #[test]
    fn a_forwarded_address_counts_only_when_trusted() {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 80))));
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 192.0.2.7".parse().unwrap());
        assert_eq!(
            client_address(&headers, &extensions, false).to_string(),
            "10.0.0.1"
        );
        assert_eq!(
            client_address(&headers, &extensions, true).to_string(),
            "192.0.2.7"
        );
    }
}
