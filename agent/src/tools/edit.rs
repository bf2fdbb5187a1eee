//! `edit`: exact replacement, in the file's own line endings, encoding and mode.
//!
//! Exact only: where others guess what was meant they destroy files. What an exact edit needs is an
//! error that shows what is really there.

use std::{fmt::Write as _, path::Path};

use serde::Deserialize;

use super::{Said, read};
use crate::workspace::Workspace;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Lines shown around a change or a near miss.
const AROUND: usize = 4;

/// Lines of `old` compared in the search for a near miss.
const COMPARED: usize = 200;

/// Line numbers given for several matches.
const GIVEN: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    path: String,
    old: String,
    new: String,
    #[serde(default)]
    replace_all: bool,
}

pub(super) fn call(workspace: &Workspace, arguments: &Arguments) -> Result<Said, String> {
    let (path, bytes, mode) = read::load(workspace, &arguments.path)?;
    let edited = edit(&path, &bytes, arguments)?;
    workspace
        .write(&path, &edited.bytes, mode)
        .map_err(|error| error.to_string())?;
    Ok(Said::all(edited.shown))
}

struct Edited {
    bytes: Vec<u8>,
    /// What it looks like now.
    shown: String,
}

fn edit(path: &Path, bytes: &[u8], arguments: &Arguments) -> Result<Edited, String> {
    let Arguments {
        old,
        new,
        replace_all,
        ..
    } = arguments;
    let shown = path.display();
    if old.is_empty() {
        return Err(format!(
            "`old` is empty: it must be the text in {shown} to replace. To write the whole file use `write`."
        ));
    }
    if old == new {
        return Err("`old` and `new` are the same: there is nothing to do.".to_owned());
    }
    if let Some(line) = placeholder(old, new) {
        return Err(format!(
            "`new` holds a placeholder ({line:?}). It replaces `old` as it is: write out everything, or choose a smaller `old`."
        ));
    }
    if !new.is_ascii() && std::str::from_utf8(bytes).is_err() {
        return Err(format!(
            "{shown} is not UTF-8, so `new` can only have ASCII characters here; use `run` with a script that knows its encoding."
        ));
    }
    // A byte order mark is not part of the text and stays.
    let text = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let (old, new) = with_line_endings(text, old, new);
    let places = find(text, old.as_bytes());
    match places.len() {
        0 => return Err(not_found(path, text, arguments)),
        1 => {}
        _ if *replace_all => {}
        count => {
            let lines: Vec<String> = places
                .iter()
                .take(GIVEN)
                .map(|at| line_number(text, *at).to_string())
                .collect();
            return Err(format!(
                "`old` is in {shown} {count} times, at lines {}. Give more of the lines around the one you mean, or set replace_all.",
                lines.join(", ")
            ));
        }
    }
    let mut changed = bytes[..bytes.len() - text.len()].to_vec();
    let mut from = 0;
    for at in &places {
        changed.extend_from_slice(&text[from..*at]);
        changed.extend_from_slice(new.as_bytes());
        from = at + old.len();
    }
    changed.extend_from_slice(&text[from..]);
    let first = line_number(text, places[0]);
    let last = first + new.lines().count().max(1) - 1;
    let count = match places.len() {
        1 => String::new(),
        n => format!(" at {n} places, the first"),
    };
    let around = around(&changed, first, last);
    Ok(Edited {
        shown: format!("Edited {shown}{count}:\n{around}"),
        bytes: changed,
    })
}

/// `old` and `new` with the file's line endings, unless `old` is in it as it is.
fn with_line_endings(text: &[u8], old: &str, new: &str) -> (String, String) {
    let is_crlf = text.windows(2).any(|pair| pair == b"\r\n");
    if !is_crlf || (old.contains('\n') && !find(text, old.as_bytes()).is_empty()) {
        return (old.to_owned(), new.to_owned());
    }
    let convert = |text: &str| text.replace("\r\n", "\n").replace('\n', "\r\n");
    (convert(old), convert(new))
}

/// Where `needle` is, without overlaps.
fn find(text: &[u8], needle: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut from = 0;
    let finder = memchr::memmem::Finder::new(needle);
    while let Some(at) = finder.find(&text[from..]) {
        places.push(from + at);
        from += at + needle.len();
    }
    places
}

fn line_number(text: &[u8], at: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', &text[..at]).count()
}

