//! Git repositories as the server sees them: is the URL allowed, is it there, which commit is a ref.
//!
//! The server never clones. It asks for the list of refs, as `git ls-remote` does
//! (<https://git-scm.com/docs/http-protocol>, "Smart Clients"), follows redirects only within the
//! same host, and reads a bounded answer.

use std::time::Duration;

use futures::StreamExt as _;
use gix_packetline::PacketLineRef;
use gix_packetline::decode::{Stream, streaming};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use url::Url;

use crate::config::AllowedHost;

/// Longest URL that is looked at, bytes.
const URL_LIMIT: usize = 2048;
/// Longest ref that is looked at, bytes.
const REF_LIMIT: usize = 255;
/// Largest list of refs that is read, bytes: some 300,000 refs.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(15);

/// Why a repository or ref cannot be worked on. The texts are for the person who gave it.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    #[error("{0}")]
    Url(String),
    #[error("{0}")]
    Ref(String),
    #[error("the repository cannot be read: {0}")]
    Unreachable(String),
}

impl RepoError {
    /// Which of the two inputs is at fault.
    pub fn is_about_ref(&self) -> bool {
        matches!(self, Self::Ref(_))
    }
}

/// A ref made definite.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The commit's id, lower-case hex.
    pub sha: String,
    /// The branch that `HEAD` names, where the server says so.
    pub default_branch: Option<String>,
    /// All branches, in the server's order.
    pub branches: Vec<String>,
}

/// Asks git servers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Repos {
    client: Client,
    allowed: Vec<AllowedHost>,
}

impl Repos {
    /// Repositories on these hosts.
    pub fn new(allowed: Vec<AllowedHost>) -> Result<Self, reqwest::Error> {
        let same_host = Policy::custom(|attempt| {
            let from = attempt.previous().last();
            let same = from.is_some_and(|from| {
                from.origin() == attempt.url().origin() && attempt.previous().len() < 4
            });
            if same {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        let client = Client::builder()
            .redirect(same_host)
            .timeout(TIMEOUT)
            .user_agent(concat!("git/2 aideator/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, allowed })
    }

    /// Checks a URL without asking anybody.
    pub fn check_url(&self, text: &str) -> Result<Url, RepoError> {
        let refuse = |why: &str| Err(RepoError::Url(why.to_owned()));
        if text.len() > URL_LIMIT {
            return refuse("the URL is too long");
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse("a URL has no spaces or control characters");
        }
        let Ok(url) = Url::parse(text) else {
            return refuse("this is no URL; it looks like https://github.com/octocat/Hello-World");
        };
        if !matches!(url.scheme(), "https" | "http") {
            return refuse("only https:// URLs can be cloned here");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return refuse("leave user name and password out of the URL");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refuse("leave ?… and #… out of the URL");
        }
        if url.path().trim_matches('/').is_empty() {
            return refuse("the URL names a host but no repository");
        }
        if self.allowed.iter().any(|host| allows(host, &url)) {
            return Ok(url);
        }
        let hosts: Vec<&str> = self.allowed.iter().map(|host| host.host.as_str()).collect();
        Err(RepoError::Url(format!(
            "repositories may only come from: {} (ALLOWED_GIT_HOSTS)",
            hosts.join(", ")
        )))
    }

    /// Finds the commit that a ref (or the default branch) names now.
    pub async fn resolve(&self, url: &Url, git_ref: Option<&str>) -> Result<Resolved, RepoError> {
        if let Some(name) = git_ref {
            check_ref(name)?;
        }
        let refs = Refs::parse(&self.advertised(url).await?)?;
        let sha = match git_ref {
            Some(name) => refs.find(name).ok_or_else(|| {
                RepoError::Ref(format!(
                    "the repository has no branch, tag or commit {name:?}"
                ))
            })?,
            None => refs.head().ok_or_else(|| {
                RepoError::Unreachable("it has no default branch; is it empty?".to_owned())
            })?,
        };
        Ok(Resolved {
            sha,
            branches: refs.branches(),
            default_branch: refs.default_branch,
        })
    }

    async fn advertised(&self, url: &Url) -> Result<Vec<u8>, RepoError> {
        let mut refs = url.clone();
        refs.set_path(&format!("{}/info/refs", url.path().trim_end_matches('/')));
        refs.set_query(Some("service=git-upload-pack"));
        let unreachable = |error: reqwest::Error| RepoError::Unreachable(plain(&error));
        let response = self.client.get(refs).send().await.map_err(unreachable)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(RepoError::Unreachable(
                    "there is none at this URL, or it is private".to_owned(),
                ));
            }
            status => {
                return Err(RepoError::Unreachable(format!(
                    "the git server answered {status}"
                )));
            }
        }
        let mut answer = Vec::new();
        let mut body = response.bytes_stream();
        while let Some(block) = body.next().await {
            answer.extend_from_slice(&block.map_err(unreachable)?);
            if answer.len() > ANSWER_LIMIT {
                return Err(RepoError::Unreachable("it has too many refs".to_owned()));
            }
        }
        Ok(answer)
    }
}

fn allows(host: &AllowedHost, url: &Url) -> bool {
    let port_fits = host
        .port
        .is_none_or(|port| url.port_or_known_default() == Some(port));
    let default_port = host.port.is_some() || host.scheme_http || url.port().is_none();
    url.host_str() == Some(host.host.as_str())
        && (url.scheme() == "https" || host.scheme_http)
        && port_fits
        && default_port
}

/// The reason without the URL, which may be a redirect's.
fn plain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        format!(
            "the git server did not answer within {} s",
            TIMEOUT.as_secs()
        )
    } else if error.is_connect() {
        "no connection to the git server".to_owned()
    } else {
        "the git server's answer broke off".to_owned()
    }
}

/// What <https://git-scm.com/docs/git-check-ref-format> forbids, as far as it could do harm.
fn check_ref(name: &str) -> Result<(), RepoError> {
    let bad = name.is_empty()
        || name.len() > REF_LIMIT
        || name.starts_with('-')
        || name.contains("..")
        || name.contains("@{")
        || name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c));
    if bad {
        return Err(RepoError::Ref(
            "this is no branch, tag or commit".to_owned(),
        ));
    }
    Ok(())
}

