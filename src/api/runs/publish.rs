//! `POST /api/v1/runs/{id}/publish`: the picked result as a branch of its repository.

use aideator_agent::config::{Publish, PullRequest};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use super::create::GitCredential;
use super::{RunView, VariationView, changed, find_run};
use crate::api::error::{ApiError, ApiResult, FieldError, Problem};
use crate::api::extract::{Json, Path};
use crate::app::AppState;
use crate::auth::{CurrentUser, Scope};
use crate::credentials::{GitAccess, NewCredential};
use crate::model::{CredentialKind, Run, Variation};
use crate::repo::is_branch_name;
use crate::runs::LARGEST_PATCH;

const LONGEST_TEXT: usize = 16_000;
const LONGEST_TITLE: usize = 250;
const LONGEST_NAME: usize = 100;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {
    /// One that the repository does not have yet: nothing is overwritten.
    #[schema(example = "aideator/refuse-overflow")]
    pub branch: String,
    /// Of the commit; the beginning of the prompt unless given.
    pub message: Option<String>,
    /// Of the commit; you unless given.
    pub author: Option<Author>,
    /// Ask for one after the push.
    pub pull_request: Option<PullRequestRequest>,
    /// For this once; else what you have stored for the repository's host is used.
    pub git_credential: Option<GitCredential>,
}

/// Whose a commit is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Author {
    pub name: String,
    pub email: String,
}

/// A pull request, or a merge request as GitLab says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PullRequestRequest {
    /// The commit's first line unless given.
    pub title: Option<String>,
    /// The rest of the commit's message unless given.
    pub body: Option<String>,
    /// The branch to merge into; the run's ref if it is a branch, else the default branch.
    pub base: Option<String>,
}

/// What was published, or is being.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublicationView {
    /// Its own Job, with status, reason and log. Its log is at `/variations/254/logs`, live at
    /// `/stream?variation=254`.
    pub publisher: VariationView,
    /// Whose result it is, and which attempt of it.
    pub variation_id: u8,
    pub attempt: u32,
    pub branch: String,
    /// Null until it was pushed.
    pub commit: Option<String>,
    /// Of the pull request.
    pub url: Option<String>,
}

impl PublicationView {
    pub(super) fn new(publication: Variation) -> Option<Self> {
        let task = publication.config.publish.clone()?;
        let published = publication.settled.as_ref();
        let published = published.and_then(|settled| settled.published.clone());
        let (commit, url) = published.map_or((None, None), |it| (Some(it.commit), it.url));
        Some(Self {
            variation_id: task.variation_id,
            attempt: task.attempt,
            branch: task.branch,
            commit,
            url,
            publisher: publication.into(),
        })
    }
}

/// Push the picked result as a new branch, and ask for a pull request if you like.
///
/// A Job does it: it clones the base commit, applies the patch, proves that the tree is the one that was
/// picked, commits, and pushes. Nothing is forced; a branch that is there stays as it is.
#[utoipa::path(
    post, path = "/api/v1/runs/{id}/publish", tag = "runs", params(("id" = String, Path)),
    request_body = PublishRequest,
    responses(
        (status = 202, body = RunView),
        (status = 204, description = "done; the credential may not read runs"),
        (status = 404, body = Problem),
        (status = 409, body = Problem, description = "nothing was picked, it has no patch or one that is too large, there is no credential, or the last publication has not ended"),
        (status = 422, body = Problem),
    )
)]
pub async fn publish_run(
    app: AppState,
    user: CurrentUser,
    Path(id): Path<String>,
    Json(request): Json<PublishRequest>,
) -> ApiResult<Response> {
    user.require(Scope::RunsCreate)?;
    let run = find_run(&app, &user, &id).await?;
    request.check()?;
    let (picked, tree) = picked(&run)?;
    let given = request.git_credential;
    let is_given = given.is_some();
    let access = match given {
        Some(given) => given.for_host(run.git_host()),
        None => app.credentials.git_of_run(&run).await?,
    };
    let message = request.message.unwrap_or_else(|| message_of(&run, picked));
    let pull_request = match &request.pull_request {
        Some(wanted) => Some(pull_request(&app, &run, wanted, &message, &access).await?),
        None => None,
    };
    let author = request.author.unwrap_or_else(|| Author {
        name: user.email.clone(),
        email: user.email.clone(),
    });
    let task = Publish {
        variation_id: picked.key.index,
        attempt: picked.key.attempt,
        branch: request.branch,
        message,
        author_name: author.name,
        author_email: author.email,
        tree,
        patch: String::new(),
        pull_request,
    };
    let new = NewCredential {
        kind: CredentialKind::Git,
        host: access.host,
        username: access.username,
        token: access.token,
    };
    let seal = || app.credentials.seal(user.id.as_str(), Some(run.id), new);
    let credential = is_given.then(seal).transpose();
    let credential = credential.map_err(ApiError::internal)?;
    let run_id = run.id;
    let begun = app.runs.publish(run, task, credential).await;
    if !begun.map_err(ApiError::internal)? {
        let why = "the last publication has not ended; wait for its end, or cancel it (POST /api/v1/runs/{id}/variations/254/cancel)";
        return Err(ApiError::conflict("not_ended", why));
    }
    changed(&app, &user, run_id, StatusCode::ACCEPTED).await
}

