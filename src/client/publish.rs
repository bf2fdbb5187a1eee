//! `aideator publish`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::output::Output;
use super::printable::one_line;
use super::run::Run;
use super::start::{GitToken, put};
use super::watch::wait_for;

/// The publisher among a run's agents.
const PUBLISHER: u8 = 254;

#[derive(Debug, clap::Args)]
pub struct PublishArguments {
    /// The run's id, or `latest`. One of its variations must be picked.
    run: String,
    /// The new branch; one that is there is never touched.
    #[arg(long, value_name = "NAME")]
    branch: String,
    /// Of the commit; the beginning of the prompt unless given.
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// Ask for a pull request, or a merge request as GitLab says.
    #[arg(long)]
    pull_request: bool,
    /// Its title; the commit's first line unless given.
    #[arg(long, value_name = "TEXT", requires = "pull_request")]
    title: Option<String>,
    /// The branch that it is to be merged into; what the run started from unless given.
    #[arg(long, value_name = "BRANCH", requires = "pull_request")]
    into: Option<String>,
    #[command(flatten)]
    git: GitToken,
    /// Wait for its end; 1 where it was not pushed.
    #[arg(long)]
    wait: bool,
}

/// The part of a run that is about its publication.
#[derive(Deserialize)]
struct Published {
    publication: Option<Publication>,
}

#[derive(Deserialize)]
struct Publication {
    publisher: Publisher,
    branch: String,
    commit: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Publisher {
    status: String,
    reason: Option<String>,
    message: Option<String>,
}

pub(super) async fn publish(api: &Api, arguments: PublishArguments, output: Output) -> Outcome {
    let run = Run::find(api, &arguments.run).await?;
    let wait = arguments.wait;
    let body = body(arguments)?;
    let _: Value = api.post(&run.path("/publish"), &body).await?;
    let id = &run.id;
    if !wait {
        output.line(&format!("{id} is being published"))?;
        output.note(&format!(
            "what has come of it: aideator show {id} --json | jq .publication"
        ));
        return Ok(Exit::Done);
    }
    wait_for(api, id, PUBLISHER, output).await?;
    let now: Published = api.get(&run.path("")).await?;
    let Some(Publication {
        publisher,
        branch,
        commit,
        url,
    }) = now.publication
    else {
        return Err(Failure::not_found("the publication is gone"));
    };
    if let Some(commit) = commit {
        output.line(&format!("{} at {}", one_line(&branch), one_line(&commit)))?;
    }
    if let Some(url) = url {
        output.line(&one_line(&url))?;
    }
    if publisher.status == "succeeded" {
        return Ok(Exit::Done);
    }
    let why = [publisher.reason, publisher.message];
    let why: Vec<String> = why.into_iter().flatten().collect();
    let message = format!("the publisher {}: {}", publisher.status, why.join(": "));
    Err(Failure::new(Exit::No, message))
}

fn body(arguments: PublishArguments) -> Outcome<Value> {
    let mut body = Map::new();
    put(&mut body, "branch", Some(arguments.branch));
    put(&mut body, "message", arguments.message);
    if arguments.pull_request {
        let mut request = Map::new();
        put(&mut request, "title", arguments.title);
        put(&mut request, "base", arguments.into);
        body.insert("pull_request".to_owned(), json!(request));
    }
    put(&mut body, "git_credential", arguments.git.credential()?);
    Ok(body.into())
}
