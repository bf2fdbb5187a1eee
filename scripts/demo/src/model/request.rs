//! What a caller asked, as far as the scripted model looks at it; everything else in a request is ignored.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::reply::Call;

/// The body of `POST /v1/chat/completions`.
#[derive(Debug, Deserialize)]
pub(crate) struct ChatRequest {
    /// Any name will do.
    pub(crate) model: String,
    messages: Vec<Message>,
    temperature: Option<f64>,
    #[serde(default)]
    tools: Vec<Tool>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    /// A text, a list of parts, or null beside tool calls.
    content: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Tool {
    function: Option<Function>,
}

#[derive(Debug, Deserialize)]
struct Function {
    name: String,
    #[serde(default)]
    parameters: Value,
}

/// Names that agents give to the tool that runs a shell command.
const SHELLS: [&str; 8] = [
    "run",
    "bash",
    "Bash",
    "shell",
    "shell_command",
    "exec_command",
    "run_shell_command",
    "execute_command",
];

impl Message {
    fn text(&self) -> Cow<'_, str> {
        match &self.content {
            Some(Value::String(text)) => Cow::Borrowed(text),
            Some(Value::Array(parts)) => parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect(),
            _ => Cow::Borrowed(""),
        }
    }
}

impl ChatRequest {
    /// Reads and checks a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let request: Self = serde_json::from_slice(body).map_err(|error| {
            ApiError::bad_request(format!(
                "The body is not a chat completion request: {error}."
            ))
        })?;
        if request.messages.is_empty() {
            return Err(ApiError::bad_request(
                "`messages` is empty: send at least one message.",
            ));
        }
        if !(0.0..=2.0).contains(&request.temperature()) {
            return Err(ApiError::bad_request("`temperature` must be from 0 to 2."));
        }
        Ok(request)
    }

    /// The temperature, OpenAI's default where there is none.
    pub(crate) fn temperature(&self) -> f64 {
        self.temperature.unwrap_or(1.0)
    }

    /// Whether the answer is to be streamed.
    pub(crate) fn streams(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    /// Whether a stream is to end with the usage.
    pub(crate) fn wants_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .and_then(|options| options.include_usage)
            .unwrap_or(false)
    }

    /// Whether the caller can run the tool called `name`.
    pub(crate) fn offers(&self, name: &str) -> bool {
        self.tools
            .iter()
            .filter_map(|tool| tool.function.as_ref())
            .any(|function| function.name == name)
    }

    /// The call of the caller's shell, whatever that is called there.
    pub(crate) fn shell(&self, command: &str) -> Call {
        let functions = || self.tools.iter().filter_map(|tool| tool.function.as_ref());
        let shell = SHELLS
            .iter()
            .find_map(|name| functions().find(|function| function.name == *name));
        let Some(shell) = shell else {
            return Call {
                name: "run".into(),
                arguments: json!({"command": command}),
            };
        };
        let mut arguments = serde_json::Map::new();
        let properties = &shell.parameters["properties"];
        let name = if properties["cmd"].is_object() {
            "cmd"
        } else {
            "command"
        };
        let value = match properties[name]["type"].as_str() {
            Some("array") => json!(["sh", "-c", command]),
            _ => json!(command),
        };
        arguments.insert(name.into(), value);
        // What else they insist on is words for people.
        for required in shell.parameters["required"]
            .as_array()
            .into_iter()
            .flatten()
        {
            if let Some(other) = required.as_str().filter(|other| *other != name) {
                arguments.insert(other.into(), "as the directive says".into());
            }
        }
        Call {
            name: shell.name.clone(),
            arguments: arguments.into(),
        }
    }

    /// What the caller's own prompt says.
    pub(crate) fn system(&self) -> Cow<'_, str> {
        let system = self
            .messages
            .iter()
            .find(|message| message.role == "system");
        system.map(Message::text).unwrap_or_default()
    }

    /// How many answers there were so far: the model's only memory.
    pub(crate) fn turn(&self) -> usize {
        self.messages
            .iter()
            .filter(|message| message.role == "assistant")
            .count()
    }

    /// What the user said before the first answer.
    pub(crate) fn task(&self) -> String {
        let opening = self
            .messages
            .iter()
            .take_while(|message| message.role != "assistant");
        let texts: Vec<_> = opening
            .filter(|message| message.role == "user")
            .map(Message::text)
            .collect();
        texts.join("\n")
    }

    /// What the user has said in all, and how many answers there were since `opening` was said first:
    /// some agents begin a conversation with made-up answers.
    pub(crate) fn since(&self, opening: &str) -> Option<(String, usize)> {
        let at = self
            .messages
            .iter()
            .position(|message| message.role == "user" && message.text().contains(opening))?;
        let answers = self.messages[at..].iter();
        let answers = answers
            .filter(|message| message.role == "assistant")
            .count();
        Some((self.messages[at].text().into_owned(), answers))
    }

    /// Whether any message so far holds `text`.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.messages
            .iter()
            .any(|message| message.text().contains(text))
    }

    /// What the tools gave, in order.
    pub(crate) fn tool_results(&self) -> Vec<Cow<'_, str>> {
        self.messages
            .iter()
            .filter(|message| message.role == "tool")
            .map(Message::text)
            .collect()
    }

    /// Tokens of the prompt, by the rule of thumb of four bytes a token.
    pub(crate) fn prompt_tokens(&self) -> u64 {
        let bytes: usize = self
            .messages
            .iter()
            .map(|message| message.text().len() + 16)
            .sum();
        bytes.div_ceil(4) as u64
    }
}
