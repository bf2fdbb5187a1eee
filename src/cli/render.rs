//! `aideator render`: the manifest of a run, without making it.

use anyhow::Context as _;

use crate::api::runs::create::CreateRunRequest;
use crate::clock;
use crate::config::Agents;
use crate::credentials::RunKeys;
use crate::model::{NewRun, Run, RunId, Uses, VariationKey, git_host};
use crate::repo::Repos;
use crate::templates::Templates;

/// The YAML that a server with these settings would give to `kubectl apply` for `request`, the body
/// of a `POST /api/v1/runs`. Asks the git host for the commit, and nobody else for anything.
pub async fn render(agents: Agents, request: &str) -> anyhow::Result<String> {
    let request: CreateRunRequest =
        serde_json::from_str(request).context("failed to read a run's JSON from stdin")?;
    let variations = request
        .check(&agents)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    anyhow::ensure!(
        request.base.is_none(),
        "an earlier run is known to its server only: leave `base` out"
    );
    let repos = Repos::new(agents.allowed_git_hosts.clone())?;
    let url = repos.check_url(request.github_url.trim())?;
    let git_ref = request
        .r#ref
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let host = git_host(url.as_str());
    let given = request.git_credential.map(|given| given.for_host(host));
    let commit = repos.resolve(&url, git_ref, given.as_ref()).await?;
    let uses = Uses {
        git: given.is_some(),
        provider: false,
    };
    let new = NewRun {
        id: RunId::generate(),
        user: String::new(),
        repo_url: url.to_string(),
        git_ref: git_ref.map(str::to_owned),
        base_sha: commit.sha,
        prompt: request.prompt.trim().to_owned(),
        // The server's affair: nothing of it is in a manifest.
        max_run_cost_usd: None,
        idempotency: None,
        variations,
        base: None,
        uses,
        git_credential: None,
    };
    let run = Run::new(new, clock::now_ms());
    let attempts: Vec<VariationKey> = run.variations.iter().map(|v| v.key).collect();
    let rendered = Templates::new()?.run(&agents, &run, &attempts, &RunKeys::shape(&run))?;
    Ok(rendered.manifest.yaml)
}
