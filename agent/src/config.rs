//! `config.json`: the settings of one variation, as the server writes and the agent reads them.
//!
//! Every field but `v` may be missing or `null`, and unknown fields are ignored, so that an older
//! agent image runs under a newer server and the other way round.

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
    /// Where the agent stops by itself.
    #[serde(default, deserialize_with = "null_is_default")]
    pub limits: Limits,
    /// What the model costs; without it the cost is unknown and not limited.
    #[serde(default)]
    pub prices: Option<Prices>,
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
            limits: Limits::default(),
            prices: None,
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
