//! `aideator run`.

use std::fs;
use std::io;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::output::Output;
use super::run::Run;
use super::watch::watch;

#[derive(Debug, clap::Args)]
pub struct StartArguments {
    /// What the agents are asked to do; `-` reads it from standard input.
    #[arg(required_unless_present = "request")]
    prompt: Option<String>,
    /// The repository's address, which the server and the agents reach.
    #[arg(long, value_name = "URL", required_unless_present_any = ["request", "from"])]
    repo: Option<String>,
    /// Start from the result of a variation of an earlier run, on its repository and commit.
    #[arg(long, value_name = "RUN/N", conflicts_with_all = ["repo", "git_ref"])]
    from: Option<String>,
    /// Branch, tag or commit; the default branch unless given.
    #[arg(long = "ref", value_name = "REF")]
    git_ref: Option<String>,
    /// How many agents; 3 unless given.
    #[arg(short = 'n', long, value_name = "N")]
    variations: Option<u8>,
    /// A shell command that is run after the work, as evidence; may be given several times.
    #[arg(long = "check", value_name = "COMMAND")]
    checks: Vec<String>,
    /// The model of all variations.
    #[arg(long)]
    model: Option<String>,
    /// The temperature of all variations.
    #[arg(long)]
    temperature: Option<f64>,
    /// Seconds after which a variation stops by itself.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// US dollars at which a variation stops by itself.
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// Tokens at which a variation stops by itself.
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// All of it as the JSON of POST /api/v1/runs, from a file or `-`; nothing else is given then.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "repo", "from", "git_ref", "variations", "checks", "model", "temperature", "timeout", "max_cost", "max_tokens"])]
    request: Option<String>,
    /// Follow it to its end; 0 where a variation succeeded, 1 where none did.
    #[arg(long)]
    wait: bool,
    /// Print JSON: the server's answer, or with --wait an object for each event.
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Accepted {
    run_id: String,
    variations: Vec<Value>,
}

pub(super) async fn start(api: &Api, arguments: StartArguments, output: Output) -> Outcome {
    let (wait, json) = (arguments.wait, arguments.json);
    let from = arguments.from.clone();
    let mut body = body(arguments)?;
    if let Some(from) = from {
        body["base"] = base(api, &from).await?;
    }
    if json && !wait {
        let answer = api
            .bytes(reqwest::Method::POST, "/runs", Some(&body))
            .await?;
        output.bytes(&[&answer[..], b"\n"].concat())?;
        return Ok(Exit::Done);
    }
    let run: Accepted = api.post("/runs", &body).await?;
    let id = &run.run_id;
    if wait {
        output.note(&format!("{id}: {}", page(api, id)));
        return watch(api, id, run.variations.len(), json, output).await;
    }
    output.line(id)?;
    output.note(&format!(
        "started; follow it with `aideator logs {id} --follow`, or at {}",
        page(api, id)
    ));
    Ok(Exit::Done)
}

fn page(api: &Api, run: &str) -> String {
    format!("{}/stream?run={run}", api.url())
}

/// Only what was asked for: the rest is the server's to decide.
fn body(arguments: StartArguments) -> Outcome<Value> {
    if let Some(file) = &arguments.request {
        let text = read(file)?;
        return serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("{file} is no JSON: {error}")));
    }
    let prompt = match arguments.prompt.as_deref() {
        Some("-") => read("-")?,
        other => other.unwrap_or_default().to_owned(),
    };
    let mut body = Map::new();
    put(&mut body, "github_url", arguments.repo);
    put(&mut body, "prompt", Some(prompt));
    put(&mut body, "ref", arguments.git_ref);
    put(&mut body, "variations", arguments.variations);
    let checks = Some(arguments.checks).filter(|checks| !checks.is_empty());
    put(&mut body, "checks", checks);
    let mut config = Map::new();
    put(&mut config, "model", arguments.model);
    put(&mut config, "temperature", arguments.temperature);
    put(
        &mut body,
        "agent_config",
        Some(config).filter(|it| !it.is_empty()),
    );
    let mut limits = Map::new();
    put(&mut limits, "timeout_seconds", arguments.timeout);
    put(&mut limits, "max_cost_usd", arguments.max_cost);
    put(&mut limits, "max_total_tokens", arguments.max_tokens);
    put(
        &mut body,
        "limits",
        Some(limits).filter(|it| !it.is_empty()),
    );
    Ok(body.into())
}

/// `RUN/N` as the API names it.
async fn base(api: &Api, from: &str) -> Outcome<Value> {
    let named = from.rsplit_once('/');
    let named = named.and_then(|(run, number)| Some((run, number.parse().ok()?)));
    let Some((run, number)) = named else {
        let message = format!("`{from}` is no variation of a run: it looks like latest/1");
        return Err(Failure::usage(message));
    };
    let run = Run::find(api, run).await?;
    let variation = run.variation(number)?.with_result()?;
    Ok(json!({"run_id": run.id, "variation_id": variation.index}))
}

fn put<T: serde::Serialize>(body: &mut Map<String, Value>, name: &str, value: Option<T>) {
    if let Some(value) = value {
        body.insert(name.to_owned(), json!(value));
    }
}

fn read(file: &str) -> Outcome<String> {
    let text = match file {
        "-" => io::read_to_string(io::stdin()),
        file => fs::read_to_string(file),
    };
    text.map_err(|error| Failure::local(file, &error))
}
