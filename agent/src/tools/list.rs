//! `list`: a directory as a tree.

use std::{fmt::Write as _, path::Path};

use serde::Deserialize;

use super::{Said, names};
use crate::workspace::{PathError, Workspace};

const ENTRIES: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    depth: Option<usize>,
}

pub(super) fn call(workspace: &Workspace, arguments: &Arguments) -> Result<Said, String> {
    let path = arguments.path.as_deref().unwrap_or_default();
    let path = workspace
        .relative(path)
        .map_err(|error| error.to_string())?;
    let directory = workspace.directory(&path).map_err(|error| match error {
        PathError::Missing(_) => format!("{error}{}", nearest(workspace, &path)),
        other => other.to_string(),
    })?;
    let depth = arguments.depth.unwrap_or(2).clamp(1, 10);
    let (text, left_out) = tree(&directory, depth, ENTRIES);
    Ok(Said {
        ok: true,
        truncated: left_out > 0,
        text: if text.is_empty() {
            "The directory is empty.".to_owned()
        } else {
            text
        },
    })
}

/// The entries below a directory, and how many were left out.
fn tree(directory: &Path, depth: usize, limit: usize) -> (String, usize) {
    let mut text = String::new();
    let mut left_out = 0;
    let entries = names::walk(directory).max_depth(Some(depth)).build();
    for (number, entry) in entries.flatten().skip(1).enumerate() {
        if number >= limit {
            left_out += 1;
            continue;
        }
        let indent = "  ".repeat(entry.depth() - 1);
        let name = entry.file_name().to_string_lossy();
        let slash = match entry.file_type() {
            Some(kind) if kind.is_dir() => "/",
            Some(kind) if kind.is_symlink() => "@",
            _ => "",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{indent}{}{slash}", name.escape_debug());
    }
    if left_out > 0 {
        let _ = writeln!(text, "[{left_out} more entries; list a subdirectory]");
    }
    (text, left_out)
}

/// The nearest directory that there is, and what is in it.
fn nearest(workspace: &Workspace, missing: &Path) -> String {
    for parent in missing.ancestors().skip(1) {
        if let Ok(directory) = workspace.directory(parent) {
            let shown = match parent.display().to_string() {
                empty if empty.is_empty() => "The repository".to_owned(),
                path => path,
            };
            return format!("\n{shown} has:\n{}", tree(&directory, 1, 50).0);
        }
    }
    String::new()
}
