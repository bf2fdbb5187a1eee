//! `aideator bundle`.

use std::path::{Path, PathBuf};

use futures::StreamExt as _;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::api::{Api, reason};
use super::exit::{Exit, Failure, Outcome};
use super::output::Output;
use super::run::Run;

#[derive(Debug, clap::Args)]
pub struct BundleArguments {
    /// The run's id, or `latest`.
    run: String,
    /// Where to, `-` for standard output; `aideator-RUN.tar` unless given. A file that is there is kept.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A file that is deleted unless it is finished: half a bundle looks like one, and would be in the way of the next.
struct Unfinished<'a>(Option<&'a Path>);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(path) = self.0 {
            // Where that fails, there is a worse failure to tell of.
            let _ = std::fs::remove_file(path);
        }
    }
}

pub(super) async fn bundle(api: &Api, arguments: &BundleArguments, output: Output) -> Outcome {
    let run = Run::find(api, &arguments.run).await?;
    let to_stdout = arguments.output.as_deref().is_some_and(|it| it == "-");
    if to_stdout && output.is_terminal {
        let message = "a tar file is nothing for a terminal: name a file with --output";
        return Err(Failure::usage(message));
    }
    let Some(response) = api.open(&run.path("/bundle"), None).await? else {
        return Err(Failure::not_found("the server has no bundle of this run"));
    };
    let mut blocks = response.bytes_stream().map(|block| {
        block.map_err(|error| {
            let message = format!("the bundle broke off: {}", reason(&error));
            Failure::new(Exit::Unreachable, message)
        })
    });
    if to_stdout {
        while let Some(block) = blocks.next().await {
            output.bytes(&block?)?;
        }
        return Ok(Exit::Done);
    }
    let name = format!("aideator-{}.tar", run.id);
    let path = arguments.output.clone().unwrap_or(name.into());
    let failed = |error: std::io::Error| Failure::local(path.display(), &error);
    let mut file = File::create_new(&path).await.map_err(failed)?;
    let mut unfinished = Unfinished(Some(&path));
    while let Some(block) = blocks.next().await {
        file.write_all(&block?).await.map_err(failed)?;
    }
    file.sync_all().await.map_err(failed)?;
    unfinished.0 = None;
    output.line(&format!(
        "{}; look at it with: tar -xf {0} && cd aideator-{} && sha256sum -c SHA256SUMS",
        path.display(),
        run.id
    ))?;
    Ok(Exit::Done)
}
