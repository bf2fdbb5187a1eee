//! What a bundle says of itself: exact commands, nothing that a user or an agent wrote.

use std::fmt::Write as _;

use super::{LOG, PATCH, directory};
use crate::clock::rfc3339;
use crate::model::{Run, Variation};

/// The README of a run's bundle, which may hold a request that makes the run again.
pub(super) fn text(run: &Run, with_request: bool) -> String {
    let mut text = format!(
        "{id}: {status}, made at {at}.
Commands are to be run in this directory.

Nothing was changed on the way:

  sha256sum -c SHA256SUMS

The repository at the commit that all variations started from:

  git clone {url} work && git -C work checkout {base}

",
        id = run.id,
        status = run.status,
        at = rfc3339(run.created_ms),
        url = quoted(&run.repo_url),
        base = run.base_sha,
    );
    text.push_str("Then one of these applies a variation's change to it:\n\n");
    let attempts = || run.earlier.iter().chain(&run.variations);
    for attempt in attempts().filter(|it| has_patch(it)) {
        let _ = writeln!(
            text,
            "  git -C work apply ../{}/{PATCH}",
            directory(attempt.key)
        );
    }
    if !attempts().any(has_patch) {
        text.push_str("  (no variation left a change)\n");
    }
    let _ = write!(
        text,
        "
{LOG} is what `kubectl logs --timestamps` printed. What `kubectl logs` printed is the same without the
first word of each line; its SHA-256, of each log that is complete, is:

"
    );
    for attempt in run.earlier.iter().chain(run.current()) {
        if let Some(settled) = &attempt.settled {
            let log = format!("{}/{LOG}", directory(attempt.key));
            let _ = writeln!(
                text,
                "  LC_ALL=C sed 's/^[^ ]* //' {log} | sha256sum  # {}",
                settled.sha256
            );
        }
    }
    text.push_str(
        "
The same Jobs again, on a cluster that kubectl reaches:

  NAMESPACE=somewhere sh script.sh

",
    );
    if with_request {
        text.push_str(
            "The same run again, by an AIdeator:

  curl -X POST -H \"X-API-Key: $API_KEY\" -H 'Content-Type: application/json' \\
    -d @request.json $AIDEATOR_URL/api/v1/runs

request.json    the same run as a request
",
        );
    }
    text.push_str(
        "prompt.txt      what the agents were asked
run.json        what became of it, as GET /api/v1/runs/ID says it
events.ndjson   what was told of it, in order
commands.json   the kubectl calls that were made for it (forgotten: how many more are not kept)
manifests/      what kubectl was given, without the values of Secrets
script.sh       the same as a shell script
variations/N/   config.json as the agent got it, its log, its patch; N.r1 is the first retry of N
judge/          the same of the judge, where there was one
",
    );
    text
}

fn has_patch(attempt: &Variation) -> bool {
    let settled = attempt.settled.as_ref();
    settled.is_some_and(|settled| settled.patch.is_some())
}

/// A word of a POSIX shell, whatever is in it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
