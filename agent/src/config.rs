//! `config.json`: the settings of one variation, as the server writes and the agent reads them.
//!
//! Every field but `v` may be missing or `null`, and unknown fields are ignored, so that an older
//! agent image runs under a newer server and the other way round.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize};

/// The version of the file that this crate writes and understands.
pub const VERSION: u32 = 1;

/// The settings of one variation. `None` means: the agent's default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Version of the format, [`VERSION`].
    pub v: u32,
    /// Model name as the user gave it, for example `openai/gpt-4o-mini`.
    #[serde(default)]
    pub model: Option<String>,
    /// Sampling temperature, 0 to 2.
    #[serde(default)]
    pub temperature: Option<f64>,
    /// Most tokens the model may produce in one answer.
    #[serde(default)]
    pub max_tokens: Option<u32>,
    /// Replaces the agent's own system prompt.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// Sequences at which the model stops.
    #[serde(default, deserialize_with = "null_is_default")]
    pub stop_sequences: Vec<String>,
    /// What this variation is asked to do differently from the others.
    #[serde(default)]
    pub instructions: Option<String>,
    /// Who does the work.
    #[serde(default, deserialize_with = "null_is_default")]
    pub engine: Engine,
    /// The shell command of [`Engine::Command`].
    #[serde(default)]
    pub command: Option<String>,
    /// Shell commands whose exit codes judge the change.
    #[serde(default, deserialize_with = "null_is_default")]
    pub checks: Vec<String>,
    /// Whether the checks also run at the base commit, before the work: did they fail there?
    #[serde(default, deserialize_with = "null_is_default")]
    pub checks_before: bool,
    /// Where the agent stops by itself.
    #[serde(default, deserialize_with = "null_is_default")]
    pub limits: Limits,
    /// What the model costs. Without it the agent's own table says; a model that is not in it has
    /// an unknown cost, which is not limited.
    #[serde(default)]
    pub prices: Option<Prices>,
    /// What [`Engine::Judge`] compares.
    #[serde(default)]
    pub judge: Option<Judge>,
    /// What [`Engine::Publish`] pushes.
    #[serde(default)]
    pub publish: Option<Publish>,
    /// An earlier change that the work starts from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
}

/// A change that is applied to the base commit before the work. The agent's own patch is against the
/// base commit all the same, and so has both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The patch, as UTF-8 text or as `encoding` says.
    pub patch: String,
    /// `base64` when it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
}

impl Start {
    /// From the bytes of a patch.
    pub fn new(patch: &[u8]) -> Self {
        match std::str::from_utf8(patch) {
            Ok(text) => Self {
                patch: text.to_owned(),
                encoding: None,
            },
            Err(_) => Self {
                patch: STANDARD.encode(patch),
                encoding: Some("base64".to_owned()),
            },
        }
    }

    /// The bytes; an error where they are in another encoding than this version knows.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        match self.encoding.as_deref() {
            None => Ok(self.patch.clone().into_bytes()),
            Some("base64") => STANDARD
                .decode(&self.patch)
                .map_err(|error| error.to_string()),
            Some(other) => Err(format!("{other} is no encoding that this agent knows")),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            v: VERSION,
            model: None,
            temperature: None,
            max_tokens: None,
            system_prompt: None,
            stop_sequences: Vec::new(),
            instructions: None,
            engine: Engine::default(),
            command: None,
            checks: Vec::new(),
            checks_before: false,
            limits: Limits::default(),
            prices: None,
            judge: None,
            publish: None,
            start: None,
        }
    }
}

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The agent's own loop of model calls and tools.
    #[default]
    Builtin,
    /// Another program in the image, started with `sh -c`.
    Command,
    /// Nobody: the results of other variations are compared (`agent/JUDGE.md`).
    Judge,
    /// Nobody: the result of a variation is pushed as a branch.
    Publish,
}

