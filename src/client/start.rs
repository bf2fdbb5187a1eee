//! `aideator run`.

use std::fs;
use std::io;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::output::Output;
use super::run::Run;
use super::variant::variant;
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
    /// Run the checks at the base commit, too, before the work: did they fail there?
    #[arg(long)]
    checks_before: bool,
    /// Settings of one variation, such as `model=NAME,temperature=0.3`; once for each variation. Others are
    /// instructions, engine, command and image.
    #[arg(
        long = "variant",
        value_name = "SETTINGS",
        conflicts_with = "variations"
    )]
    variants: Vec<String>,
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
    /// US dollars at which all variations are stopped, when together they have spent them.
    #[arg(long, value_name = "USD")]
    max_run_cost: Option<f64>,
    /// Tokens at which a variation stops by itself.
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    #[command(flatten)]
    git: GitToken,
    /// All of it as the JSON of POST /api/v1/runs, from a file or `-`; nothing else is given then.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prompt", "repo", "from", "git_ref", "variations", "checks", "checks_before", "variants", "model", "temperature", "timeout", "max_cost", "max_run_cost", "max_tokens", "git_token"])]
    request: Option<String>,
    /// Follow it to its end; 0 where a variation succeeded, 1 where none did.
    #[arg(long)]
    wait: bool,
    /// Print JSON: the server's answer, or with --wait an object for each event.
    #[arg(long)]
    json: bool,
}

/// A git credential for this once. It is in no argument, where other users of the machine could see it.
#[derive(Debug, clap::Args)]
pub(super) struct GitToken {
    /// A file with a token for the repository's host, for this once; `-` reads it from standard input. One
    /// for all of your runs is stored over the API or the page.
    #[arg(long, value_name = "FILE")]
    git_token: Option<String>,
    /// The user name beside it, where the host wants a certain one.
    #[arg(long, value_name = "NAME", requires = "git_token")]
    git_username: Option<String>,
}

impl GitToken {
    fn is_stdin(&self) -> bool {
        self.git_token.as_deref() == Some("-")
    }

    /// As the API takes it.
    pub(super) fn credential(self) -> Outcome<Option<Value>> {
        let Some(file) = self.git_token else {
            return Ok(None);
        };
        let mut credential = json!({"token": read(&file)?.trim()});
        if let Some(name) = self.git_username {
            credential["username"] = name.into();
        }
        Ok(Some(credential))
    }
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
    if arguments.prompt.as_deref() == Some("-") && arguments.git.is_stdin() {
        let message =
            "the prompt and the token cannot both come from standard input: name a file for one";
        return Err(Failure::usage(message));
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
    put(
        &mut body,
        "checks_before",
        arguments.checks_before.then_some(true),
    );
    let variants: Vec<Value> = arguments
        .variants
        .iter()
        .map(|it| variant(it))
        .collect::<Outcome<_>>()?;
    put(
        &mut body,
        "variants",
        Some(variants).filter(|it| !it.is_empty()),
    );
    put(&mut body, "git_credential", arguments.git.credential()?);
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
    put(&mut limits, "max_run_cost_usd", arguments.max_run_cost);
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

pub(super) fn put<T: serde::Serialize>(
    body: &mut Map<String, Value>,
    name: &str,
    value: Option<T>,
) {
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
