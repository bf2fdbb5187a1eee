//! The model: one streamed answer at a time from any OpenAI-compatible endpoint, whatever it is that
//! it does differently, with retries.
//!
//! - [`wire`]: what is sent and what comes, all optional;
//! - [`service`]: HTTP below async-openai, where errors keep their status, headers and body;
//! - [`assemble`]: chunks put together to a [`Reply`];
//! - [`error`]: what went wrong and whether trying again can help.
//!
//! Invariant: a reply is whole (the provider said so) or an error. Of an answer that was cut only
//! its text has been seen, by people, never acted on.

mod assemble;
mod error;
mod service;
mod wire;

use std::time::Duration;

use aideator_agent::{config::Config, protocol::Step};
use async_openai::{Client, config::OpenAIConfig};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use self::{
    assemble::{Assembly, Delta},
    service::Flows,
    wire::Chunk,
};
pub(crate) use self::{
    assemble::{Call, Finish, Reply},
    error::{ErrorKind, ModelError},
    service::{failure, http_client},
};
use crate::{input::Provider, output::Output};

/// Most tokens of one answer where the configuration says nothing.
const MAX_TOKENS: u32 = 8192;

/// Where a message holds the model's thoughts. Some models demand them back, some refuse them.
const REASONING: &str = "reasoning_content";

/// How patient we are with a provider.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    /// Tries of one answer.
    pub(crate) tries: u32,
    /// Wait after the first failure; doubled after each further one.
    pub(crate) first_wait: Duration,
    /// Longest wait that is our own choice.
    pub(crate) longest_wait: Duration,
    /// Longest wait that a provider may ask for.
    pub(crate) longest_asked: Duration,
    /// Silence before the first chunk.
    pub(crate) first_chunk: Duration,
    /// Silence between chunks.
    pub(crate) next_chunk: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 5,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(30),
            longest_asked: Duration::from_mins(1),
            first_chunk: Duration::from_mins(5),
            next_chunk: Duration::from_mins(2),
        }
    }
}

/// A model's name as the provider knows it: `openai/` is `LiteLLM`'s prefix for `OpenAI`'s own API,
/// where it is unknown.
pub(crate) fn upstream_name(name: &str) -> &str {
    name.strip_prefix("openai/").unwrap_or(name)
}

/// A model at an endpoint.
pub(crate) struct Model {
    client: Client<OpenAIConfig>,
    /// How far each stream has come.
    flows: Flows,
    settings: Settings,
    patience: Patience,
    output: Output,
}

/// What every request says, and what this provider has refused to hear.
struct Settings {
    name: String,
    temperature: Option<f64>,
    max_tokens: u32,
    stop: Vec<String>,
    /// `max_completion_tokens` instead of `max_tokens`.
    completion_tokens: bool,
    /// Ask for usage in the stream.
    stream_usage: bool,
    /// Send the model its own thoughts back.
    reasoning: bool,
}

impl Model {
    pub(crate) fn new(
        name: &str,
        config: &Config,
        provider: &Provider,
        patience: Patience,
        output: Output,
    ) -> Result<Self, ModelError> {
        let flows = Flows::default();
        let openai = OpenAIConfig::new()
            .with_api_base(&provider.base_url)
            .with_api_key(&provider.api_key);
        let http = service::http_client()?;
        let client = Client::build(http.clone(), openai)
            .with_http_service(service::service(http, flows.clone()));
        Ok(Self {
            client,
            flows,
            settings: Settings {
                name: upstream_name(name).to_owned(),
                temperature: config.temperature,
                max_tokens: config.max_tokens.unwrap_or(MAX_TOKENS),
                stop: config.stop_sequences.clone(),
                completion_tokens: false,
                stream_usage: true,
                reasoning: true,
            },
            patience,
            output,
        })
    }

    /// The model's answer to `messages`. Text is printed as it comes.
    pub(crate) async fn reply(
        &mut self,
        messages: &[Value],
        tools: &Value,
    ) -> Result<Reply, ModelError> {
        let mut shown = Shown::default();
        let mut failures = 0;
        loop {
            let error = match self.attempt(messages, tools, &mut shown).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            if let Some(message) = self.settings.give_in(&error) {
                self.output.status(Step::Llm, message).await;
                continue;
            }
            failures += 1;
            if !error.is_retryable() || failures >= self.patience.tries {
                return Err(error);
            }
            let wait = self.wait(failures, &error);
            let message = format!(
                "{error} Trying again in {:.1} s (try {} of {}).",
                wait.as_secs_f64(),
                failures + 1,
                self.patience.tries
            );
            self.output.status(Step::Llm, message).await;
            sleep(wait).await;
            shown.start_over();
        }
    }

    fn wait(&self, failures: u32, error: &ModelError) -> Duration {
        let patience = &self.patience;
        if let Some(asked) = error.retry_after {
            return asked.min(patience.longest_asked);
        }
        let doubled = patience.first_wait * 2_u32.saturating_pow(failures - 1);
        // Up to a quarter more, so that the variations of a run do not come back all at once.
        let jitter = f64::from(jiff::Timestamp::now().subsec_nanosecond() % 1000) / 4000.0;
        doubled.min(patience.longest_wait).mul_f64(1.0 + jitter)
    }

