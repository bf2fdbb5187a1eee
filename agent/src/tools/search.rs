//! `search`: lines that match a regular expression.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use globset::{GlobBuilder, GlobMatcher};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{
    BinaryDetection, Searcher, SearcherBuilder, Sink, SinkContext, SinkContextKind, SinkMatch,
};
use serde::Deserialize;

use super::{Said, names};
use crate::workspace::{PathError, Workspace};

const MATCHES: usize = 100;
const MATCHES_A_FILE: usize = 20;
const LINE_CHARS: usize = 300;
const TIME: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    pattern: String,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    glob: Option<String>,
    #[serde(default)]
    context: Option<usize>,
}

pub(super) fn call(workspace: &Workspace, arguments: &Arguments) -> Result<Said, String> {
    let matcher = matcher(&arguments.pattern)?;
    let glob = arguments.glob.as_deref().map(glob).transpose()?;
    let path = arguments.path.as_deref().unwrap_or_default();
    let path = workspace
        .relative(path)
        .map_err(|error| error.to_string())?;
    let mut searcher = SearcherBuilder::new()
        .line_number(true)
        .before_context(arguments.context.unwrap_or_default().min(10))
        .after_context(arguments.context.unwrap_or_default().min(10))
        .binary_detection(BinaryDetection::quit(0))
        .build();
    let mut found = Found::default();
    let started = Instant::now();
    for file in files(workspace, &path)? {
        if glob.as_ref().is_some_and(|glob| !glob.is_match(&file)) {
            continue;
        }
        if found.matches >= MATCHES || started.elapsed() > TIME {
            found.cut = true;
            break;
        }
        found.search(workspace, &mut searcher, &matcher, file);
    }
    Ok(found.said(&arguments.pattern))
}

fn matcher(pattern: &str) -> Result<RegexMatcher, String> {
    RegexMatcherBuilder::new()
        .line_terminator(Some(b'\n'))
        .build(pattern)
        .map_err(|error| {
            format!(
                "The pattern is not a regular expression: {error}\nTo search for it as plain text, use: {}",
                escape(pattern)
            )
        })
}

/// The pattern that matches a text literally.
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let special = r"\.+*?()|[]{}^$#&-~".contains(c);
            special.then_some('\\').into_iter().chain([c])
        })
        .collect()
}

fn glob(glob: &str) -> Result<GlobMatcher, String> {
    // `*.py` means any such file, `src/*.py` one right there.
    let anywhere = if glob.contains('/') {
        glob.trim_start_matches('/').to_owned()
    } else {
        format!("**/{glob}")
    };
    GlobBuilder::new(&anywhere)
        .literal_separator(true)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| format!("The glob cannot be used: {error}."))
}

/// The files to search, relative to the repository, in order.
fn files(workspace: &Workspace, path: &Path) -> Result<Box<dyn Iterator<Item = PathBuf>>, String> {
    let directory = match workspace.directory(path) {
        Ok(directory) => directory,
        Err(PathError::NotDirectory(_)) => return Ok(Box::new(std::iter::once(path.to_owned()))),
        Err(error @ PathError::Missing(_)) => {
            return Err(format!("{error}{}", names::similar(workspace, path)));
        }
        Err(error) => return Err(error.to_string()),
    };
    let root = workspace.root().to_owned();
    let entries = names::walk(&directory).build().flatten();
    Ok(Box::new(
        entries
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .filter_map(move |entry| entry.path().strip_prefix(&root).ok().map(Path::to_owned)),
    ))
}

/// What was found so far.
#[derive(Default)]
struct Found {
    text: String,
    matches: usize,
    files: usize,
    unreadable: usize,
    cut: bool,
}

impl Found {
    fn search(
        &mut self,
        workspace: &Workspace,
        searcher: &mut Searcher,
        matcher: &RegexMatcher,
        path: PathBuf,
    ) {
        self.files += 1;
        let Ok((file, _)) = workspace.open_file(&path) else {
            self.unreadable += 1;
            return;
        };
        let mut hits = Hits {
            path,
            found: self,
            in_file: 0,
        };
        if searcher.search_file(matcher, &file, &mut hits).is_err() {
            self.unreadable += 1;
        }
    }

    fn said(mut self, pattern: &str) -> Said {
        let (files, matches) = (self.files, self.matches);
        let mut end = if matches == 0 {
            format!("No match for {pattern:?} in {files} files.")
        } else {
            format!("[{matches} matches in {files} files searched")
        };
        if self.cut {
            end.push_str("; there are more: narrow the pattern, path or glob");
        }
        if self.unreadable > 0 {
            // Writing to a String cannot fail.
            let _ = write!(end, "; {} files could not be read", self.unreadable);
        }
        if matches > 0 {
            end.push(']');
        }
        self.text.push_str(&end);
        Said {
            ok: true,
            text: self.text,
            truncated: self.cut,
        }
    }
}

/// Writes the hits in one file.
struct Hits<'a> {
    path: PathBuf,
    found: &'a mut Found,
    in_file: usize,
}

impl Hits<'_> {
    fn line(&mut self, number: Option<u64>, mark: char, bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes);
        let line = line.trim_end_matches(['\n', '\r']);
        let (shown, more) = match line.char_indices().nth(LINE_CHARS) {
            Some((at, _)) => (&line[..at], "…"),
            None => (line, ""),
        };
        let path = self.path.display();
        let number = number.unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(self.found.text, "{path}{mark}{number}{mark} {shown}{more}");
    }
}

impl Sink for Hits<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, hit: &SinkMatch<'_>) -> io::Result<bool> {
        if self.in_file == MATCHES_A_FILE || self.found.matches == MATCHES {
            self.found.cut = true;
            return Ok(false);
        }
        self.in_file += 1;
        self.found.matches += 1;
        self.line(hit.line_number(), ':', hit.bytes());
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> io::Result<bool> {
        debug_assert!(*context.kind() != SinkContextKind::Other, "no passthru");
        self.line(context.line_number(), '-', context.bytes());
        Ok(true)
    }
}
