//! What a complete log says: its length and hash, the agent's summary, its patch.
//!
//! One pass over the stored file after the end, so that following parses nothing.

use std::collections::HashMap;
use std::io;

use aideator_agent::patch::{Patch, PatchAssembler};
use aideator_agent::protocol::{Body, Judgement as Place, Line, Outcome};
use sha2::{Digest as _, Sha256};

use crate::logs::{Gap, LogStore, Piece, Position};
use crate::model::{CheckResult, Judgement, PatchStats, Published, Settled, Usage, VariationKey};

/// Largest patch that is taken from a log, bytes. The agent refuses to print larger ones.
const PATCH_LIMIT: usize = 16 * 1024 * 1024;
/// The agent's lines are at most 8 KiB; a longer one is not the agent's.
const LINE_LIMIT: usize = 64 * 1024;

/// What a log came to.
#[derive(Debug, Default)]
pub(super) struct Digest {
    pub(super) settled: Settled,
    pub(super) patch: Option<Patch>,
    /// Why there is no patch although the log holds parts of one.
    pub(super) patch_error: Option<String>,
    /// The agent's last `error` line: code and message.
    pub(super) error: Option<(String, String)>,
    /// The first hole in the agent's line numbers.
    pub(super) hole: Option<Gap>,
    pub(super) outcome: Option<Outcome>,
}

/// Reads a sealed log of `len` bytes.
pub(super) fn digest(store: &LogStore, key: VariationKey, len: u64) -> io::Result<Digest> {
    let mut pass = Pass {
        digest: Digest::default(),
        hash: Sha256::new(),
        line: Vec::new(),
        overlong: false,
        last_seq: 0,
        last_stamp: String::new(),
        patch: PatchAssembler::new(PATCH_LIMIT),
        patch_error: None,
        base_checks: HashMap::new(),
        ranking: Vec::new(),
    };
    let mut cursor = store.cursor(key, Position::default());
    while cursor.read(len, |piece| pass.piece(&piece))? {}
    Ok(pass.finish())
}

struct Pass {
    digest: Digest,
    hash: Sha256,
    /// The parts of the current line so far.
    line: Vec<u8>,
    overlong: bool,
    last_seq: u64,
    last_stamp: String,
    patch: PatchAssembler,
    patch_error: Option<String>,
    /// How each check ended before the work.
    base_checks: HashMap<String, Option<i32>>,
    /// What a judge has said so far.
    ranking: Vec<Place>,
}

impl Pass {
    fn piece(&mut self, piece: &Piece<'_>) {
        let settled = &mut self.digest.settled;
        self.hash.update(piece.content);
        settled.bytes += piece.content.len() as u64;
        if piece.newline {
            self.hash.update(b"\n");
            settled.bytes += 1;
        }
        self.overlong |= self.line.len() + piece.content.len() > LINE_LIMIT;
        if piece.partial {
            if !self.overlong {
                self.line.extend_from_slice(piece.content);
            }
            return;
        }
        settled.lines += 1;
        let overlong = std::mem::take(&mut self.overlong);
        let start = std::mem::take(&mut self.line);
        let parsed = match (overlong, start.is_empty()) {
            (true, _) => None,
            (false, true) => Line::parse(piece.content),
            (false, false) => Line::parse(&[&start, piece.content].concat()),
        };
        if let Some(line) = parsed {
            self.agent_line(line, piece.stamp);
        }
        piece.stamp.clone_into(&mut self.last_stamp);
    }

    fn agent_line(&mut self, line: Line, stamp: &str) {
        if line.seq != self.last_seq.saturating_add(1) && self.digest.hole.is_none() {
            self.digest.hole = Some(Gap {
                after: Some(self.last_stamp.clone()).filter(|stamp| !stamp.is_empty()),
                certain: true,
                reason: format!(
                    "the agent's lines {} to {} are missing before {stamp}",
                    self.last_seq.saturating_add(1),
                    line.seq.saturating_sub(1)
                ),
            });
        }
        self.last_seq = line.seq;
        if let Err(error) = self.patch.push(&line.body) {
            self.patch_error = Some(error.to_string());
        }
        let settled = &mut self.digest.settled;
        match line.body {
            Body::Started { model, .. } => settled.model = Some(model),
            body @ Body::Usage { .. } => settled.usage = Usage::told(&body),
            Body::Check {
                command,
                exit_code,
                seconds,
                output_tail,
            } => {
                // Asked back, the agent checks again: the last result of a command counts.
                settled.checks.retain(|check| check.command != command);
                let base_exit_code = self.base_checks.get(&command).copied().flatten();
                settled.checks.push(CheckResult {
                    command,
                    exit_code,
                    seconds,
                    output_tail,
                    base_exit_code,
                });
            }
            Body::Error { code, message, .. } => self.digest.error = Some((code, message)),
            Body::Finished {
                outcome, summary, ..
            } => {
                settled.summary = Some(summary);
                self.digest.outcome = Some(outcome);
            }
            Body::BaseCheck {
                command, exit_code, ..
            } => {
                self.base_checks.insert(command, exit_code);
            }
            Body::Published {
                branch,
                commit,
                url,
            } => {
                settled.published = Some(Published {
                    branch,
                    commit,
                    url,
                });
            }
            Body::Judgement(place) => self.ranking.push(place),
            Body::Verdict(verdict) => {
                settled.judgement = Some(Judgement {
                    verdict,
                    ranking: std::mem::take(&mut self.ranking),
                });
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Digest {
        let settled = &mut self.digest.settled;
        settled.sha256 = hex(&self.hash.finalize());
        settled.complete = match (self.last_seq, &self.digest.hole, self.digest.outcome) {
            (1.., Some(_), _) => Some(false),
            (1.., None, Some(_)) => Some(true),
            // No numbers, or the agent was killed before its last line.
            _ => None,
        };
        match self.patch.finish() {
            _ if self.patch_error.is_some() => self.digest.patch_error = self.patch_error,
            Err(error) => self.digest.patch_error = Some(error.to_string()),
            Ok(None) => {}
            Ok(Some(patch)) => {
                let count = |n: Option<u64>| n.unwrap_or(0);
                settled.patch = Some(PatchStats {
                    files: count(patch.summary.files.into()),
                    additions: count(patch.summary.additions.into()),
                    deletions: count(patch.summary.deletions.into()),
                    bytes: patch.bytes.len() as u64,
                    sha256: patch.sha256.clone(),
                    tree: patch.summary.tree.clone(),
                });
                self.digest.patch = Some(patch);
            }
        }
        self.digest
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
