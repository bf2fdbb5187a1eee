//! Directives: `[[scripted: …]]` in a prompt makes the model do something on purpose, mostly for tests.
//!
//! A directive is on one line and ends at that line's last `]]`, so a command may hold `]]` itself.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use super::error::ApiError;

/// How each directive is written, and what it does.
pub(crate) const KNOWN: &[(&str, &str)] = &[
    (
        "[[scripted: slow]]",
        "speaks for 90 seconds, a line a second",
    ),
    (
        "[[scripted: say lines=N bytes=B rate=R]]",
        "says N lines of B bytes each, R lines a second (0: at once)",
    ),
    (
        "[[scripted: error=401|404|429|500|cut|garbage]]",
        "fails like this, every time",
    ),
    (
        "[[scripted: run CMD]]",
        "calls the `run` tool with CMD (other agents' `bash`, `shell`, …), then stops",
    ),
    (
        "[[scripted: answer TEXT]]",
        "answers TEXT, in which `\\n` is a newline, and stops",
    ),
    (
        "[[scripted: spend tokens=N]]",
        "reports a usage of N tokens, and goes on for one turn",
    ),
];

/// How each begins.
pub(crate) const OPENING: &str = "[[scripted:";

/// Longest text that a `say` may ask for.
const MAX_SAY_BYTES: u64 = 256 * 1024 * 1024;

/// What a prompt asks the model to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Directive {
    /// Lines of text at a rate.
    Say(Say),
    /// A failure.
    Error(Failure),
    /// One command.
    Run(String),
    /// These words.
    Answer(String),
    /// So many tokens in one answer.
    Spend(u64),
}

/// Lines of text at a rate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Say {
    /// How many lines.
    pub(crate) lines: u64,
    /// Bytes of each, without its newline.
    pub(crate) bytes: u64,
    /// The time between two lines.
    pub(crate) interval: Duration,
}

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Failure {
    /// 401, the key is wrong.
    Unauthorized,
    /// 404, no such model.
    UnknownModel,
    /// 429 with Retry-After.
    RateLimit,
    /// 500.
    Server,
    /// The connection ends in mid-answer.
    Cut,
    /// 200, but what comes is not JSON.
    Garbage,
}

/// A directive that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot follow {written:?}: {problem}. Directives of the scripted model:\n{}",
    known()
)]
pub(crate) struct DirectiveError {
    written: String,
    problem: String,
}

impl From<DirectiveError> for ApiError {
    fn from(error: DirectiveError) -> Self {
        Self::bad_request(error.to_string())
    }
}

fn known() -> String {
    let lines: Vec<_> = KNOWN
        .iter()
        .map(|(syntax, effect)| format!("{syntax} {effect}"))
        .collect();
    lines.join("\n")
}

impl Directive {
    /// The first directive in `text`, if there is one.
    pub(crate) fn find(text: &str) -> Result<Option<Self>, DirectiveError> {
        let Some(start) = text.find(OPENING) else {
            return Ok(None);
        };
        let line = text[start..].lines().next().unwrap_or_default();
        let Some(end) = line.rfind("]]") else {
            let problem = "it does not end with ]] on its line".into();
            return Err(DirectiveError {
                written: line.chars().take(80).collect(),
                problem,
            });
        };
        Self::parse(line[OPENING.len()..end].trim())
            .map(Some)
            .map_err(|problem| DirectiveError {
                written: line[..end + 2].chars().take(200).collect(),
                problem,
            })
    }

    fn parse(body: &str) -> Result<Self, String> {
        let (verb, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
        match (verb, rest.trim()) {
            ("slow", "") => Ok(Self::Say(Say {
                lines: 90,
                bytes: 40,
                interval: Duration::from_secs(1),
            })),
            ("say", settings) => Ok(Self::Say(Say::parse(settings)?)),
            ("run", "") => Err("say which command to run".into()),
            ("run", command) => Ok(Self::Run(command.to_owned())),
            ("answer", text) => Ok(Self::Answer(text.replace("\\n", "\n"))),
            ("spend", settings) => {
                let mut settings = Settings::parse(settings)?;
                let tokens = settings.take("tokens")?.ok_or("say how many: tokens=N")?;
                settings.finish()?;
                Ok(Self::Spend(tokens))
            }
            (verb, "") => match verb.strip_prefix("error=") {
                Some(name) => Ok(Self::Error(name.parse()?)),
                None => Err("there is no such directive".into()),
            },
            _ => Err("there is no such directive".into()),
        }
    }
}

impl Say {
    fn parse(text: &str) -> Result<Self, String> {
        let mut settings = Settings::parse(text)?;
        let lines = settings.take("lines")?.unwrap_or(100);
        let bytes = settings.take("bytes")?.unwrap_or(80);
        let rate = settings.take("rate")?.unwrap_or(10);
        settings.finish()?;
        if bytes < 10 {
            return Err("bytes must be at least 10: each line begins with its number".into());
        }
        if lines == 0 || lines.saturating_mul(bytes) > MAX_SAY_BYTES {
            return Err(format!(
                "lines must be at least 1, and lines times bytes at most {MAX_SAY_BYTES}"
            ));
        }
        if rate > 1_000_000 {
            return Err("rate must be at most 1000000".into());
        }
        let interval = Duration::from_secs(1)
            .checked_div(u32::try_from(rate).unwrap_or(u32::MAX))
            .unwrap_or_default();
        Ok(Self {
            lines,
            bytes,
            interval,
        })
    }

