//! The credential of a git host: a file in the container that may have it, and git's way to it.
//!
//! This program is git's credential helper
//! (<https://git-scm.com/docs/gitcredentials>, "Custom helpers"), so that the token is in no
//! argument, no environment and no configuration of git's. The file has the form in which helpers
//! answer: `protocol`, `host`, `username` and `password`, each on a line as `KEY=VALUE`.

use std::{io, path::Path};

/// The option with which git asks this program.
pub(super) fn helper(file: &Path) -> io::Result<String> {
    // Through a shell, by git: hence the quotes. No path of ours has one in it.
    Ok(format!(
        "credential.helper=!'{}' credential '{}'",
        std::env::current_exe()?.display(),
        file.display()
    ))
}

/// What git is told that asks for a credential: the one in the file, if it is for that host, or
/// nothing. `operation` is what git calls a helper with; only `get` is answered.
pub(crate) fn answer(file: &str, operation: &str, question: &str) -> String {
    let host = |text: &str| (value(text, "protocol"), value(text, "host"));
    let asked = host(question);
    if operation != "get" || asked.1.is_none() || asked != host(file) {
        return String::new();
    }
    ["username", "password"]
        .iter()
        .filter_map(|key| Some(format!("{key}={}\n", value(file, key)?)))
        .collect()
}

/// The token itself, for a request that is not git's.
pub(crate) fn password(file: &str) -> Option<String> {
    value(file, "password")
}

fn value(text: &str, key: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_that_a_credential_is_for_gets_it() {
        let file = "protocol=https\nhost=git.example.org:8443\nusername=me\npassword=a=b\n";
        let ask = |question: &str| answer(file, "get", question);
        assert_eq!(
            ask("protocol=https\nhost=git.example.org:8443\n"),
            "username=me\npassword=a=b\n"
        );
        for other in [
            "",
            "protocol=https\n",
            "protocol=http\nhost=git.example.org:8443\n",
            "protocol=https\nhost=git.example.org\n",
            "protocol=https\nhost=evil.example\n",
        ] {
            assert_eq!(ask(other), "", "{other}");
        }
        let store = answer(file, "store", "protocol=https\nhost=git.example.org:8443\n");
        assert_eq!(store, "");
    }
}
