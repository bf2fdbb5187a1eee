//! Git repositories as the server sees them: is the URL allowed, is it there, which commit is a ref.
//!
//! The server never clones. It asks for the list of refs, as `git ls-remote` does
//! (<https://git-scm.com/docs/http-protocol>, "Smart Clients"), follows redirects only within the
//! same host, and reads a bounded answer.

mod refs;

use std::time::Duration;

use futures::StreamExt as _;
use gix_packetline::decode::{Stream, streaming};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use url::Url;

pub use self::refs::is_branch_name;
use self::refs::{Refs, is_object_id};
use crate::config::AllowedHost;
use crate::credentials::GitAccess;

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
    /// The host gives it to nobody, or not to whoever we are.
    #[error("the repository cannot be read: {0}")]
    Refused(String),
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

    /// `scheme://host[:port]` of an entry such as `github.com` or `http://git.example.org:3000`, if
    /// repositories may come from there.
    pub fn check_host(&self, text: &str) -> Result<String, RepoError> {
        let url = if text.contains("://") {
            format!("{}/x", text.trim_end_matches('/'))
        } else {
            format!("https://{text}/x")
        };
        let url = self.check_url(&url)?;
        if url.path() != "/x" {
            let why = "this is no host; it looks like github.com or https://git.example.org:8443";
            return Err(RepoError::Url(why.to_owned()));
        }
        Ok(url.origin().ascii_serialization())
    }

    /// Finds the commit that a ref (or the default branch) names now. `access` is shown to the
    /// repository's own host only.
    pub async fn resolve(
        &self,
        url: &Url,
        git_ref: Option<&str>,
        access: Option<&GitAccess>,
    ) -> Result<Resolved, RepoError> {
        if let Some(name) = git_ref {
            check_ref(name)?;
        }
        let asker = Asker {
            client: &self.client,
            url,
            access: access.filter(|access| access.host == url.origin().ascii_serialization()),
        };
        let refs = Refs::parse(&asker.advertised().await?)?;
        let sha = match git_ref {
            Some(name) => asker.find(&refs, name).await?,
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
}

/// Questions about one repository, as somebody or as nobody.
struct Asker<'a> {
    client: &'a Client,
    url: &'a Url,
    access: Option<&'a GitAccess>,
}

impl Asker<'_> {
    async fn find(&self, refs: &Refs, name: &str) -> Result<String, RepoError> {
        if let Some(sha) = refs.find(name) {
            return Ok(sha);
        }
        // A commit need not be at the end of a branch.
        if is_object_id(name) && self.has_commit(name).await? {
            return Ok(name.to_owned());
        }
        Err(RepoError::Ref(format!(
            "the repository has no branch, tag or commit {name:?}"
        )))
    }

    /// Asks for a commit and looks only whether the server refuses
    /// (<https://git-scm.com/docs/protocol-v2>, "fetch"). A server that answers anything else is
    /// believed to have it: the clone is the proof.
    async fn has_commit(&self, sha: &str) -> Result<bool, RepoError> {
        let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
        let want = line(&format!("want {sha}\n"));
        let command = line("command=fetch\n");
        let request = [
            &command,
            "0001",
            &want,
            &line("deepen 1\n"),
            &line("done\n"),
            "0000",
        ]
        .concat();
        let service = self.below("git-upload-pack");
        let unreachable = |error: reqwest::Error| RepoError::Unreachable(plain(&error));
        let response = self
            .signed(self.client.post(service))
            .header("git-protocol", "version=2")
            .header("content-type", "application/x-git-upload-pack-request")
            .body(request)
            .send()
            .await
            .map_err(unreachable)?;
        let mut answer = Vec::new();
        let mut body = response.bytes_stream();
        while let Some(block) = body.next().await {
            answer.extend_from_slice(&block.map_err(unreachable)?);
            match streaming(&answer) {
                Ok(Stream::Complete { line, .. }) => {
                    return Ok(!line
                        .as_slice()
                        .is_some_and(|text| text.starts_with(b"ERR ")));
                }
                Ok(Stream::Incomplete { .. }) => {}
                Err(_) => break,
            }
        }
        Ok(true)
    }

    /// An address below the repository's.
    fn below(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{path}", url.path().trim_end_matches('/')));
        url
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match self.access {
            Some(access) => request.basic_auth(&access.username, Some(access.token.expose())),
            None => request,
        }
    }

    async fn advertised(&self) -> Result<Vec<u8>, RepoError> {
        let mut refs = self.below("info/refs");
        refs.set_query(Some("service=git-upload-pack"));
        let unreachable = |error: reqwest::Error| RepoError::Unreachable(plain(&error));
        let response = self.signed(self.client.get(refs)).send().await;
        let response = response.map_err(unreachable)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(RepoError::Refused(match self.access {
                    None => "there is none at this URL, or it is private: then send a git_credential with the run, or store one for its host (POST /api/v1/credentials)".to_owned(),
                    Some(access) => format!(
                        "there is none at this URL, or the git server does not give it to {} with this token",
                        access.username
                    ),
                }));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn repos() -> Repos {
        let hosts = ["github.com", "http://demo:8080"].map(|host| host.parse().unwrap());
        Repos::new(hosts.into()).unwrap()
    }

    #[test]
    fn credentials_are_for_allowed_hosts() {
        let repos = repos();
        for (text, host) in [
            ("github.com", "https://github.com"),
            ("https://GitHub.com/", "https://github.com"),
            ("http://demo:8080", "http://demo:8080"),
        ] {
            assert_eq!(repos.check_host(text).unwrap(), host);
        }
        for text in [
            "evil.example",
            "github.com/octocat",
            "me@github.com",
            "",
            "http://github.com",
        ] {
            assert!(repos.check_host(text).is_err(), "{text}");
        }
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
}
