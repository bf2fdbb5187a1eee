//! An answer as it is spoken: small pieces, each with its time.

use std::time::Duration;

use serde_json::Value;

use super::directive::Say;
use super::speed::Speed;

/// A piece of an answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Delta {
    /// Some text.
    Text(String),
    /// A tool call begins.
    Call {
        index: usize,
        id: String,
        name: String,
    },
    /// Some more of a call's arguments, which are JSON in the end.
    Arguments { index: usize, fragment: String },
}

/// A piece and when it is due, counted from the first byte of the answer.
#[derive(Debug)]
pub(crate) struct Beat {
    /// When to say it.
    pub(crate) due: Duration,
    /// What to say.
    pub(crate) delta: Delta,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// The model is done.
    Stop,
    /// The model waits for its calls.
    ToolCalls,
    /// The connection is cut.
    Cut,
    /// Something that is not JSON comes, and nothing after it.
    Garbage,
}

/// A call of a tool.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Which tool.
    pub(crate) name: String,
    /// With what; an object.
    pub(crate) arguments: Value,
}

/// Tokens that an answer cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Of the conversation so far.
    pub(crate) prompt_tokens: u64,
    /// Of the answer.
    pub(crate) completion_tokens: u64,
}

/// One answer. Its pieces are made while it is spoken, so that a long one needs no memory.
pub(crate) struct Reply {
    /// The pieces in order.
    pub(crate) beats: Box<dyn Iterator<Item = Beat> + Send>,
    /// What follows them.
    pub(crate) end: End,
    /// What it cost.
    pub(crate) usage: Usage,
}

/// How a model speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    first_token: Duration,
    text: Duration,
    arguments: Duration,
}

impl Pace {
    /// The large model takes its time.
    pub(crate) fn of(model: &str, speed: Speed) -> Self {
        let tokens_per_second = if model == "scripted-large" {
            20.0
        } else {
            30.0
        };
        Self {
            first_token: speed.scale(Duration::from_millis(500)),
            text: speed.interval(tokens_per_second),
            // Real models are no faster at arguments, but nobody wants to watch a file being written.
            arguments: speed.interval(tokens_per_second * 4.0),
        }
    }
}

impl Reply {
    /// Text, then calls.
    pub(crate) fn turn(
        turn: usize,
        say: &str,
        calls: &[Call],
        pace: Pace,
        prompt_tokens: u64,
    ) -> Self {
        let mut due = pace.first_token;
        let mut beats = Vec::new();
        for piece in tokens(say) {
            beats.push(Beat {
                due,
                delta: Delta::Text(piece),
            });
            due += pace.text;
        }
        for (index, call) in calls.iter().enumerate() {
            let id = format!("call_scripted_{turn}_{index}");
            beats.push(Beat {
                due,
                delta: Delta::Call {
                    index,
                    id,
                    name: call.name.clone(),
                },
            });
            for fragment in tokens(&call.arguments.to_string()) {
                due += pace.arguments;
                beats.push(Beat {
                    due,
                    delta: Delta::Arguments { index, fragment },
                });
            }
        }
        let usage = Usage {
            prompt_tokens,
            completion_tokens: beats.len() as u64,
        };
        let end = if calls.is_empty() {
            End::Stop
        } else {
            End::ToolCalls
        };
        Self {
            beats: Box::new(beats.into_iter()),
            end,
            usage,
        }
    }

    /// Numbered lines at their own rate.
    pub(crate) fn lines(say: Say, prompt_tokens: u64) -> Self {
        let usage = Usage {
            prompt_tokens,
            completion_tokens: (say.lines * (say.bytes + 1)).div_ceil(4),
        };
        let beats = (1..=say.lines).map(move |number| Beat {
            due: say
                .interval
                .saturating_mul(u32::try_from(number).unwrap_or(u32::MAX)),
            delta: Delta::Text(say.line(number)),
        });
        Self {
            beats: Box::new(beats),
            end: End::Stop,
            usage,
        }
    }
}

/// Splits `text` into pieces of about a token's size: a word with the space before it, long ones in parts.
fn tokens(text: &str) -> Vec<String> {
    const LONGEST: usize = 6;
    let mut tokens: Vec<String> = Vec::new();
    let mut letters = 0;
    for character in text.chars() {
        let starts_word = character == ' ' && letters > 0;
        match tokens.last_mut() {
            Some(token) if letters < LONGEST && !starts_word => token.push(character),
            _ => {
                tokens.push(character.into());
                letters = 0;
            }
        }
        letters += usize::from(character != ' ');
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_join_to_the_text() {
        let text = "Größe:  a  considerable\n\n    `x`🦀 ";
        let tokens = tokens(text);
        assert_eq!(tokens.concat(), text);
        assert!(
            tokens.len() > 5 && tokens.iter().all(|token| token.len() < 20),
            "{tokens:?}"
        );
    }
}
