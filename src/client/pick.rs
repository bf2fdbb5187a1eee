//! `aideator pick` and `aideator patch`.

use reqwest::Method;
use serde_json::json;

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::git::Repository;
use super::output::Output;
use super::run::Run;

#[derive(Debug, clap::Args)]
pub struct PickArguments {
    /// The run's id, or `latest`.
    run: String,
    /// The variation, from 1.
    variation: u8,
    /// Why, for those who look at the run later.
    #[arg(long)]
    note: Option<String>,
    /// Also cancel the variations that have not ended.
    #[arg(long)]
    cancel_others: bool,
    /// Apply its patch to the git repository you stand in. Nothing is committed.
    #[arg(long)]
    apply: bool,
}

#[derive(Debug, clap::Args)]
pub struct PatchArguments {
    /// The run's id, or `latest`.
    run: String,
    /// The variation, from 1.
    variation: u8,
    /// What leads from this variation's tree to the other's.
    #[arg(long, value_name = "VARIATION")]
    from: Option<u8>,
    /// Of a run that starts from an earlier result: only what was changed since then.
    #[arg(long, conflicts_with = "from")]
    since_base: bool,
}

pub(super) async fn pick(api: &Api, arguments: &PickArguments, output: Output) -> Outcome {
    let run = Run::find(api, &arguments.run).await?;
    let number = arguments.variation;
    let variation = run.variation(number)?.with_result()?;
    let index = variation.index;
    // Everything that can stand in the way is looked at before anything is done.
    let ready = if arguments.apply {
        let repository = Repository::here().await?;
        let patch = fetch(api, &run, number, &Since::Commit).await?;
        repository
            .has_commit(&run.base_sha, &run.github_url)
            .await?;
        repository.takes(&patch, &run.base_sha).await?;
        Some((repository, patch))
    } else {
        None
    };
    let mut body = json!({"winning_variation_id": index, "cancel_others": arguments.cancel_others});
    if let Some(note) = &arguments.note {
        body["note"] = note.as_str().into();
    }
    api.bytes(Method::POST, &run.path("/select"), Some(&body))
        .await?;
    let id = &run.id;
    output.line(&format!("variation {number} of {id} is picked"))?;
    match ready {
        Some((repository, patch)) => {
            repository.apply(&patch).await?;
            output.line(&format!(
                "its patch is applied in {}; nothing is committed: see `git diff`",
                repository.top()
            ))?;
        }
        None => output.note(&format!(
            "apply it with: aideator pick {id} {number} --apply"
        )),
    }
    Ok(Exit::Done)
}

pub(super) async fn patch(api: &Api, arguments: &PatchArguments, output: Output) -> Outcome {
    let run = Run::find(api, &arguments.run).await?;
    let since = match arguments.from {
        Some(number) => Since::Variation(number),
        None if arguments.since_base => Since::Base,
        None => Since::Commit,
    };
    let patch = fetch(api, &run, arguments.variation, &since).await?;
    output.bytes(&patch)?;
    Ok(Exit::Done)
}

/// From where a patch leads.
enum Since {
    /// The commit that the run is on.
    Commit,
    /// The earlier result that the run starts from.
    Base,
    /// Another variation's tree.
    Variation(u8),
}

/// The bytes of a variation's patch.
async fn fetch(api: &Api, run: &Run, number: u8, since: &Since) -> Outcome<Vec<u8>> {
    let variation = run.variation(number)?.with_result()?;
    if !matches!(since, Since::Variation(_)) && variation.patch.is_none() {
        let message = format!("variation {number} changed nothing: it has no patch");
        return Err(Failure::not_found(message));
    }
    let query = match since {
        Since::Variation(from) => {
            let other = run.variation(*from)?.with_result()?;
            format!("?from={}", other.index)
        }
        Since::Base => "?since_base=true".to_owned(),
        Since::Commit => String::new(),
    };
    let index = variation.index;
    let path = run.path(&format!("/variations/{index}/patch{query}"));
    api.bytes(Method::GET, &path, None).await
}
