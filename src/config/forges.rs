//! Which git hosts have a REST API for pull requests, and which one.

use std::str::FromStr;

use aideator_agent::config::Forge;
use url::Url;

use super::env::{Env, entries};

/// Hosts, `host` or `host:port` in lower case, and what they speak.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forges(Vec<(String, Forge)>);

impl Forges {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        env.read(
            "GIT_FORGES",
            "github.com=github,gitlab.com=gitlab,codeberg.org=gitea",
            "Git hosts that take pull requests through a REST API, with commas between them: host=github, host=gitlab\nor host=gitea (Forgejo, too); host:port where the port is not the scheme's own.",
        )
    }

    /// What the host of a repository speaks, where it is known.
    pub fn of(&self, repository: &Url) -> Option<Forge> {
        let host = repository.host_str()?;
        let host = match repository.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let found = self.0.iter().find(|(known, _)| *known == host);
        found.map(|(_, forge)| *forge)
    }
}

impl FromStr for Forges {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |entry: &str| {
            let (host, forge) = entry.split_once('=')?;
            let forge = match forge.trim() {
                "github" => Forge::Github,
                "gitlab" => Forge::Gitlab,
                "gitea" => Forge::Gitea,
                _ => return None,
            };
            let host = host.trim().to_lowercase();
            (!host.is_empty() && !host.contains('/')).then_some((host, forge))
        };
        let read = |entry: &str| {
            let wrong = || format!("`{entry}` is not host=github, host=gitlab or host=gitea");
            read(entry).ok_or_else(wrong)
        };
        entries(text).map(read).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_known_with_its_port() {
        let forges: Forges = "GitHub.com=github, git.example.org:3000=gitea"
            .parse()
            .unwrap();
        let of = |url: &str| forges.of(&Url::parse(url).unwrap());
        assert_eq!(of("https://github.com/a/b"), Some(Forge::Github));
        assert_eq!(of("http://git.example.org:3000/a/b"), Some(Forge::Gitea));
        assert_eq!(of("https://git.example.org/a/b"), None);
        for wrong in ["github.com", "github.com=svn", "=gitea", "https://x=gitea"] {
            assert!(wrong.parse::<Forges>().is_err(), "{wrong}");
        }
    }
}
