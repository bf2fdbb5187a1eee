//! `aideator share`.

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::api::Api;
use super::exit::{Exit, Failure, Outcome};
use super::output::Output;
use super::printable::one_line;
use super::run::Run;

#[derive(Debug, clap::Args)]
pub struct ShareArguments {
    /// The run's id, or `latest`.
    run: String,
    /// Days that the link is good for; 7 unless given.
    #[arg(long, value_name = "N")]
    days: Option<u32>,
    /// List the links that are good, instead.
    #[arg(long, conflicts_with_all = ["days", "revoke"])]
    list: bool,
    /// Revoke a link, by its id, instead.
    #[arg(long, value_name = "SHARE", conflicts_with = "days")]
    revoke: Option<String>,
    /// Print the server's JSON.
    #[arg(long, conflicts_with = "revoke")]
    json: bool,
}

#[derive(Deserialize)]
struct Made {
    page_url: String,
    share: Share,
}

#[derive(Deserialize)]
struct Share {
    id: String,
    prefix: String,
    expires_at: String,
    last_used_at: Option<String>,
}

pub(super) async fn share(api: &Api, arguments: &ShareArguments, output: Output) -> Outcome {
    let run = Run::find(api, &arguments.run).await?;
    let path = run.path("/shares");
    if let Some(share) = &arguments.revoke {
        return revoke(api, &path, share, output).await;
    }
    let answer = if arguments.list {
        api.bytes(Method::GET, &path, None).await?
    } else {
        let body = match arguments.days {
            Some(days) => json!({"expires_in_days": days}),
            None => json!({}),
        };
        api.bytes(Method::POST, &path, Some(&body)).await?
    };
    if arguments.json {
        output.bytes(&[&answer[..], b"\n"].concat())?;
        return Ok(Exit::Done);
    }
    if arguments.list {
        let shares: Vec<Share> = super::api::parse(&answer)?;
        for share in &shares {
            let used = share.last_used_at.as_deref().unwrap_or("never");
            output.line(&format!(
                "{}  {}…  until {}, last used: {}",
                one_line(&share.id),
                one_line(&share.prefix),
                one_line(&share.expires_at),
                one_line(used)
            ))?;
        }
        if shares.is_empty() {
            output.note("no share links");
        }
        return Ok(Exit::Done);
    }
    let made: Made = super::api::parse(&answer)?;
    output.line(&format!("{}{}", api.url(), made.page_url))?;
    output.note(&format!(
        "who has it may read this run until {}, and nothing else; it is shown this once. \
         To end it: aideator share {} --revoke {}",
        made.share.expires_at, run.id, made.share.id
    ));
    Ok(Exit::Done)
}

async fn revoke(api: &Api, path: &str, share: &str, output: Output) -> Outcome {
    if !share.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let message = format!("`{share}` is no share link's id: see aideator share RUN --list");
        return Err(Failure::usage(message));
    }
    let path = format!("{path}/{share}");
    api.bytes(Method::DELETE, &path, None).await?;
    output.line(&format!(
        "{share} is revoked; streams that it has opened end"
    ))?;
    Ok(Exit::Done)
}