/// A line of `new` that stands for text left out, if `old` does not have it.
fn placeholder<'a>(old: &str, new: &'a str) -> Option<&'a str> {
    new.lines().map(str::trim).find(|line| {
        let words = line
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        let is_comment = line.starts_with(['/', '#', '*', '<', '-', ';', '(', '.', '[', '…']);
        let has_dots = line.contains("...") || line.contains('…');
        let speaks = [
            "rest of",
            "existing code",
            "unchanged",
            "remaining code",
            "same as before",
        ]
        .iter()
        .any(|phrase| words.contains(phrase));
        is_comment && has_dots && speaks && !old.contains(line)
    })
}

/// Why there is no match: what is there instead.
fn not_found(path: &Path, text: &[u8], arguments: &Arguments) -> String {
    let shown = path.display();
    let text = String::from_utf8_lossy(text);
    let Arguments { old, new, .. } = arguments;
    let mut message = format!("`old` is not in {shown}; nothing was changed.");
    let has_numbers = old.lines().all(|line| {
        let number = line.trim_start().split(": ").next().unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    if has_numbers {
        message.push_str(" It has the line numbers that `read` shows (`N: `): leave them out.");
        return message;
    }
    let normal = |text: &str| text.replace("\r\n", "\n");
    if !new.trim().is_empty() && normal(&text).contains(&normal(new)) {
        message.push_str(" `new` is already there: the edit seems to have been made before.");
        return message;
    }
    let lines: Vec<&str> = text.lines().collect();
    let wanted: Vec<&str> = old.lines().take(COMPARED).collect();
    match nearest(&lines, &wanted) {
        Some(start) => near_miss(&mut message, &lines, &wanted, start),
        None => message.push_str(" No line of it is there. Read the file again."),
    }
    message
}

/// Shows the nearest region and the first line in which it differs, blanks made visible.
fn near_miss(message: &mut String, lines: &[&str], wanted: &[&str], start: usize) {
    let differs = (0..wanted.len()).find(|at| lines.get(start + at) != Some(&wanted[*at]));
    if let Some(at) = differs {
        let found = lines
            .get(start + at)
            .map_or("(end of the file)".to_owned(), |line| visible(line));
        // Writing to a String cannot fail.
        let _ = write!(
            message,
            " The nearest text begins at line {}. The first difference is at line {}:\n  file: {found}\n  old:  {}",
            start + 1,
            start + at + 1,
            visible(wanted[at])
        );
    } else {
        let _ = write!(
            message,
            " The lines from {} on are the same, but not where `old` begins or ends: look at blanks and newlines there.",
            start + 1
        );
    }
    let end = (start + wanted.len() + AROUND).min(lines.len());
    message.push_str("\nThe file there:\n");
    for (at, line) in lines
        .iter()
        .enumerate()
        .take(end)
        .skip(start.saturating_sub(AROUND))
    {
        let _ = writeln!(message, "{}: {line}", at + 1);
    }
}

/// The window of `lines` with most lines like `wanted`.
fn nearest(lines: &[&str], wanted: &[&str]) -> Option<usize> {
    let alike = |start: usize| {
        wanted
            .iter()
            .zip(&lines[start..])
            .map(|(a, b)| match (a.trim(), b.trim()) {
                ("", _) => 0,
                (a, b) if a == b => 1000,
                _ => 0,
            })
            .sum::<u32>()
    };
    let best = (0..lines.len()).max_by_key(|start| (alike(*start), std::cmp::Reverse(*start)))?;
    if alike(best) > 0 {
        return Some(best);
    }
    // Not one line is the same but for blanks: the one most like the first that says something.
    let (at, first) = wanted
        .iter()
        .enumerate()
        .find(|(_, line)| !line.trim().is_empty())?;
    let like = |line: &str| strsim::normalized_levenshtein(line.trim(), first.trim());
    let (best, score) = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.len() < 1000 && first.len() < 1000)
        .map(|(number, line)| (number, like(line)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    (score > 0.6).then(|| best.saturating_sub(at))
}

/// A line with its blanks to be seen.
fn visible(line: &str) -> String {
    let text = line.trim_start();
    let indent: String = line[..line.len() - text.len()]
        .chars()
        .map(|c| if c == ' ' { '·' } else { '→' })
        .collect();
    let body = text.trim_end();
    let end: String = text[body.len()..]
        .chars()
        .map(|c| if c == ' ' { '·' } else { '→' })
        .collect();
    format!("{indent}{body}{end}")
}

/// Lines `first` to `last` and some around them, numbered.
fn around(bytes: &[u8], first: usize, last: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut shown = String::new();
    let from = first.saturating_sub(AROUND).max(1);
    let to = last.min(first + 40) + AROUND;
    for (at, line) in text.lines().enumerate().take(to).skip(from - 1) {
        // Writing to a String cannot fail.
        let _ = writeln!(shown, "{}: {line}", at + 1);
    }
    shown
}

#[cfg(test)]
mod tests;
