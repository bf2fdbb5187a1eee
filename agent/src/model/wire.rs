//! What providers send in a stream. Everything is optional, because somebody leaves it out.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::limits::Tokens;

/// One event of a stream; or, from a provider that does not stream, the whole answer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Chunk {
    #[serde(default, deserialize_with = "lenient")]
    pub(super) choices: Vec<Choice>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) usage: Usage,
    /// Some report failures in the stream, after status 200.
    #[serde(default)]
    pub(super) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Choice {
    /// `message` is what a whole answer has instead.
    #[serde(default, alias = "message", deserialize_with = "lenient")]
    pub(super) delta: Message,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) usage: Usage,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) content: Option<String>,
    #[serde(default)]
    pub(super) refusal: Option<String>,
    #[serde(default)]
    pub(super) reasoning_content: Option<String>,
    #[serde(default)]
    pub(super) reasoning: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) tool_calls: Vec<CallPart>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct CallPart {
    #[serde(default)]
    pub(super) index: Option<u64>,
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) function: FunctionPart,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct FunctionPart {
    #[serde(default)]
    pub(super) name: Option<String>,
    /// A piece of JSON text; from some an object.
    #[serde(default)]
    pub(super) arguments: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    prompt_tokens_details: Details,
}

#[derive(Debug, Default, Deserialize)]
struct Details {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

impl Usage {
    /// `None` for `{}`.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let tokens = Tokens {
            input: self.prompt_tokens.unwrap_or_default(),
            output: self.completion_tokens.unwrap_or_default(),
            cached: self.prompt_tokens_details.cached_tokens,
        };
        (tokens.input + tokens.output > 0).then_some(tokens)
    }
}

/// Reads `null` as the default.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