/// The picked variation, which has a patch that can be published, and the tree it leads to.
fn picked(run: &Run) -> ApiResult<(&Variation, Option<String>)> {
    let refuse = |code, why: String| Err(ApiError::conflict(code, why));
    let selected = run.selection.as_ref().map(|selection| selection.index);
    let Some(picked) = selected.and_then(|index| run.variations.get(usize::from(index))) else {
        let why = "nothing was picked; POST /api/v1/runs/{id}/select does";
        return refuse("not_picked", why.to_owned());
    };
    let settled = picked.settled.as_ref();
    let Some(patch) = settled.and_then(|settled| settled.patch.as_ref()) else {
        let why = format!("variation {} has changed nothing", picked.key.index);
        return refuse("no_patch", why);
    };
    if patch.bytes > LARGEST_PATCH {
        let why = format!(
            "the patch has {} bytes, and at most {LARGEST_PATCH} can be published from here: apply it yourself (GET /api/v1/runs/{{id}}/variations/{}/patch) and push",
            patch.bytes, picked.key.index
        );
        return refuse("patch_too_large", why);
    }
    Ok((picked, patch.tree.clone()))
}

/// What a commit says unless somebody says it better.
fn message_of(run: &Run, picked: &Variation) -> String {
    let first = run.prompt.lines().next().unwrap_or_default();
    let subject: String = first.chars().take(72).collect();
    format!(
        "{}\n\nMade by AIdeator: {}, variation {}.\n",
        subject.trim(),
        run.id,
        picked.key.index
    )
}

async fn pull_request(
    app: &AppState,
    run: &Run,
    wanted: &PullRequestRequest,
    message: &str,
    access: &GitAccess,
) -> ApiResult<PullRequest> {
    let refuse =
        |path: &str, why: String| ApiError::unprocessable(vec![FieldError::body(path, why)]);
    let url = Url::parse(&run.repo_url).map_err(|error| ApiError::internal(error.into()))?;
    let unknown = || {
        let why = "the server does not know what kind of host the repository is on; its operator can say so (GIT_FORGES)";
        refuse("pull_request", why.to_owned())
    };
    let forge = app.config.agents.forges.of(&url).ok_or_else(unknown)?;
    let base = if let Some(base) = &wanted.base {
        base.clone()
    } else {
        let found = app.repos.resolve(&url, None, Some(access)).await;
        let found = found.map_err(|error| refuse("git_credential", error.to_string()))?;
        let asked = run.git_ref.clone();
        let asked = asked.filter(|name| found.branches.contains(name));
        let missing = || refuse("pull_request.base", "is missing".to_owned());
        asked.or(found.default_branch).ok_or_else(missing)?
    };
    let (subject, rest) = message.split_once('\n').unwrap_or((message, ""));
    let title = wanted.title.as_deref().unwrap_or(subject);
    let body = wanted.body.as_deref().unwrap_or(rest).trim();
    Ok(PullRequest {
        forge,
        title: title.chars().take(LONGEST_TITLE).collect(),
        body: body.to_owned(),
        base,
    })
}

impl PublishRequest {
    fn check(&self) -> ApiResult<()> {
        let mut errors = Vec::new();
        let mut unless = |fine: bool, path: &str, why: &str| {
            if !fine {
                errors.push(FieldError::body(path, why));
            }
        };
        let branch = "must be the name of a branch, as git allows it";
        unless(is_branch_name(&self.branch), "branch", branch);
        let text = |text: &str, longest: usize| {
            (1..=longest).contains(&text.trim().chars().count()) && !text.contains('\0')
        };
        let message = self.message.as_deref();
        let fine = message.is_none_or(|message| text(message, LONGEST_TEXT));
        unless(
            fine,
            "message",
            "must have 1 to 16000 characters, none of them NUL",
        );
        if let Some(Author { name, email }) = &self.author {
            let plain = |part: &str| {
                text(part, LONGEST_NAME)
                    && !part.contains(|c: char| c.is_control() || "<>".contains(c))
            };
            let why = "must have 1 to 100 characters, none of them < or > or a line end";
            unless(plain(name), "author.name", why);
            unless(plain(email), "author.email", why);
        }
        if let Some(wanted) = &self.pull_request {
            let title = wanted.title.as_deref();
            let fine =
                title.is_none_or(|title| text(title, LONGEST_TITLE) && !title.contains('\n'));
            unless(
                fine,
                "pull_request.title",
                "must have 1 to 250 characters in one line",
            );
            let body = wanted.body.as_deref().unwrap_or_default();
            let fine = body.chars().count() <= LONGEST_TEXT && !body.contains('\0');
            unless(
                fine,
                "pull_request.body",
                "must have at most 16000 characters, none of them NUL",
            );
            let base = wanted.base.as_deref();
            unless(base.is_none_or(is_branch_name), "pull_request.base", branch);
        }
        if let Some(credential) = &self.git_credential {
            errors.extend(credential.check("git_credential"));
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(ApiError::unprocessable(errors))
        }
    }
}
