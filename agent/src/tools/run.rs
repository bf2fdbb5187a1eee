//! `run`: a shell command.

use std::{fmt::Write as _, fs, io::Write as _, path::Path, time::Duration};

use serde::Deserialize;
use tokio::time::Instant;

use super::Said;
use crate::{
    harden,
    shell::{End, Shell},
};

const TIMEOUT_S: u64 = 120;
const LONGEST_S: u64 = 600;

/// Bytes of output the model sees: beginning and end.
const HEAD: usize = 4_800;
const TAIL: usize = 11_200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    command: String,
    #[serde(default)]
    timeout_s: Option<u64>,
}

pub(super) async fn call(shell: &Shell, arguments: Arguments, log: &Path, until: Instant) -> Said {
    let asked = arguments.timeout_s.unwrap_or(TIMEOUT_S).clamp(1, LONGEST_S);
    let left = until.saturating_duration_since(Instant::now());
    let limit = Duration::from_secs(asked).min(left);
    let ran = match shell.run(&arguments.command, limit).await {
        Ok(ran) => ran,
        Err(error) => return Said::failure(format!("The command could not be run: {error}.")),
    };
    harden::reap_orphans();
    let total = ran.output.total;
    let mut text = if total <= (HEAD + TAIL) as u64 {
        ran.output.first(HEAD + TAIL)
    } else {
        let left_out = total - (HEAD + TAIL) as u64;
        let kept = keep(log, &ran.output.head);
        format!(
            "{}\n[{left_out} bytes left out here; {kept}]\n{}",
            ran.output.first(HEAD),
            ran.output.last(TAIL)
        )
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let end = ran.end.describe(ran.took);
    let so_far = if ran.end == End::TimedOut && total > 0 {
        "; above is what it had printed"
    } else {
        ""
    };
    // Writing to a String cannot fail.
    let _ = write!(text, "[{end}{so_far}]");
    Said {
        ok: ran.end == End::Exit(0),
        text,
        truncated: total > (HEAD + TAIL) as u64,
    }
}

/// Keeps the whole output for the model to look into; says where.
fn keep(log: &Path, output: &[u8]) -> String {
    let directory = log.parent().unwrap_or(Path::new("/"));
    // New, or not at all: a command may have put a link there.
    let kept = fs::create_dir_all(directory)
        .and_then(|()| fs::File::create_new(log))
        .and_then(|mut file| file.write_all(output));
    match kept {
        Ok(()) => format!("the first {} bytes are in {}", output.len(), log.display()),
        Err(error) => format!("the whole could not be kept: {error}"),
    }
}
