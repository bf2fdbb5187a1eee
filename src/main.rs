//! The `aideator` program: subcommands and the exit code.

use std::fs::File;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use aideator::app::AppState;
use aideator::auth::audit::{Entry, Event};
use aideator::auth::{NewAccount, Passwords, Role, User};
use aideator::clock::Clock;
use aideator::config::{self, Config};
use aideator::db::Db;
use aideator::db::users::{NewUser, WayIn};
use aideator::lifecycle::Lifecycle;
use aideator::{api, cli, client, telemetry};
use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use tokio::net::TcpListener;

/// Runs coding agents in Kubernetes Jobs and streams what they say.
#[derive(Parser)]
#[command(
    version,
    after_help = "Without a command it is the server. Commands that ask a server end with 0 (done), 1 (no variation \
        succeeded, nothing was pushed, or logs differ), 2 (usage), 3 (not signed in), 4 (not found), 5 (server \
        not reached), 6 (refused as things stand), 7 (your repository cannot take the patch), 8 (a file or the \
        terminal) or 130 (Ctrl-C)."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API and the web page (the default). Settings come from the environment.
    Serve,
    /// Print the OpenAPI file.
    Openapi,
    /// Print every setting with its meaning and default.
    EnvExample,
    /// Check what the server needs: kubectl, rights, storage, Secrets; one line each, with the fix.
    Doctor,
    /// Print the manifest of a run, for `kubectl apply -f -`; stdin has the JSON of POST /api/v1/runs.
    Render,
    /// Write everything that is kept to stdout, as a tar file; the server may run meanwhile.
    Backup,
    /// Read such a file from stdin into `DATA_DIR`, which no server may use meanwhile.
    Restore {
        /// Delete what `DATA_DIR` has.
        #[arg(long)]
        replace: bool,
    },
    /// Create an account, whatever REGISTRATION says; its password is read from stdin.
    CreateUser {
        /// The account's e-mail address.
        email: String,
        /// Make it an admin, as the first account is anyway.
        #[arg(long)]
        admin: bool,
    },
    #[command(flatten)]
    Client(Box<client::Command>),
    /// Print the completions of a shell.
    #[command(
        after_help = "  aideator completion bash > ~/.local/share/bash-completion/completions/aideator"
    )]
    Completion { shell: clap_complete::Shell },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "aideator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        Command::Openapi => print(&api::docs::file()?),
        Command::EnvExample => print(&config::example()),
        Command::Doctor => doctor().await,
        Command::Render => {
            let request =
                std::io::read_to_string(std::io::stdin()).context("failed to read from stdin")?;
            print(&cli::render(Config::agents_from_env()?, &request).await?)
        }
        Command::Backup => backup().await,
        Command::Restore { replace } => restore(replace).await,
        Command::CreateUser { email, admin } => create_user(email, admin).await,
        Command::Client(command) => Ok(client::run(*command).await.into()),
        Command::Completion { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "aideator", &mut text);
            print(&String::from_utf8(text)?)
        }
    }
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("failed to write to stdout")?;
    Ok(ExitCode::SUCCESS)
}

async fn doctor() -> anyhow::Result<ExitCode> {
    let findings = cli::doctor(&Config::from_env()?).await;
    let fine = findings.iter().all(cli::Finding::is_fine);
    let lines: Vec<String> = findings.iter().map(|it| format!("{it}\n")).collect();
    print(&lines.concat())?;
    Ok(if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn backup() -> anyhow::Result<ExitCode> {
    let volume = cli::backup(&Config::storage_from_env()?, std::io::stdout()).await?;
    tell(&format!(
        "backed up {} files, {} bytes",
        volume.files, volume.bytes
    ))
}

async fn restore(replace: bool) -> anyhow::Result<ExitCode> {
    let storage = Config::storage_from_env()?;
    let volume = cli::restore(&storage, std::io::stdin(), replace).await?;
    tell(&format!(
        "restored {} files, {} bytes",
        volume.files, volume.bytes
    ))
}

/// For people: what is on stdout may be data.
fn tell(text: &str) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "{text}").context("failed to write to stderr")?;
    Ok(ExitCode::SUCCESS)
}

