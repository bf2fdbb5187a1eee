//! Publishing: what was picked becomes a branch of the repository, and a pull request where one is
//! asked for.
//!
//! No model and no tool runs here, so the git credential is in this very container. Nothing is
//! forced and no branch is overwritten.

mod forge;

use std::fs;

use aideator_agent::{
    config,
    protocol::{Body, Outcome, Step},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use tokio_util::sync::CancellationToken;

use crate::{
    git::{Checkout, Commit},
    input::{Input, Repository},
    output::Output,
};

/// Why it did not come to its end: a word and a sentence.
struct Failure(&'static str, String);

/// Publishes, prints all of it, and says how it ended.
pub(crate) async fn run(input: Input, output: &Output, cancel: &CancellationToken) -> Outcome {
    let done = tokio::select! {
        () = cancel.cancelled() => {
            let (outcome, text) = (Outcome::Cancelled, "Cancelled from outside.");
            output.finished(outcome, text, Some("cancelled")).await;
            return outcome;
        }
        done = publish(&input, output) => done,
    };
    match done {
        Ok(summary) => {
            output.finished(Outcome::Succeeded, &summary, None).await;
            Outcome::Succeeded
        }
        Err(Failure(reason, text)) => {
            output.error(reason, &text, false).await;
            output.finished(Outcome::Failed, &text, Some(reason)).await;
            Outcome::Failed
        }
    }
}

async fn publish(input: &Input, output: &Output) -> Result<String, Failure> {
    let bad_input = |text: String| Failure("bad_input", text);
    let task = input.config.publish.as_ref().ok_or_else(|| {
        bad_input("The engine is \"publish\", but the configuration has no \"publish\".".to_owned())
    })?;
    let patch = BASE64
        .decode(&task.patch)
        .map_err(|error| bad_input(format!("The patch is not base64: {error}.")))?;
    let repository = Repository::read().map_err(|error| bad_input(format!("{error:#}")))?;
    let message = format!("Cloning {}", repository.url);
    output.status(Step::Clone, message).await;
    let checkout = Checkout::new(&input.workspace, &repository)
        .await
        .map_err(|error| Failure("clone_failed", error.to_string()))?;
    output
        .print(Body::Started {
            model: String::new(),
            engine: "publish".to_owned(),
            base_sha: checkout.base.clone(),
        })
        .await;
    let commit = Commit {
        message: &task.message,
        author_name: &task.author_name,
        author_email: &task.author_email,
    };
    let commit = checkout
        .commit(&patch, task.tree.as_deref(), &commit)
        .await
        .map_err(|error| Failure("commit_failed", error.to_string()))?;
    let branch = &task.branch;
    output
        .status(Step::Publish, format!("Pushing {commit} as {branch}"))
        .await;
    checkout
        .push(&repository, &commit, branch)
        .await
        .map_err(|error| Failure("push_failed", error.to_string()))?;
    let published = |url: Option<String>| Body::Published {
        branch: branch.clone(),
        commit: commit.clone(),
        url,
    };
    output.print(published(None)).await;
    let Some(request) = &task.pull_request else {
        return Ok(format!("{branch} is at {commit}."));
    };
    let url = open(request, branch, &repository).await.map_err(|why| {
        let text = format!("The branch {branch} was pushed, but no pull request was made: {why}");
        Failure("pull_request_failed", text)
    })?;
    output.print(published(Some(url.clone()))).await;
    Ok(format!("{branch} is at {commit}, and asked for at {url}."))
}

async fn open(
    request: &config::PullRequest,
    branch: &str,
    repository: &Repository,
) -> Result<String, String> {
    let file = repository.credential.as_ref();
    let file = file.ok_or("there is no credential for it.")?;
    let file = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let token = crate::git::password(&file).ok_or("the credential has no token.")?;
    forge::open(request, branch, &repository.url, &token).await
}
