//! "Did you mean": what a missing path could have been.

use std::path::Path;

use ignore::WalkBuilder;

use crate::workspace::Workspace;

/// Files looked at.
const LOOKED_AT: usize = 20_000;

/// Names given.
const GIVEN: usize = 3;

/// Below this likeness (0 to 1) a name is no help.
const LIKENESS: f64 = 0.75;

/// A walk over the repository's own files: no `.git`, nothing ignored, no links followed.
pub(crate) fn walk(directory: &Path) -> WalkBuilder {
    let mut walk = WalkBuilder::new(directory);
    walk.hidden(false)
        .parents(false)
        .git_global(false)
        .git_exclude(false)
        .follow_links(false)
        .sort_by_file_name(std::cmp::Ord::cmp)
        .filter_entry(|entry| !entry.file_name().eq_ignore_ascii_case(".git"));
    walk
}

/// A sentence with the paths most like a missing one, or an empty one.
pub(super) fn similar(workspace: &Workspace, missing: &Path) -> String {
    let root = workspace.root();
    let wanted = missing.display().to_string().to_lowercase();
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().to_lowercase()
    };
    let wanted_name = name(missing);
    let mut found: Vec<(f64, String)> = walk(root)
        .build()
        .flatten()
        .take(LOOKED_AT)
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(root).ok()?.to_owned();
            let shown = path.display().to_string();
            let alike = strsim::jaro_winkler(&wanted_name, &name(&path))
                .max(strsim::jaro_winkler(&wanted, &shown.to_lowercase()));
            (!shown.is_empty() && alike >= LIKENESS).then_some((alike, shown))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(GIVEN);
    let names: Vec<String> = found.into_iter().map(|(_, path)| path).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(" Did you mean {}?", names.join(" or "))
}
