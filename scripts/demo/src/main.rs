//! Starts the demo: reads the environment, makes the repositories, serves until SIGTERM.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use aideator_demo::config::Config;
use aideator_demo::model::Scenarios;
use aideator_demo::{App, router, samples};
use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

/// How long answers in flight may take after SIGTERM; a scripted answer can speak for minutes, so not until its end.
const DRAIN: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_env_filter(EnvFilter::try_new(&config.log_level)?)
        .init();

    // The directory is removed when `temporary` is dropped, at the end of main.
    let (data_dir, _temporary) = data_dir(config.data_dir)?;
    samples::create_all(&data_dir)
        .await
        .context("cannot make the sample repositories")?;
    let app = App {
        repositories: data_dir,
        api_key: config.api_key,
        speed: config.speed,
        scenarios: Scenarios::load().context("a scenario in the binary is broken")?,
    };

    let address = SocketAddr::new(config.host, config.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}: set PORT to a free one"))?;
    // Not the configured one: port 0 means any free one.
    let address = listener.local_addr()?;
    tracing::info!(%address, "scripted model at /v1, sample repositories at /git");
    serve(listener, router(app)).await
}

fn data_dir(configured: Option<PathBuf>) -> anyhow::Result<(PathBuf, Option<tempfile::TempDir>)> {
    if let Some(directory) = configured {
        return Ok((directory, None));
    }
    let temporary = tempfile::tempdir()
        .context("cannot make a temporary directory: set DATA_DIR to a writable one")?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

async fn serve(listener: TcpListener, router: axum::Router) -> anyhow::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let server = axum::serve(listener, router).with_graceful_shutdown(until(stopping.clone()));
    let deadline = async {
        tokio::select! { _ = terminated.recv() => {}, _ = interrupted.recv() => {} }
        tracing::info!("stopping");
        stop.send_replace(true);
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        ended = server => ended.context("the server failed"),
        () = deadline => Ok(()),
    }
}

async fn until(mut flag: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a reason to stop, too.
    flag.wait_for(|stop| *stop).await.ok();
}