    async fn attempt(
        &self,
        messages: &[Value],
        tools: &Value,
        shown: &mut Shown,
    ) -> Result<Reply, ModelError> {
        let flow = self.flows.begin();
        let request = self.settings.request(messages, tools);
        let silent = |limit: Duration| {
            let seconds = limit.as_secs();
            ModelError::new(
                ErrorKind::Timeout,
                format!("The model said nothing for {seconds} s."),
            )
        };
        let first = self.patience.first_chunk;
        let open = async {
            let chat = self.client.chat();
            let mut stream = chat.create_stream_byot::<_, Chunk>(request).await?;
            let chunk = stream.next().await;
            Ok::<_, ModelError>((stream, chunk))
        };
        let (mut stream, mut chunk) = timeout(first, open).await.map_err(|_| silent(first))??;
        let mut assembly = Assembly::default();
        while let Some(next) = chunk {
            for delta in assembly.push(next?)? {
                self.print(delta, shown).await;
            }
            flow.take();
            let limit = self.patience.next_chunk;
            chunk = timeout(limit, stream.next())
                .await
                .map_err(|_| silent(limit))?;
        }
        assembly.finish(flow.is_done())
    }

    async fn print(&self, delta: Delta, shown: &mut Shown) {
        match delta {
            Delta::Text(text) => match shown.beyond(&text) {
                Beyond::Nothing => {}
                Beyond::Text(text) => self.output.text(text).await,
                Beyond::Other(text) => {
                    let message = "The model starts its answer over.";
                    self.output.status(Step::Llm, message).await;
                    self.output.text(text).await;
                }
            },
            Delta::Reasoning(delta) => {
                let body = aideator_agent::protocol::Body::Reasoning { delta };
                self.output.print(body).await;
            }
        }
    }
}

impl Settings {
    fn request(&self, messages: &[Value], tools: &Value) -> Value {
        let mut request = json!({
            "model": self.name,
            "messages": messages,
            "stream": true,
        });
        // An empty list of tools is refused by some.
        if tools.as_array().is_some_and(|tools| !tools.is_empty()) {
            request["tools"] = tools.clone();
        }
        let limit = if self.completion_tokens {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        request[limit] = self.max_tokens.into();
        if !self.reasoning {
            let messages = request["messages"].as_array_mut();
            for message in messages.into_iter().flatten() {
                message.as_object_mut().map(|m| m.remove(REASONING));
            }
        }
        if let Some(temperature) = self.temperature {
            request["temperature"] = temperature.into();
        }
        if !self.stop.is_empty() {
            request["stop"] = self.stop.clone().into();
        }
        if self.stream_usage {
            request["stream_options"] = json!({"include_usage": true});
        }
        request
    }

    /// Leaves out, once, what the provider refuses by name; says so, or `None` if that is not it.
    fn give_in(&mut self, error: &ModelError) -> Option<String> {
        if error.kind != ErrorKind::Refused {
            return None;
        }
        let names = |parameter: &str| error.to_string().contains(parameter);
        if !self.completion_tokens && names("max_completion_tokens") {
            self.completion_tokens = true;
            return Some("The model wants max_completion_tokens for max_tokens.".to_owned());
        }
        if names("temperature") && self.temperature.take().is_some() {
            return Some("The model refuses a temperature: its own is used.".to_owned());
        }
        if self.reasoning && names(REASONING) {
            self.reasoning = false;
            return Some("The model refuses its own thoughts: they are not sent back.".to_owned());
        }
        if self.stream_usage && names("stream_options") {
            self.stream_usage = false;
            return Some("The provider does not tell usage in a stream.".to_owned());
        }
        None
    }
}

/// The text of an answer that people have seen, over all tries.
#[derive(Default)]
struct Shown {
    text: String,
    /// Bytes of `text` that this try has said again.
    again: usize,
}

enum Beyond<'a> {
    /// Said before.
    Nothing,
    /// New.
    Text(&'a str),
    /// Not what was said before: the whole text of this try.
    Other(String),
}

impl Shown {
    fn start_over(&mut self) {
        self.again = 0;
    }

    /// What of a try's next text is new.
    fn beyond<'a>(&mut self, text: &'a str) -> Beyond<'a> {
        let before = &self.text[self.again..];
        let common = before.len().min(text.len());
        if before.as_bytes()[..common] == text.as_bytes()[..common] {
            let new = &text[common..];
            self.text.push_str(new);
            self.again += text.len();
            return if new.is_empty() {
                Beyond::Nothing
            } else {
                Beyond::Text(new)
            };
        }
        self.text.truncate(self.again);
        self.text.push_str(text);
        self.again = self.text.len();
        Beyond::Other(self.text.clone())
    }
}

#[cfg(test)]
#[path = "../tests/support/provider.rs"]
mod provider;
#[cfg(test)]
mod tests;