    /// Line `number`, counted from 1, with its newline: the number in eight digits, then letters.
    pub(crate) fn line(&self, number: u64) -> String {
        let filler = ('a'..='z').cycle();
        let line: String = format!("{number:08} ")
            .chars()
            .chain(filler)
            .take(usize::try_from(self.bytes).unwrap_or(80))
            .collect();
        line + "\n"
    }
}

impl FromStr for Failure {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "401" => Ok(Self::Unauthorized),
            "404" => Ok(Self::UnknownModel),
            "429" => Ok(Self::RateLimit),
            "500" => Ok(Self::Server),
            "cut" => Ok(Self::Cut),
            "garbage" => Ok(Self::Garbage),
            _ => Err("error must be one of 401, 404, 429, 500, cut, garbage".into()),
        }
    }
}

/// `name=number` words.
struct Settings<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Settings<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let words = text.split_whitespace();
        words
            .map(|word| {
                word.split_once('=')
                    .ok_or_else(|| format!("{word:?} is not name=number"))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn take(&mut self, name: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.0.remove(name) else {
            return Ok(None);
        };
        value
            .parse()
            .map(Some)
            .map_err(|_| format!("{name} must be a number, not {value:?}"))
    }

    fn finish(self) -> Result<(), String> {
        match self.0.into_keys().next() {
            Some(name) => Err(format!("it has no setting {name:?}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_directive() {
        let found = |text: &str| Directive::find(text).unwrap();
        assert_eq!(found("please fix [this]"), None);
        assert_eq!(
            found("go [[scripted: slow]] now"),
            Some(Directive::Say(Say {
                lines: 90,
                bytes: 40,
                interval: Duration::from_secs(1)
            }))
        );
        assert_eq!(
            found("[[scripted: say lines=3 bytes=20 rate=4000]]"),
            Some(Directive::Say(Say {
                lines: 3,
                bytes: 20,
                interval: Duration::from_micros(250)
            }))
        );
        assert_eq!(
            found("[[scripted: error=429]]"),
            Some(Directive::Error(Failure::RateLimit))
        );
        assert_eq!(
            found("x\n[[scripted: run [[ -f a ]] && echo \"b\"]]\ny ]]"),
            Some(Directive::Run("[[ -f a ]] && echo \"b\"".into()))
        );
        assert_eq!(
            found("[[scripted: answer a\\nb]]"),
            Some(Directive::Answer("a\nb".into()))
        );
        assert_eq!(
            found("[[scripted: spend tokens=12]]"),
            Some(Directive::Spend(12))
        );
    }

    #[test]
    fn refuses_what_it_does_not_know_and_lists_what_it_does() {
        for text in [
            "[[scripted: dance]]",
            "[[scripted: slow down]]",
            "[[scripted: slow",
            "[[scripted: say lines=many]]",
            "[[scripted: say lines=1 colour=2]]",
            "[[scripted: say lines=1000000000 bytes=1000]]",
            "[[scripted: say lines=1 bytes=1]]",
            "[[scripted: error=418]]",
            "[[scripted: run ]]",
            "[[scripted: spend]]",
        ] {
            let message = Directive::find(text).unwrap_err().to_string();
            assert!(
                KNOWN.iter().all(|(syntax, _)| message.contains(syntax)),
                "{message}"
            );
        }
    }

    #[test]
    fn lines_have_the_asked_length() {
        let say = Say {
            lines: 1,
            bytes: 64,
            interval: Duration::ZERO,
        };
        assert_eq!(say.line(7).len(), 65);
        assert!(say.line(7).starts_with("00000007 abc"));
    }

    #[test]
    fn the_readme_lists_every_directive() {
        let readme = include_str!("../../README.md");
        for (syntax, effect) in KNOWN {
            assert!(
                readme.contains(syntax) && readme.contains(effect),
                "{syntax}: {effect}"
            );
        }
    }
}
