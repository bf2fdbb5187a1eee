//! `aideator logs`.

use std::fmt;

use clap::ValueEnum;
use futures::StreamExt as _;

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::output::Output;
use super::run::Run;
use super::watch::follow;

#[derive(Debug, clap::Args)]
pub struct LogsArguments {
    /// The run's id, or `latest`.
    run: String,
    /// Only this variation.
    variation: Option<u8>,
    /// Line by line until the end, instead of what there is now.
    #[arg(short, long)]
    follow: bool,
    /// How the log of one variation is printed.
    #[arg(long, default_value_t = Format::Text, conflicts_with = "follow")]
    format: Format,
    /// With --follow an object for each event, otherwise for each line.
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// What the agent said and did.
    Text,
    /// The bytes that `kubectl logs` prints.
    Raw,
    /// The bytes that `kubectl logs --timestamps` prints.
    Timestamps,
    /// An object for each line.
    Json,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Raw => "raw",
            Self::Timestamps => "timestamps",
            Self::Json => "json",
        })
    }
}

pub(super) async fn logs(api: &Api, arguments: &LogsArguments, output: Output) -> Outcome {
    let run = Run::find(api, &arguments.run).await?;
    let only = match arguments.variation {
        Some(number) => Some(run.variation(number)?.index),
        None if run.variations.len() == 1 => Some(0),
        None => None,
    };
    if arguments.follow {
        return follow(api, &run, only, arguments.json, output).await;
    }
    let Some(index) = only else {
        let message = format!(
            "{} has {} variations: name one, or print them together with --follow",
            run.id,
            run.variations.len()
        );
        return Err(Failure::usage(message));
    };
    let format = if arguments.json {
        Format::Json
    } else {
        arguments.format
    };
    let path = run.path(&format!("/variations/{index}/logs?format={format}"));
    let Some(response) = api.open(&path, None).await? else {
        return Ok(Exit::Done);
    };
    let mut blocks = response.bytes_stream();
    let mut printer = Printer::new(format, output);
    while let Some(block) = blocks.next().await {
        let broke = |error: reqwest::Error| {
            let message = format!("the log broke off: {}", super::api::reason(&error));
            Failure::new(Exit::Unreachable, message)
        };
        printer.take(&block.map_err(broke)?)?;
    }
    printer.finish()?;
    Ok(Exit::Done)
}

/// Text is printed by whole lines, so that nothing that is not for a terminal gets there in two
/// halves; other formats as they come, which on a terminal is the same.
struct Printer {
    output: Output,
    by_line: bool,
    text: bool,
    open: Vec<u8>,
}

/// A line that is longer is printed in pieces.
const LONGEST_LINE: usize = 64 * 1024;

impl Printer {
    fn new(format: Format, output: Output) -> Self {
        let text = format == Format::Text;
        Self {
            output,
            by_line: text || output.is_terminal,
            text,
            open: Vec::new(),
        }
    }

    fn take(&mut self, block: &[u8]) -> Outcome<()> {
        if !self.by_line {
            return self.output.bytes(block);
        }
        self.open.extend_from_slice(block);
        let end = self.open.iter().rposition(|byte| *byte == b'\n');
        match end {
            Some(end) => {
                let rest = self.open.split_off(end + 1);
                let lines = std::mem::replace(&mut self.open, rest);
                self.print(&lines)
            }
            None if self.open.len() > LONGEST_LINE => self.finish(),
            None => Ok(()),
        }
    }

    fn finish(&mut self) -> Outcome<()> {
        let rest = std::mem::take(&mut self.open);
        self.print(&rest)
    }

    fn print(&self, bytes: &[u8]) -> Outcome<()> {
        if self.text {
            self.output.text(&String::from_utf8_lossy(bytes))
        } else {
            self.output.bytes(bytes)
        }
    }
}
