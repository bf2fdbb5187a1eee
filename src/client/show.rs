//! `aideator runs` and `aideator show`.

use reqwest::Method;

use super::api::Api;
use super::exit::{Exit, Outcome};
use super::narrate::shorten;
use super::output::Output;
use super::printable::one_line;
use super::run::{Base, Run, RunList, Variation};

/// Characters of a prompt in a list.
const PROMPT: usize = 48;
/// Characters of what is said about a variation; `--json` has all of it.
const LONGEST_TEXT: usize = 300;

#[derive(Debug, clap::Args)]
pub struct RunsArguments {
    /// Only runs in this state: pending, running, completed, failed or cancelled.
    #[arg(long)]
    status: Option<String>,
    /// Only runs with this text in their prompt, repository, ref, commit or id.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    #[arg(long, default_value_t = 1)]
    page: u32,
    /// Runs on a page.
    #[arg(long, default_value_t = 20)]
    per_page: u32,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub struct ShowArguments {
    /// The run's id, or `latest`.
    run: String,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn runs(api: &Api, arguments: &RunsArguments, output: Output) -> Outcome {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("page", &arguments.page.to_string());
    query.append_pair("per_page", &arguments.per_page.to_string());
    for (name, value) in [("status", &arguments.status), ("q", &arguments.search)] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let path = format!("/runs?{}", query.finish());
    if arguments.json {
        return json(api, &path, output).await;
    }
    let list: RunList = api.get(&path).await?;
    if list.items.is_empty() {
        output.note("no runs");
    }
    for run in &list.items {
        let ended = run.variations.iter().filter(|it| it.status == "succeeded");
        let picked = match run.winning_variation_id {
            Some(index) => format!("picked {}", u32::from(index) + 1),
            None => String::new(),
        };
        let prompt: String = one_line(&run.prompt).chars().take(PROMPT).collect();
        output.line(&format!(
            "{}  {}  {:<9}  {}/{} ok  {picked:<8}  {prompt}",
            one_line(&run.id),
            one_line(run.created_at.get(..19).unwrap_or(&run.created_at)),
            one_line(&run.status),
            ended.count(),
            run.variations.len(),
        ))?;
    }
    if list.pages > u64::from(list.page) {
        let (page, pages, total) = (list.page, list.pages, list.total);
        output.note(&format!(
            "page {page} of {pages}, {total} runs in all; `--page {}` has the next",
            page + 1
        ));
    }
    Ok(Exit::Done)
}

pub(super) async fn show(api: &Api, arguments: &ShowArguments, output: Output) -> Outcome {
    let run = Run::find(api, &arguments.run).await?;
    if arguments.json {
        return json(api, &run.path(""), output).await;
    }
    let git_ref = run.r#ref.as_deref().unwrap_or("default branch");
    for (name, value) in [
        ("run", run.id.as_str()),
        ("started", &run.created_at),
        ("repository", &run.github_url),
        ("commit", &format!("{} ({git_ref})", run.base_sha)),
        ("prompt", &run.prompt),
    ] {
        output.line(&format!("{name:<12}{}", one_line(value)))?;
    }
    if let Some(Base { run_id, index }) = &run.base {
        let number = u32::from(*index) + 1;
        output.line(&format!(
            "{:<12}{} / {number}",
            "starts from",
            one_line(run_id)
        ))?;
    }
    table(&run, output)?;
    for Base { run_id, index } in run.follow_ups.iter().flatten() {
        let number = u32::from(*index) + 1;
        output.line(&format!(
            "{:<12}{}, from {number}",
            "followed by",
            one_line(run_id)
        ))?;
    }
    Ok(Exit::Done)
}

async fn json(api: &Api, path: &str, output: Output) -> Outcome {
    let answer = api.bytes(Method::GET, path, None).await?;
    output.bytes(&[&answer[..], b"\n"].concat())?;
    Ok(Exit::Done)
}

/// What has come of a run's variations, and what can be done now.
pub(super) fn table(run: &Run, output: Output) -> Outcome<()> {
    output.line(&format!("{:<12}{}", "status", one_line(&run.status)))?;
    for variation in &run.variations {
        let picked = run.winning_variation_id == Some(variation.index);
        let mark = if picked { " (picked)" } else { "" };
        let facts = facts(variation).join(", ");
        output.line(&format!("{:<12}{facts}{mark}", variation.number()))?;
        let texts = [&variation.summary, &variation.message, &variation.hint];
        for text in texts.into_iter().flatten() {
            let text = shorten(&one_line(text), LONGEST_TEXT);
            output.line(&format!("{:<12}{text}", ""))?;
        }
    }
    let with_patch = run.variations.iter().find(|it| it.patch.is_some());
    if run.has_ended()
        && run.winning_variation_id.is_none()
        && let Some(one) = with_patch
    {
        output.note(&format!(
            "compare them with `aideator patch {id} N`, then: aideator pick {id} {} --apply",
            one.number(),
            id = run.id
        ));
    }
    Ok(())
}

fn facts(variation: &Variation) -> Vec<String> {
    let mut facts = vec![one_line(&variation.status)];
    facts.extend(variation.reason.as_deref().map(one_line));
    facts.extend(variation.model.as_deref().map(one_line));
    facts.extend(variation.patch.as_ref().map(ToString::to_string));
    let checks = variation.checks_passed();
    facts.extend(checks.map(|checks| format!("checks {checks} passed")));
    facts.extend(
        variation
            .usage
            .map(|usage| format!("{} tokens", usage.input_tokens + usage.output_tokens)),
    );
    facts.extend(variation.cost_usd.map(|cost| format!("${cost:.4}")));
    facts.extend(variation.lines.map(|lines| format!("{lines} log lines")));
    facts
}
