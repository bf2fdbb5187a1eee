//! Usage in the four dialects that model providers speak.

use serde_json::Value;

use crate::limits::Tokens;

/// What an answer told so far; the last of each wins.
#[derive(Debug, Default)]
pub(super) struct Usage {
    input: Option<u64>,
    output: Option<u64>,
    cached: Option<u64>,
}

impl Usage {
    /// Takes an event of a stream, or a whole answer.
    pub(super) fn read(&mut self, json: &Value) {
        let places = [
            &json["usage"],
            // Responses: `response.completed`.
            &json["response"]["usage"],
            // Messages: `message_start`.
            &json["message"]["usage"],
            &json["usageMetadata"],
        ];
        for usage in places {
            let number = |name: &str| usage[name].as_u64();
            let sum = |names: &[&str]| {
                let numbers = names.iter().filter_map(|name| number(name));
                numbers.reduce(|a, b| a + b)
            };
            // Anthropic counts what comes from and goes to its cache apart from the rest.
            let input = number("prompt_tokens")
                .or_else(|| number("promptTokenCount"))
                .or_else(|| {
                    number("input_tokens")?;
                    sum(&[
                        "input_tokens",
                        "cache_read_input_tokens",
                        "cache_creation_input_tokens",
                    ])
                });
            let output = number("completion_tokens")
                .or_else(|| number("output_tokens"))
                .or_else(|| sum(&["candidatesTokenCount", "thoughtsTokenCount"]));
            let cached = usage["prompt_tokens_details"]["cached_tokens"]
                .as_u64()
                .or_else(|| usage["input_tokens_details"]["cached_tokens"].as_u64())
                .or_else(|| number("cache_read_input_tokens"))
                .or_else(|| number("cachedContentTokenCount"));
            // `message_delta` of some proxies repeats the input as 0.
            self.input = input.filter(|input| *input > 0).or(self.input);
            self.output = output.or(self.output);
            self.cached = cached.or(self.cached);
        }
    }

    /// `None` where nothing was told.
    pub(super) fn tokens(&self) -> Option<Tokens> {
        let tokens = Tokens {
            input: self.input.unwrap_or_default(),
            output: self.output.unwrap_or_default(),
            cached: self.cached,
        };
        (tokens.input + tokens.output > 0).then_some(tokens)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_four_dialects_are_understood() {
        let read = |events: &[Value]| {
            let mut usage = Usage::default();
            for event in events {
                usage.read(event);
            }
            let tokens = usage.tokens()?;
            Some((tokens.input, tokens.output, tokens.cached))
        };
        let chat = json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 4}}});
        assert_eq!(read(&[chat]), Some((10, 3, Some(4))));
        let responses = json!({"type": "response.completed", "response": {"usage":
            {"input_tokens": 10, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 4}}}});
        assert_eq!(read(&[responses]), Some((10, 3, Some(4))));
        let start = json!({"type": "message_start", "message": {"usage":
            {"input_tokens": 6, "cache_read_input_tokens": 4, "output_tokens": 1}}});
        let delta = json!({"type": "message_delta", "usage": {"output_tokens": 3}});
        assert_eq!(read(&[start, delta]), Some((10, 3, Some(4))));
        let gemini = json!({"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2,
            "thoughtsTokenCount": 1, "cachedContentTokenCount": 4}});
        assert_eq!(read(&[gemini]), Some((10, 3, Some(4))));
        assert_eq!(read(&[json!({"usage": {}}), json!({"usage": null})]), None);
    }
}
