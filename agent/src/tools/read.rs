//! `read`: a text file with line numbers.

use std::{fmt::Write as _, path::Path};

use serde::Deserialize;

use super::{Said, names};
use crate::workspace::{PathError, Workspace};

const LINES: usize = 2000;
const LINE_CHARS: usize = 2000;
const SHOWN_BYTES: usize = 50 * 1024;

/// Largest file that is looked into, bytes.
pub(super) const FILE_BYTES: u64 = 20 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    path: String,
    #[serde(default)]
    offset: Option<usize>,
    #[serde(default)]
    limit: Option<usize>,
}

pub(super) fn call(workspace: &Workspace, arguments: &Arguments) -> Result<Said, String> {
    let (path, bytes, _) = load(workspace, &arguments.path)?;
    if bytes.is_empty() {
        return Ok(Said::all(format!("{} is empty.", path.display())));
    }
    if bytes.iter().take(8192).any(|byte| *byte == 0) {
        return Err(format!(
            "{} is binary: {}, {} bytes. Use `run` to look into it.",
            path.display(),
            kind(&bytes),
            bytes.len()
        ));
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let count = lines.len();
    let first = arguments.offset.unwrap_or(1).max(1);
    if first > count {
        return Err(format!(
            "{} has {count} lines; there is no line {first}.",
            path.display()
        ));
    }
    let limit = arguments.limit.unwrap_or(LINES).clamp(1, LINES);
    let mut shown = String::new();
    let mut next = first;
    for line in lines.iter().skip(first - 1).take(limit) {
        if shown.len() + line.len().min(LINE_CHARS) > SHOWN_BYTES {
            break;
        }
        // Writing to a String cannot fail.
        let _ = match line.char_indices().nth(LINE_CHARS) {
            Some((at, _)) => writeln!(
                shown,
                "{next}: {} [line cut: {} bytes more]",
                &line[..at],
                line.len() - at
            ),
            None => writeln!(shown, "{next}: {line}"),
        };
        next += 1;
    }
    let truncated = next <= count;
    let rest = if truncated {
        format!("; go on with offset {next}")
    } else {
        String::new()
    };
    let _ = write!(shown, "[lines {first}–{} of {count}{rest}]", next - 1);
    Ok(Said {
        ok: true,
        text: shown,
        truncated,
    })
}

/// A file's path, bytes and mode; what is missing comes with names like it.
pub(super) fn load(
    workspace: &Workspace,
    path: &str,
) -> Result<(std::path::PathBuf, Vec<u8>, u32), String> {
    let relative = workspace
        .relative(path)
        .map_err(|error| error.to_string())?;
    match workspace.read(&relative, FILE_BYTES) {
        Ok((bytes, mode)) => Ok((relative, bytes, mode)),
        Err(error @ PathError::Missing(_)) => Err(format!(
            "{error}{}",
            names::similar(workspace, Path::new(&relative))
        )),
        Err(error) => Err(error.to_string()),
    }
}

/// What a binary file is, by its first bytes.
fn kind(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x7f, b'E', b'L', b'F', ..] => "a program",
        [0x89, b'P', b'N', b'G', ..] => "a PNG image",
        [0xff, 0xd8, ..] => "a JPEG image",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive",
        [0x1f, 0x8b, ..] => "gzip data",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "probably UTF-16 text",
        _ => "unknown data",
    }
}