/// What a git server advertises.
#[derive(Debug, Default)]
struct Refs {
    /// Name and object id; for annotated tags the commit.
    refs: Vec<(String, String)>,
    default_branch: Option<String>,
}

impl Refs {
    fn parse(mut answer: &[u8]) -> Result<Self, RepoError> {
        let broken = || RepoError::Unreachable("the URL is no git repository".to_owned());
        let mut found = Self::default();
        let mut announced = false;
        while !answer.is_empty() {
            let Ok(Stream::Complete {
                line,
                bytes_consumed,
            }) = streaming(answer)
            else {
                return Err(broken());
            };
            answer = &answer[bytes_consumed..];
            let PacketLineRef::Data(data) = line else {
                continue;
            };
            let text = String::from_utf8_lossy(data);
            let text = text.trim_end_matches('\n');
            if text.starts_with("# service=") {
                announced = true;
            } else {
                found.take(text).ok_or_else(broken)?;
            }
        }
        if announced { Ok(found) } else { Err(broken()) }
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (entry, capabilities) = line.split_once('\0').unwrap_or((line, ""));
        let (sha, name) = entry.split_once(' ')?;
        if !is_object_id(sha) {
            return None;
        }
        for capability in capabilities.split(' ') {
            if let Some(branch) = capability.strip_prefix("symref=HEAD:refs/heads/") {
                self.default_branch = Some(branch.to_owned());
            }
        }
        match name.strip_suffix("^{}") {
            // An annotated tag's commit follows the tag; an empty repository has only this line.
            Some("capabilities") => {}
            Some(tag) => {
                if let Some(known) = self.refs.iter_mut().rev().find(|(n, _)| n == tag) {
                    sha.clone_into(&mut known.1);
                }
            }
            None => self.refs.push((name.to_owned(), sha.to_owned())),
        }
        Some(())
    }

    fn get(&self, name: &str) -> Option<String> {
        let found = self.refs.iter().find(|(known, _)| known == name);
        found.map(|(_, sha)| sha.clone())
    }

    fn head(&self) -> Option<String> {
        self.get("HEAD")
    }

    fn find(&self, name: &str) -> Option<String> {
        let named = ["refs/heads/", "refs/tags/"]
            .iter()
            .find_map(|prefix| self.get(&format!("{prefix}{name}")));
        let full = || name.starts_with("refs/").then(|| self.get(name)).flatten();
        // A commit need not be at the end of a branch; cloning it proves that it is there.
        let commit = || is_object_id(name).then(|| name.to_owned());
        named.or_else(full).or_else(commit)
    }

    fn branches(&self) -> Vec<String> {
        let branch =
            |(name, _): &(String, String)| name.strip_prefix("refs/heads/").map(str::to_owned);
        self.refs.iter().filter_map(branch).collect()
    }
}

/// A whole SHA-1 or SHA-256 object id in lower-case hex.
fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repos() -> Repos {
        let hosts = ["github.com", "http://demo:8080"].map(|host| host.parse().unwrap());
        Repos::new(hosts.into()).unwrap()
    }

    #[test]
    fn only_allowed_repositories_pass() {
        let repos = repos();
        for url in [
            "https://github.com/octocat/Hello-World",
            "https://github.com/a/b.git",
            "http://demo:8080/git/x.git",
        ] {
            assert!(repos.check_url(url).is_ok(), "{url}");
        }
        for url in [
            "http://github.com/a/b",
            "https://github.com:8443/a/b",
            "https://github.com.evil.example/a/b",
            "https://user@github.com/a/b",
            "https://github.com/",
            "https://github.com/a?b",
            "http://demo/git/x.git",
            "http://demo:8081/git/x.git",
            "ssh://git@github.com/a/b",
            "file:///etc/passwd",
            "git@github.com:a/b",
            "https://github.com/a b",
            "--upload-pack=x",
        ] {
            assert!(repos.check_url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn refs_are_found_as_git_does() {
        let (a, b, c) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
        let line = |text: String| format!("{:04x}{text}", text.len() + 4);
        let answer = [
            line("# service=git-upload-pack\n".to_owned()),
            "0000".to_owned(),
            line(format!(
                "{a} HEAD\0multi_ack symref=HEAD:refs/heads/main agent=git/2\n"
            )),
            line(format!("{a} refs/heads/main\n")),
            line(format!("{b} refs/tags/v1\n")),
            line(format!("{c} refs/tags/v1^{{}}\n")),
            "0000".to_owned(),
        ]
        .concat();
        let refs = Refs::parse(answer.as_bytes()).unwrap();
        assert_eq!(refs.default_branch.as_deref(), Some("main"));
        assert_eq!(refs.head().unwrap(), a);
        assert_eq!(
            refs.find("v1").unwrap(),
            c,
            "an annotated tag is its commit"
        );
        assert_eq!(refs.find("refs/heads/main").unwrap(), a);
        assert_eq!(refs.find(&"d".repeat(40)).unwrap(), "d".repeat(40));
        assert_eq!(refs.find("mai"), None);
        assert_eq!(refs.branches(), ["main"]);
        assert!(Refs::parse(b"<html>").is_err());
    }
}
