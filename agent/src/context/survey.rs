//! Which files a repository has, as a tree within a number of bytes and ranked by how likely they are
//! to matter. By names alone: no file is opened, so that 50,000 of them cost a walk.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet, VecDeque},
    fmt::Write as _,
    path::Path,
};

use crate::tools::walk;

/// Files that are looked at; a repository with more is told to be larger.
const LOOKED_AT: usize = 200_000;

/// Entries of a directory in the tree.
const ENTRIES: usize = 40;

/// A word of the prompt that is shorter names nothing.
const WORD_CHARS: usize = 4;

/// Files that tell what a project is, in its top directory.
const MANIFESTS: &[&str] = &[
    "cargo.toml",
    "package.json",
    "pyproject.toml",
    "setup.py",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "composer.json",
    "gemfile",
    "cmakelists.txt",
    "makefile",
    "justfile",
];

/// Where a program begins, without extension.
const ENTRY_POINTS: &[&str] = &[
    "main", "lib", "index", "app", "__main__", "__init__", "cli", "server",
];

/// Extensions of what is not read as text, or was not written by people.
const NOT_READ: &[&str] = &[
    "lock", "sum", "png", "jpg", "jpeg", "gif", "ico", "svg", "pdf", "zip", "gz", "xz", "tar",
    "jar", "so", "a", "o", "exe", "dll", "bin", "wasm", "woff", "woff2", "ttf", "mp3", "mp4",
    "map", "min",
];

/// The files of a repository.
pub(super) struct Survey {
    root: Directory,
    /// Path and whether the prompt names it, the likeliest first.
    ranked: Vec<(String, bool)>,
    count: usize,
}

/// A directory of the tree.
#[derive(Default)]
struct Directory {
    directories: BTreeMap<String, Directory>,
    /// With a mark for links.
    files: Vec<String>,
    /// Files in it and below.
    count: usize,
}

impl Survey {
    pub(super) fn new(root: &Path, prompt: &str) -> Self {
        let words = Words::new(prompt);
        let mut tree = Directory::default();
        let mut ranked = Vec::new();
        let mut count = 0;
        for entry in walk(root).build().flatten().take(LOOKED_AT) {
            let Some(kind) = entry.file_type().filter(|kind| !kind.is_dir()) else {
                continue;
            };
            let Ok(path) = entry.path().strip_prefix(root) else {
                continue;
            };
            let path = path.to_string_lossy();
            count += 1;
            tree.add(&path, kind.is_symlink());
            let (score, is_named) = words.score(&path);
            if score > 0 && kind.is_file() {
                ranked.push((Reverse(score), path.into_owned(), is_named));
            }
        }
        ranked.sort();
        Self {
            root: tree,
            ranked: ranked
                .into_iter()
                .map(|(_, path, is_named)| (path, is_named))
                .collect(),
            count,
        }
    }

    /// How many files there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Files that are likely to matter, and whether the prompt names them.
    pub(super) fn ranked(&self) -> impl Iterator<Item = (&str, bool)> {
        self.ranked
            .iter()
            .map(|(path, named)| (path.as_str(), *named))
    }

    /// The tree, whole or opened level by level as far as `bytes` reach.
    pub(super) fn tree(&self, bytes: usize) -> String {
        let mut open: HashSet<*const Directory> = HashSet::new();
        let mut waiting = VecDeque::from([(&self.root, 0)]);
        let mut left = bytes;
        while let Some((directory, depth)) = waiting.pop_front() {
            let cost = directory.cost(depth);
            // The top is always shown.
            if cost > left && depth > 0 {
                continue;
            }
            left = left.saturating_sub(cost);
            open.insert(std::ptr::from_ref(directory));
            let inner = directory.directories.values().take(ENTRIES);
            waiting.extend(inner.map(|inner| (inner, depth + 1)));
        }
        let mut text = String::new();
        self.root.render(0, &open, &mut text);
        text
    }
}

impl Directory {
    fn add(&mut self, path: &str, is_link: bool) {
        self.count += 1;
        if let Some((name, rest)) = path.split_once('/') {
            let inner = self.directories.entry(name.to_owned()).or_default();
            inner.add(rest, is_link);
        } else {
            let mark = if is_link { "@" } else { "" };
            self.files.push(format!("{}{mark}", path.escape_debug()));
        }
    }

    /// Bytes that its entries take, roughly.
    fn cost(&self, depth: usize) -> usize {
        let indent = 2 * depth + 1;
        let directories = self.directories.keys().take(ENTRIES);
        let directories = directories.map(|name| name.len() + 14 + indent);
        let files = self
            .files
            .iter()
            .take(ENTRIES)
            .map(|name| name.len() + indent);
        directories.chain(files).sum()
    }

    fn render(&self, depth: usize, open: &HashSet<*const Self>, text: &mut String) {
        let indent = "  ".repeat(depth);
        // Writing to a String cannot fail.
        for (name, inner) in self.directories.iter().take(ENTRIES) {
            let name = name.escape_debug();
            if open.contains(&std::ptr::from_ref(inner)) {
                let _ = writeln!(text, "{indent}{name}/");
                inner.render(depth + 1, open, text);
            } else {
                let _ = writeln!(text, "{indent}{name}/ ({} files)", inner.count);
            }
        }
        for file in self.files.iter().take(ENTRIES) {
            let _ = writeln!(text, "{indent}{file}");
        }
        let more = |all: usize| all.saturating_sub(ENTRIES);
        let left_out = more(self.directories.len()) + more(self.files.len());
        if left_out > 0 {
            let _ = writeln!(text, "{indent}[{left_out} more entries: use `list`]");
        }
    }
}

/// What of a prompt may name files.
struct Words {
    /// With a dot or a slash, lower case.
    paths: HashSet<String>,
    /// Others, lower case.
    words: HashSet<String>,
}

impl Words {
    fn new(prompt: &str) -> Self {
        let (mut paths, mut words) = (HashSet::new(), HashSet::new());
        let is_in_path = |c: char| c.is_alphanumeric() || "._-/+@".contains(c);
        for word in prompt.split(|c| !is_in_path(c)) {
            let word = word
                .trim_matches('.')
                .trim_start_matches('/')
                .to_lowercase();
            if word.contains(['.', '/']) {
                paths.insert(word);
            } else if word.chars().count() >= WORD_CHARS {
                words.insert(word);
            }
        }
        Self { paths, words }
    }

    /// How likely a file is to matter (0: it is not shown), and whether the prompt names it.
    fn score(&self, path: &str) -> (u32, bool) {
        let path = path.to_lowercase();
        let name = path.rsplit('/').next().unwrap_or(&path);
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        if self.paths.contains(&path) {
            return (1000, true);
        }
        if NOT_READ.contains(&extension) {
            return (0, false);
        }
        let depth = u32::try_from(path.matches('/').count()).unwrap_or(u32::MAX);
        let nearer = |score: u32| score.saturating_sub(depth.saturating_mul(3)).max(1);
        if self.paths.contains(name) {
            return (nearer(900), true);
        }
        if depth == 0 && name.starts_with("readme") {
            return (800, false);
        }
        if depth == 0 && MANIFESTS.contains(&name) {
            return (700, false);
        }
        if self.words.contains(stem) {
            return (nearer(600), false);
        }
        // Also part of a name: the test of what is named.
        let has_word = stem
            .split(['_', '-', '.'])
            .any(|part| part.len() >= WORD_CHARS && self.words.contains(part));
        if has_word {
            return (nearer(500), false);
        }
        if depth <= 3 && ENTRY_POINTS.contains(&stem) {
            return (nearer(400), false);
        }
        (0, false)
    }
}
