//! The list of refs that a git server advertises.

use gix_packetline::PacketLineRef;
use gix_packetline::decode::{Stream, streaming};

use super::RepoError;

/// What a git server advertises.
#[derive(Debug, Default)]
pub(super) struct Refs {
    /// Name and object id; for annotated tags the commit.
    refs: Vec<(String, String)>,
    pub(super) default_branch: Option<String>,
}

impl Refs {
    pub(super) fn parse(mut answer: &[u8]) -> Result<Self, RepoError> {
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

    pub(super) fn head(&self) -> Option<String> {
        self.get("HEAD")
    }

    pub(super) fn find(&self, name: &str) -> Option<String> {
        let named = ["refs/heads/", "refs/tags/"]
            .iter()
            .find_map(|prefix| self.get(&format!("{prefix}{name}")));
        let full = || name.starts_with("refs/").then(|| self.get(name)).flatten();
        let tip = || {
            self.refs
                .iter()
                .find(|(_, sha)| sha == name)
                .map(|(_, sha)| sha.clone())
        };
        named.or_else(full).or_else(tip)
    }

    pub(super) fn branches(&self) -> Vec<String> {
        let branch =
            |(name, _): &(String, String)| name.strip_prefix("refs/heads/").map(str::to_owned);
        self.refs.iter().filter_map(branch).collect()
    }
}

/// Whether git takes a text for the name of a branch
/// (<https://git-scm.com/docs/git-check-ref-format>).
pub fn is_branch_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && part.strip_suffix(".lock").is_none()
    };
    (1..=200).contains(&name.len())
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && name.split('/').all(part)
        && !name.contains(|c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c))
}

/// A whole SHA-1 or SHA-256 object id in lower-case hex.
pub(super) fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            refs.find(&c).unwrap(),
            c,
            "the end of a branch or tag by its id"
        );
        assert_eq!(refs.find(&"d".repeat(40)), None);
        assert_eq!(refs.find("mai"), None);
        assert_eq!(refs.branches(), ["main"]);
        assert!(Refs::parse(b"<html>").is_err());
    }
}
