//! The Secrets of a run: what its agents are told, and what they may use.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::TemplateError;
use crate::config::Agents;
use crate::credentials::{GitAccess, RunKeys};
use crate::model::{Run, Variation, VariationKey, is_variation};

/// Keys of the Secret that is named by [`keys_secret_name`].
const GIT_CREDENTIAL: &str = "git-credential";
pub(super) const PROVIDER_KEY: &str = "provider-key";

#[derive(Serialize)]
pub(super) struct SecretContext {
    pub(super) name: String,
    pub(super) instance: String,
    pub(super) run_id: String,
    pub(super) files: Vec<SecretFile>,
    /// Not where a credential may be stored anew between two applies.
    pub(super) immutable: bool,
}

#[derive(Serialize)]
pub(super) struct SecretFile {
    pub(super) name: String,
    pub(super) base64: String,
}

/// Name of the Secret that an attempt's Job mounts: first attempts share the run's, a later one has its
/// own, because a Secret cannot be changed and the first may be gone. So have a judge and a publisher.
pub fn secret_name(key: VariationKey) -> String {
    if is_first(key) {
        format!("agent-{}", key.run)
    } else {
        key.job_name()
    }
}

/// Name of the Secret with what these attempts may use in the name of the run's owner, where there is
/// anything: apart from their input, because the containers that get the one must not get the other.
pub fn keys_secret_name(key: VariationKey) -> String {
    format!("{}-keys", secret_name(key))
}

fn is_first(key: VariationKey) -> bool {
    key.attempt == 0 && is_variation(key.index)
}

/// The Secret of these attempts, which share one; without any, the one that first attempts share.
pub(super) fn secret_context(
    agents: &Agents,
    run: &Run,
    keys: &[VariationKey],
) -> Result<SecretContext, TemplateError> {
    let first = VariationKey {
        run: run.id,
        index: 0,
        attempt: 0,
    };
    let key = keys.first().copied().unwrap_or(first);
    let mut files = vec![SecretFile {
        name: "prompt.txt".to_owned(),
        base64: STANDARD.encode(&run.prompt),
    }];
    let of_secret = |it: &&Variation| {
        if is_first(key) {
            is_variation(it.key.index)
        } else {
            it.key.index == key.index
        }
    };
    for variation in run.current().filter(of_secret) {
        files.push(SecretFile {
            name: config_key(variation.key.index),
            base64: STANDARD.encode(serde_json::to_vec_pretty(&variation.config)?),
        });
    }
    Ok(SecretContext {
        name: secret_name(key),
        instance: agents.instance.clone(),
        run_id: run.id.to_string(),
        files,
        immutable: true,
    })
}

/// The Secret beside `input` with what must not be read by everybody who reads that.
pub(super) fn keys_context(input: &SecretContext, keys: &RunKeys) -> Option<SecretContext> {
    let file = |name: &str, text: &str| SecretFile {
        name: name.to_owned(),
        base64: STANDARD.encode(text),
    };
    let git = keys
        .git
        .as_ref()
        .map(|git| file(GIT_CREDENTIAL, &git_credential(git)));
    let provider = keys
        .provider
        .as_ref()
        .map(|key| file(PROVIDER_KEY, key.expose()));
    let files: Vec<SecretFile> = git.into_iter().chain(provider).collect();
    (!files.is_empty()).then(|| SecretContext {
        name: format!("{}-keys", input.name),
        instance: input.instance.clone(),
        run_id: input.run_id.clone(),
        files,
        immutable: false,
    })
}

/// In the form of git's credential helpers, which is what the agent is to git
/// (<https://git-scm.com/docs/git-credential>, "INPUT/OUTPUT FORMAT").
fn git_credential(git: &GitAccess) -> String {
    let (protocol, host) = git.host.split_once("://").unwrap_or(("https", &git.host));
    format!(
        "protocol={protocol}\nhost={host}\nusername={}\npassword={}\n",
        git.username,
        git.token.expose()
    )
}

pub(super) fn config_key(index: u8) -> String {
    format!("config-{index}.json")
}

/// Says how much there is, not what.
pub(super) fn redact(file: &SecretFile) -> SecretFile {
    SecretFile {
        name: file.name.clone(),
        base64: format!("<{} base64 characters, not shown>", file.base64.len()),
    }
}
