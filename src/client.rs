//! Commands for people and scripts: a client of the HTTP API, in the same binary as the server.
//!
//! Invariants: it knows the server by its API only; nothing that a server or an agent says reaches a
//! terminal as it is; a key goes only to the server that it is for; every end has an exit code that
//! does not change ([`Exit`]).

mod access;
mod api;
mod bundle;
mod exit;
mod follow;
mod git;
mod login;
mod logs;
mod narrate;
mod output;
mod panes;
mod pick;
mod printable;
mod publish;
mod run;
mod share;
mod show;
mod start;
mod variant;
mod verify;
mod watch;

use std::io::Write as _;

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;

use self::bundle::BundleArguments;
pub use self::exit::Exit;
use self::exit::{Failure, Outcome};
use self::login::LoginArguments;
use self::logs::LogsArguments;
use self::output::Output;
use self::pick::{PatchArguments, PickArguments};
use self::publish::PublishArguments;
use self::run::Run;
use self::share::ShareArguments;
use self::show::{RunsArguments, ShowArguments};
use self::start::StartArguments;
use self::verify::VerifyArguments;
use crate::config::Client;

/// Commands that ask a server. Variations are counted from 1.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign in: stores an API key for the commands below.
    #[command(
        after_help = "The password is asked for without echo, or read from standard input:\n  \
            aideator login https://aideator.example.com --email me@example.com\n  \
            pass show aideator | aideator login --email me@example.com\n\n\
            AIDEATOR_URL and AIDEATOR_API_KEY in the environment win over what is stored."
    )]
    Login(LoginArguments),
    /// Start a run, and with --wait follow it to its end.
    #[command(after_help = "Examples:\n  \
            aideator run --repo https://github.com/octocat/Hello-World \"Write a README\" --wait\n  \
            aideator run --repo URL --ref main -n 5 --check \"make test\" - <task.md\n  \
            aideator run --repo URL \"Write a README\" --wait --json | jq -r .event\n  \
            aideator run --repo URL \"Write a README\" --variant model=A --variant 'model=B,temperature=0.2'\n  \
            aideator run --repo URL \"Write a README\" --git-token token.txt    # a private repository\n  \
            aideator run --from latest/2 \"Now add tests\"    # round two starts from that result\n\n\
            In a pipe, --wait prints a line for each thing that is said or done, `1|` before those of\n\
            variation 1. It ends with 0 where a variation succeeded and with 1 where none did.")]
    Run(StartArguments),
    /// List runs, newest first.
    Runs(RunsArguments),
    /// Show a run and what has come of its variations.
    #[command(
        after_help = "`latest` stands for the newest run, here and wherever RUN is asked for."
    )]
    Show(ShowArguments),
    /// Print what a run, or one of its variations, has said; with --follow to its end.
    #[command(after_help = "Examples:\n  \
            aideator logs latest --follow\n  \
            aideator logs latest 1 --format raw | sha256sum    # as `kubectl logs` prints it")]
    Logs(LogsArguments),
    /// Pick a variation, and with --apply apply its patch to the repository you stand in.
    #[command(
        after_help = "--apply looks first: at whether this is a git repository, has the commit that the agents\n\
            started from, and takes the patch. If not, nothing is picked and nothing is changed.\n\n  \
            aideator pick latest 1 --apply && git diff"
    )]
    Pick(PickArguments),
    /// Print a variation's patch, for `git apply` at the run's base commit.
    #[command(after_help = "  aideator patch latest 1 | git apply\n  \
            aideator patch latest 2 --from 1      # what lies between the two")]
    Patch(PatchArguments),
    /// Push the picked result as a new branch, and with --pull-request ask for one.
    #[command(
        after_help = "  aideator publish latest --branch aideator/durations --pull-request --wait\n\n\
            A Job on the server's side pushes, with the token that you have stored for the host or with\n\
            --git-token. With --wait it prints the branch with its commit, and the pull request's address."
    )]
    Publish(PublishArguments),
    /// Make a link through which anybody may read one run, until it expires.
    Share(ShareArguments),
    /// Save all of a run in one tar file, which `sha256sum -c` and `git apply` alone verify.
    Bundle(BundleArguments),
    /// Cancel a run, or one of its variations; what they have is kept.
    Cancel {
        /// The run's id, or `latest`.
        run: String,
        /// Only this variation.
        variation: Option<u8>,
    },
    /// Compare stored logs with what kubectl prints now; ends with 1 where they differ.
    Verify(VerifyArguments),
}

/// Does what a person asked for and says why not, if not.
pub async fn run(command: Command) -> Exit {
    let outcome = match Client::from_env() {
        Ok(environment) => dispatch(command, environment).await,
        Err(error) => Err(Failure::usage(error.to_string())),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            if !failure.message().is_empty() {
                let _ = writeln!(std::io::stderr(), "aideator: {failure}");
            }
            failure.exit
        }
    }
}

async fn dispatch(command: Command, environment: Client) -> Outcome {
    let output = Output::new();
    let command = match command {
        Command::Login(arguments) => return login::login(arguments, environment, output).await,
        other => other,
    };
    let api = &access::api(environment)?;
    match command {
        Command::Login(_) => Ok(Exit::Done),
        Command::Run(arguments) => start::start(api, arguments, output).await,
        Command::Runs(arguments) => show::runs(api, &arguments, output).await,
        Command::Show(arguments) => show::show(api, &arguments, output).await,
        Command::Logs(arguments) => logs::logs(api, &arguments, output).await,
        Command::Pick(arguments) => pick::pick(api, &arguments, output).await,
        Command::Patch(arguments) => pick::patch(api, &arguments, output).await,
        Command::Publish(arguments) => publish::publish(api, arguments, output).await,
        Command::Share(arguments) => share::share(api, &arguments, output).await,
        Command::Bundle(arguments) => bundle::bundle(api, &arguments, output).await,
        Command::Cancel { run, variation } => cancel(api, &run, variation, output).await,
        Command::Verify(arguments) => verify::verify(api, &arguments, output).await,
    }
}

async fn cancel(api: &api::Api, run: &str, variation: Option<u8>, output: Output) -> Outcome {
    let run = Run::find(api, run).await?;
    let (what, path) = match variation {
        None => (run.id.clone(), run.path("/cancel")),
        Some(number) => {
            let index = run.variation(number)?.index;
            let what = format!("variation {number} of {}", run.id);
            (what, run.path(&format!("/variations/{index}/cancel")))
        }
    };
    api.bytes(Method::POST, &path, Some(&json!({}))).await?;
    output.line(&format!(
        "{what} is asked to stop; what it has is kept: aideator show {}",
        run.id
    ))?;
    Ok(Exit::Done)
}