async fn create_user(email: String, admin: bool) -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let mut password = String::new();
    std::io::stdin()
        .read_line(&mut password)
        .context("failed to read the password from stdin")?;
    let account = NewAccount {
        email,
        password: password.trim_end_matches(['\r', '\n']).to_owned(),
        full_name: None,
        company: None,
    };
    let (user, password) = account
        .check(Clock::system().now_ms())
        .map_err(|problems| {
            let list: Vec<_> = problems.iter().map(ToString::to_string).collect();
            anyhow::anyhow!(list.join("; "))
        })?;
    let db = Db::open(&config.storage.database)
        .await
        .context("failed to open the database")?;
    let hash = Passwords::new()?.hash(password).await?;
    let user = User {
        role: if admin { Role::Admin } else { user.role },
        ..user
    };
    let entry = Entry::of_operator(Event::AccountCreated, user.created_at).about(&user.id);
    let created = db
        .insert_user(&user, &hash, &WayIn::Anybody, &entry)
        .await?;
    db.close().await;
    let NewUser::Created(role) = created else {
        anyhow::bail!("{} has an account already", user.email);
    };
    let role = match role {
        Role::Admin => " (admin)",
        Role::User => "",
    };
    print(&format!("created {} {}{role}\n", user.id, user.email))
}

/// Waits until no other server uses this directory: a pod that was deleted by force may live on for
/// a moment beside its successor. The lock ends with the process, however that ends.
async fn claim(data_dir: &Path) -> anyhow::Result<File> {
    let lock =
        File::create(data_dir.join("lock")).context("failed to create a file in DATA_DIR")?;
    if lock.try_lock().is_err() {
        tracing::warn!("another server uses DATA_DIR; waiting for its end");
    }
    let locked = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await?;
    locked.context("failed to lock DATA_DIR")
}

async fn listen(host: IpAddr, port: u16, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind((host, port))
        .await
        .with_context(|| format!("failed to listen on {host}:{port}: is {setting} taken?"))
}

async fn serve() -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    telemetry::init(&config.logging)?;
    let http = config.http.clone();
    // Before anything that takes time: who connects meanwhile is answered when the rows are true, not refused and
    // told to come again. The kubelet's first probe so finds the server ready.
    let early = listen(http.host, http.port, "PORT").await;
    let data_dir = &config.storage.data_dir;
    std::fs::create_dir_all(data_dir).with_context(|| {
        format!(
            "failed to create DATA_DIR {}: is its volume mounted and writable?",
            data_dir.display()
        )
    })?;
    let _claim = claim(data_dir).await?;
    // A server that was killed leaves port and lock for a moment to a process that it was just starting. The lock is
    // waited for, so after it the port is free, too, if it was only that.
    let listener = match early {
        Ok(listener) => listener,
        Err(_) => listen(http.host, http.port, "PORT").await?,
    };
    let database = &config.storage.database;
    if let Some(dir) = database.parent() {
        std::fs::create_dir_all(dir)
            .with_context(|| format!("failed to create {} for DATABASE_URL", dir.display()))?;
    }
    let db = Db::open(database)
        .await
        .with_context(|| format!("failed to open the database {}", database.display()))?;

    let lifecycle = Lifecycle::new();
    if http.metrics_port != 0 {
        telemetry::metrics::init()?;
    }
    let app = AppState::new(config, db.clone(), Clock::system(), lifecycle.clone()).await?;
    if http.metrics_port != 0 {
        let listener = listen(http.host, http.metrics_port, "METRICS_PORT").await?;
        lifecycle.spawn_core("metrics", aideator::serve_metrics(app.clone(), listener));
    }
    tracing::info!(http.address = %listener.local_addr()?, "listening");
    lifecycle.spawn_core("http", aideator::serve(app.clone(), listener));
    // The first readiness probe need not wait for kubectl.
    let soft = lifecycle.soft().clone();
    lifecycle.spawn("readiness", async move {
        let ask = app.readiness.ask(&app.kubectl);
        soft.run_until_cancelled(ask).await.map(drop)
    });

    let code = lifecycle.run().await;
    db.close().await;
    tracing::info!("stopped");
    Ok(code)
}
