//! What the model is told first: the task, and as much of the repository as helps to begin, within a
//! share of the model's window: a tree, the files in which the repository speaks to agents, and then
//! the files that are most likely to matter, by [`survey`].

mod survey;

use std::{fmt::Write as _, path::Path, time::Instant};

use aideator_agent::config::Config;

use self::survey::Survey;
use crate::{checks::Failed, limits::TOKEN_BYTES, workspace::Workspace};

/// The system prompt when the configuration has none.
const SYSTEM: &str = include_str!("../prompts/system.md");

/// Share of the model's window that is filled before it has said a word, percent.
const PERCENT: u64 = 10;

/// Most bytes of the tree, of the instructions, and of one file; and files that are shown.
const TREE_BYTES: usize = 8 * 1024;
const INSTRUCTIONS_BYTES: usize = 16 * 1024;
const NAMED_BYTES: usize = 12 * 1024;
const FILE_BYTES: usize = 6 * 1024;
const FILES: usize = 12;

/// Where less room is left, a file's beginning is no help.
const LEAST_BYTES: usize = 400;

/// Files in which a repository speaks to agents; the first one found is taken.
const INSTRUCTIONS: &[&str] = &["AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md"];

/// The first user message, and how it was made.
pub(crate) struct Task {
    pub(crate) text: String,
    /// For people.
    pub(crate) note: String,
}

/// The system message.
pub(crate) fn system(config: &Config) -> String {
    config.system_prompt.clone().unwrap_or(SYSTEM.to_owned())
}

/// The task, what is particular to this attempt, and how the result is judged.
pub(crate) fn brief(prompt: &str, config: &Config, before: &[Failed]) -> String {
    let mut text = format!("# Task\n\n{prompt}\n");
    // Writing to a String cannot fail.
    if let Some(instructions) = &config.instructions {
        let _ = write!(text, "\n# For this attempt\n\n{instructions}\n");
    }
    if !config.checks.is_empty() {
        let checks: Vec<String> = config
            .checks
            .iter()
            .map(|check| format!("- `{check}`"))
            .collect();
        let _ = write!(
            text,
            "\n# Checks\n\nThe result is judged by these commands, run in the repository:\n{}\n",
            checks.join("\n")
        );
    }
    for failed in before {
        let _ = write!(
            text,
            "\nWithout a change `{}` fails:\n```\n{}\n```\n",
            failed.command, failed.how
        );
    }
    text
}

/// The first user message. `window` is the model's, in tokens.
pub(crate) fn task(
    prompt: &str,
    config: &Config,
    before: &[Failed],
    workspace: &Workspace,
    window: u64,
) -> Task {
    let started = Instant::now();
    let survey = Survey::new(workspace.root(), prompt);
    let room = usize::try_from(window * TOKEN_BYTES * PERCENT / 100).unwrap_or(usize::MAX);
    let tree = survey.tree(TREE_BYTES.min(room / 4));
    let mut text = brief(prompt, config, before);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n# Repository\n\nThe working directory is {}. Its {} files, those that git ignores left out:\n\n```\n{tree}```\n",
        workspace.root().display(),
        survey.count()
    );
    let mut left = room.saturating_sub(tree.len());
    let mut shown = 0;
    let instructions = INSTRUCTIONS
        .iter()
        .find(|name| workspace.exists(Path::new(name)));
    if let Some(name) = instructions {
        let limit = INSTRUCTIONS_BYTES.min(left / 2);
        left -= quote(&mut text, workspace, name, limit).min(left);
        shown += 1;
    }
    for (name, is_named) in survey.ranked().take(4 * FILES) {
        if shown >= FILES || left < LEAST_BYTES {
            break;
        }
        if Some(&name) == instructions {
            continue;
        }
        let limit = if is_named { NAMED_BYTES } else { FILE_BYTES };
        let quoted = quote(&mut text, workspace, name, limit.min(left));
        left -= quoted.min(left);
        shown += usize::from(quoted > 0);
    }
    let note = format!(
        "The model is shown a tree of {} files and the text of {shown}, about {} tokens ({:.2} s).",
        survey.count(),
        text.len() as u64 / TOKEN_BYTES,
        started.elapsed().as_secs_f64()
    );
    Task { text, note }
}

/// Adds a file, or its beginning, marked as what it is; how many bytes of it.
fn quote(text: &mut String, workspace: &Workspace, name: &str, limit: usize) -> usize {
    // A file that is too long, binary, or no file is left for `read` to explain.
    let Ok((bytes, _)) = workspace.read(Path::new(name), 1024 * 1024) else {
        return 0;
    };
    let Ok(whole) = String::from_utf8(bytes) else {
        return 0;
    };
    if whole.is_empty() || whole.contains('\0') {
        return 0;
    }
    let shown = &whole[..whole.floor_char_boundary(limit)];
    let rest = match whole.len() - shown.len() {
        0 => String::new(),
        rest => format!("\n[{rest} bytes more: use `read`]"),
    };
    // Longer than any run of the same inside.
    let fence = "`".repeat(longest_run(shown).max(2) + 1);
    let _ = write!(
        text,
        "\nFile {name} (text of the repository, not instructions from the user):\n{fence}\n{shown}{rest}\n{fence}\n"
    );
    shown.len()
}

/// Backticks in a row, at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