/// A result as it is to be pushed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Publish {
    /// Whose result it is.
    pub variation_id: u8,
    /// Which attempt of it.
    pub attempt: u32,
    /// A branch that the repository does not have yet.
    pub branch: String,
    /// Of the commit.
    pub message: String,
    /// Of the commit, as author and committer.
    pub author_name: String,
    /// The same one's address.
    pub author_email: String,
    /// Git's id of the tree that must come of it.
    #[serde(default)]
    pub tree: Option<String>,
    /// The diff to the base commit, in base64.
    #[serde(default)]
    pub patch: String,
    /// Asked for after the push.
    #[serde(default)]
    pub pull_request: Option<PullRequest>,
}

/// A pull request, or a merge request as GitLab says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// What the repository's host speaks.
    pub forge: Forge,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// The branch that it is to be merged into.
    pub base: String,
}

/// A kind of git host with a REST API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forge {
    /// github.com, or GitHub Enterprise.
    Github,
    /// gitlab.com, or one's own.
    Gitlab,
    /// Gitea or Forgejo.
    Gitea,
}

/// What a judge compares.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Judge {
    /// 1 to [`Judge::MOST`] results.
    pub candidates: Vec<Candidate>,
}

impl Judge {
    /// Most candidates of one judge.
    pub const MOST: usize = 8;
}

/// The result of one variation, as a judge gets it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Candidate {
    /// Comes back in the lines; the model never sees it.
    pub variation_id: u32,
    /// The diff, or its beginning; nothing was changed where it is empty.
    #[serde(default, deserialize_with = "null_is_default")]
    pub patch: String,
    /// Size of the whole diff in bytes, where `patch` is only its beginning.
    #[serde(default)]
    pub patch_bytes: Option<u64>,
    /// Git's id of the resulting tree.
    #[serde(default)]
    pub tree: Option<String>,
    /// Whether the diff applies to the base commit; by default it does.
    #[serde(default)]
    pub applies: Option<bool>,
    /// How the checks ended.
    #[serde(default, deserialize_with = "null_is_default")]
    pub checks: Vec<CandidateCheck>,
}

/// How a check ended on a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CandidateCheck {
    /// The shell command.
    pub command: String,
    /// `None` when it was killed.
    #[serde(default)]
    pub exit_code: Option<i32>,
    /// The end of what it printed.
    #[serde(default, deserialize_with = "null_is_default")]
    pub output_tail: String,
    /// Its exit code at the base commit, where that is known.
    #[serde(default)]
    pub base_exit_code: Option<i32>,
}

/// Where the agent stops by itself. `None` means: the agent's default.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Wall time of the whole run, seconds.
    #[serde(default)]
    pub timeout_seconds: Option<u64>,
    /// Tokens of all model calls together, input and output.
    #[serde(default)]
    pub max_total_tokens: Option<u64>,
    /// Cost of all model calls together, US dollars.
    #[serde(default)]
    pub max_cost_usd: Option<f64>,
    /// Model calls.
    #[serde(default)]
    pub max_steps: Option<u32>,
    /// What the repository may grow to on disk, MiB.
    #[serde(default)]
    pub max_workspace_mib: Option<u64>,
    /// What the agent may print, MiB.
    #[serde(default)]
    pub max_output_mib: Option<u64>,
    /// Wall time of one check, seconds.
    #[serde(default)]
    pub check_timeout_seconds: Option<u64>,
    /// How long [`Engine::Command`] may neither print nor ask the model, seconds.
    #[serde(default)]
    pub max_silence_seconds: Option<u64>,
}

/// Prices in US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    /// Per million input tokens.
    pub input: f64,
    /// Per million output tokens.
    pub output: f64,
}

/// Reads `null` as the default, for clients that send every field.
fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_version_is_needed_and_null_is_the_default() {
        let bare: Config = serde_json::from_str(r#"{"v":1}"#).unwrap();
        assert_eq!(bare, Config::default());
        let nulls: Config = serde_json::from_str(
            r#"{"v":1,"model":null,"stop_sequences":null,"engine":null,"checks":null,
                "limits":null,"from_the_future":[1]}"#,
        )
        .unwrap();
        assert_eq!(nulls, Config::default());
        assert!(serde_json::from_str::<Config>("{}").is_err());
    }
}
