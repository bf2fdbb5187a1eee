//! `aideator doctor`: is everything there that the server needs? One line each, with what to do.

use std::fmt;

use futures::StreamExt as _;
use futures::stream;

use crate::config::{Config, Storage};
use crate::kubectl::{Journal, Kubectl, KubectlError, Versions};
use crate::logs::LogStore;

/// What the server's commands need: the chart's Role.
const RIGHTS: [(&str, &[&str]); 5] = [
    (
        "jobs",
        &["create", "get", "list", "watch", "patch", "delete"],
    ),
    ("pods", &["get", "list", "watch", "patch"]),
    ("pods/log", &["get"]),
    ("secrets", &["create", "get", "patch", "delete"]),
    ("events", &["list", "watch"]),
];

/// `kubectl` processes at the same time.
const AT_ONCE: usize = 4;

/// What was found.
#[derive(Debug)]
pub struct Finding {
    name: &'static str,
    /// What is there, or what is wrong and what to do about it.
    found: Result<String, String>,
}

impl Finding {
    fn new(name: &'static str, found: Result<String, String>) -> Self {
        Self { name, found }
    }

    pub fn is_fine(&self) -> bool {
        self.found.is_ok()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.found {
            Ok(text) => write!(f, "ok    {}: {text}", self.name),
            Err(text) => write!(f, "FAIL  {}: {text}", self.name),
        }
    }
}

/// Looks at everything. Changes nothing but a file in `DATA_DIR`.
pub async fn doctor(config: &Config) -> Vec<Finding> {
    // Nobody reads this journal: what is asked here is for no run.
    let (journal, _) = Journal::new();
    let kubectl = Kubectl::new(&config.kubectl, journal);
    let mut findings = vec![
        // They were read, or there were no findings.
        Finding::new("settings", Ok("valid".to_owned())),
        Finding::new("storage", storage(&config.storage)),
    ];
    let version = kubectl.version().await;
    let reached = version.is_ok();
    findings.push(Finding::new("kubectl", version_skew(version)));
    if reached {
        findings.push(Finding::new("rights", rights(&kubectl).await));
        let secret = &config.agents.openai_secret_name;
        findings.push(Finding::new("model key", key(&kubectl, secret).await));
    }
    findings.push(Finding::new(
        "agents",
        Ok(format!("image {}", config.agents.image)),
    ));
    findings
}

fn storage(storage: &Storage) -> Result<String, String> {
    let dir = storage.data_dir.display();
    let fix = |error: std::io::Error| {
        format!("{dir}: {error}; mount a volume there that this user may write, or set DATA_DIR")
    };
    let store = LogStore::open(storage.data_dir.join("logs")).map_err(fix)?;
    std::fs::write(storage.data_dir.join(".health"), b"writable\n").map_err(fix)?;
    let free = store.free().map_err(fix)?;
    if free < storage.min_free {
        return Err(format!(
            "{dir} has {} MiB free, so new runs are refused; enlarge the volume, or keep less \
             (KEEP_RUNS_DAYS, KEEP_LOGS_MIB)",
            free >> 20
        ));
    }
    Ok(format!("{dir} is writable, {} MiB free", free >> 20))
}

/// kubectl supports API servers that are one minor version older or newer
/// (<https://kubernetes.io/releases/version-skew-policy/#kubectl>).
fn version_skew(versions: Result<Versions, KubectlError>) -> Result<String, String> {
    let Versions { client, server } = versions.map_err(|error| {
        format!(
            "{error}; try `kubectl version` as this user: is there a service account or KUBECONFIG?"
        )
    })?;
    match (minor(&client), minor(&server)) {
        (Some(ours), Some(theirs)) if ours.abs_diff(theirs) > 1 => Err(format!(
            "client {client}, server {server}: more than one minor version apart; install kubectl 1.{theirs}"
        )),
        _ => Ok(format!("client {client}, server {server}")),
    }
}

/// 34 of `v1.34.4`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("v1.")?.split('.').next()?.parse().ok()
}

async fn rights(kubectl: &Kubectl) -> Result<String, String> {
    let asked = RIGHTS
        .iter()
        .flat_map(|(resource, verbs)| verbs.iter().map(|verb| (*verb, *resource)));
    let answers: Vec<_> = stream::iter(asked)
        .map(async |(verb, resource)| (verb, resource, kubectl.can_i(verb, resource).await))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut missing = Vec::new();
    for (verb, resource, answer) in &answers {
        match answer {
            Ok(true) => {}
            Ok(false) => missing.push(format!("{verb} {resource}")),
            Err(error) => return Err(error.to_string()),
        }
    }
    if missing.is_empty() {
        Ok(format!(
            "all {} in namespace {}",
            answers.len(),
            kubectl.namespace()
        ))
    } else {
        Err(format!(
            "may not {} in namespace {}; the chart's Role has them all: helm upgrade",
            missing.join(", "),
            kubectl.namespace()
        ))
    }
}

async fn key(kubectl: &Kubectl, secret: &str) -> Result<String, String> {
    match kubectl.exists("secret", secret).await {
        Ok(true) => Ok(format!("Secret {secret} is there")),
        Ok(false) => Err(format!(
            "there is no Secret {secret}: kubectl create secret generic {secret} -n {} --from-literal=api-key=\"$OPENAI_API_KEY\"",
            kubectl.namespace()
        )),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text between the brackets after `name`.
    fn list<'a>(line: &'a str, name: &str) -> Option<&'a str> {
        line.trim()
            .strip_prefix(name)?
            .strip_prefix(": [")?
            .strip_suffix(']')
    }

    #[test]
    fn it_asks_for_what_the_role_gives() {
        let role = include_str!("../../charts/aideator/templates/server-rbac.yaml");
        let mut resources = role.lines().filter_map(|line| list(line, "resources"));
        let mut verbs = role.lines().filter_map(|line| list(line, "verbs"));
        for (resource, needed) in RIGHTS {
            assert_eq!(resources.next(), Some(resource));
            assert_eq!(verbs.next(), Some(needed.join(", ").as_str()));
        }
        assert_eq!((resources.next(), verbs.next()), (None, None));
    }

    #[test]
    fn versions_far_apart_are_told() {
        let skew = |client: &str, server: &str| {
            let (client, server) = (client.to_owned(), server.to_owned());
            version_skew(Ok(Versions { client, server }))
        };
        assert!(skew("v1.34.4", "v1.33.0-gke.1").is_ok());
        assert!(
            skew("v1.36.1", "v1.34.4")
                .unwrap_err()
                .contains("kubectl 1.34")
        );
        assert!(
            skew("v1.34.4", "unknown").is_ok(),
            "what cannot be read is no fault"
        );
    }
}
