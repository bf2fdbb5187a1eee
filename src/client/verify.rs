//! `aideator verify`.

use serde::Deserialize;
use serde_json::Value;

use super::api::{Api, read};
use super::exit::{Exit, Outcome};
use super::output::Output;
use super::printable::one_line;
use super::run::{Run, Variation};

#[derive(Debug, clap::Args)]
pub struct VerifyArguments {
    /// The run's id, or `latest`.
    run: String,
    /// Only this variation.
    variation: Option<u8>,
    /// Print an object for each variation: the server's JSON, and `variation_id`.
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Found {
    verdict: String,
    complete: String,
    stored: Side,
    message: Option<String>,
    command: String,
}

#[derive(Deserialize)]
struct Side {
    lines: u64,
    bytes: u64,
    sha256: String,
}

pub(super) async fn verify(api: &Api, arguments: &VerifyArguments, output: Output) -> Outcome {
    let run = Run::find(api, &arguments.run).await?;
    let which: Vec<&Variation> = match arguments.variation {
        Some(number) => vec![run.variation(number)?],
        None => run.variations.iter().collect(),
    };
    let which: Vec<&Variation> = which
        .into_iter()
        .map(Variation::settled)
        .collect::<Outcome<_>>()?;
    let mut exit = Exit::Done;
    for variation in which {
        let index = variation.index;
        let path = run.path(&format!("/variations/{index}/verify"));
        let mut answer: Value = api.get(&path).await?;
        let found: Found = read(&answer)?;
        // What is there is the end of what is stored, or cannot be had any more: no contradiction.
        if found.verdict == "mismatch" || found.complete == "no" {
            exit = Exit::No;
        }
        if arguments.json {
            answer["variation_id"] = index.into();
            output.bytes(format!("{answer}\n").as_bytes())?;
            continue;
        }
        output.line(&format!(
            "{}| {}, complete: {}, {} lines, {} bytes, sha256 {}",
            variation.number(),
            one_line(&found.verdict),
            one_line(&found.complete),
            found.stored.lines,
            found.stored.bytes,
            one_line(&found.stored.sha256)
        ))?;
        let message = found.message.filter(|it| !it.is_empty());
        for text in [Some(found.command), message].into_iter().flatten() {
            output.line(&format!("   {}", one_line(&text)))?;
        }
    }
    Ok(exit)
}
