//! Where webhooks may be sent.

use std::str::FromStr;

use ipnet::IpNet;

use super::env::{Env, entries};

/// Networks that are not the internet's, and may be sent to all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<IpNet>);

impl Networks {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        env.section("Webhooks");
        env.read(
            "WEBHOOK_ALLOWED_NETWORKS",
            "",
            "Private networks that webhooks may be sent to, with commas between them, e.g. 10.1.0.0/16,fd00:1::/64; also by\nhttp. Webhooks go to public addresses by https otherwise, whatever their names resolve to.",
        )
    }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |entry: &str| {
            let network = entry.parse::<IpNet>();
            network.map_err(|_| format!("`{entry}` is no network such as 10.1.0.0/16"))
        };
        entries(text).map(read).collect::<Result<_, _>>().map(Self)
    }
}
