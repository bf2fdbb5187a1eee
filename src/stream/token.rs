//! Positions in a run, as text for `id:` and `Last-Event-ID`. Opaque to clients.
//!
//! `e3.1042.0.77~65` is: 3 events told, 1042 bytes of the first log, none of the second, and of the
//! third 77 bytes, which is within the line that begins at 65. `e3v1.…` is a place in the stream of
//! variation 1 alone, which says nothing about what was told of the others.

use std::fmt;
use std::str::FromStr;

use crate::logs::Position;

/// A position in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    events: i64,
    /// The stream tells only this variation.
    only: Option<u8>,
    logs: Vec<Position>,
}

/// The text is no position of this run.
#[derive(Debug, thiserror::Error)]
#[error("this is no position in this run's stream; leave it out to start from the beginning")]
pub struct BadToken;

impl Token {
    /// Before everything.
    pub fn start(logs: usize, only: Option<u8>) -> Self {
        Self {
            events: 0,
            only,
            logs: vec![Position::default(); logs],
        }
    }

    /// Number of the last event told.
    pub fn events(&self) -> i64 {
        self.events
    }

    pub(super) fn fits(&self, logs: usize, only: Option<u8>) -> bool {
        self.logs.len() == logs && self.only == only
    }

    pub(super) fn positions(&self) -> Vec<Position> {
        self.logs.clone()
    }

    pub(super) fn set(&mut self, log: usize, position: Position) {
        self.logs[log] = position;
    }

    pub(super) fn set_events(&mut self, seq: i64) {
        self.events = seq;
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.events)?;
        if let Some(only) = self.only {
            write!(f, "v{only}")?;
        }
        for at in &self.logs {
            write!(f, ".{}", at.offset)?;
            if at.line_start != at.offset {
                write!(f, "~{}", at.line_start)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Token {
    type Err = BadToken;

    fn from_str(text: &str) -> Result<Self, BadToken> {
        let mut parts = text.split('.');
        let events = parts
            .next()
            .and_then(|part| part.strip_prefix('e'))
            .ok_or(BadToken)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| BadToken);
        let (events, only) = match events.split_once('v') {
            Some((events, only)) => (events, Some(only.parse().map_err(|_| BadToken)?)),
            None => (events, None),
        };
        let logs = parts
            .map(|part| match part.split_once('~') {
                None => Ok(Position::line(number(part)?)),
                Some((offset, start)) => {
                    let (offset, line_start) = (number(offset)?, number(start)?);
                    if line_start >= offset {
                        return Err(BadToken);
                    }
                    Ok(Position { offset, line_start })
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            events: i64::try_from(number(events)?).map_err(|_| BadToken)?,
            only,
            logs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text_form() {
        for text in ["e0.0.0.0", "e3.1042.0.77~65", "e9.5", "e2v1.0.9"] {
            assert_eq!(text.parse::<Token>().unwrap().to_string(), text);
        }
        for text in [
            "", "3.1", "e", "e1.x", "e1.5~5", "e1.5~9", "e-1.0", "e1.5~", "e1v.0", "e1v999.0",
        ] {
            assert!(text.parse::<Token>().is_err(), "{text}");
        }
    }
}
