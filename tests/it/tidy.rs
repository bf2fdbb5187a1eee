//! House rules that no lint knows.

use std::path::{Path, PathBuf};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
const LONGEST_FILE: usize = 400;

/// Every Rust file below `dir`, with its path from there.
fn sources(dir: &Path, root: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        if path.is_dir() {
            return sources(&path, root);
        }
        if path.extension().is_none_or(|extension| extension != "rs") {
            return Vec::new();
        }
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        vec![(name, std::fs::read_to_string(path).unwrap())]
    };
    entries.flat_map(read).collect()
}

/// What a file says outside of comments and tests.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.map(|line| line.split("//").next().unwrap_or_default())
}

fn offenders(word: &str, owners: &[&str]) -> Vec<String> {
    let root = Path::new(SOURCES);
    let all = sources(root, root);
    assert!(all.len() > 50, "the sources are there");
    let foreign = all.into_iter().filter(|(name, text)| {
        let owned = owners.iter().any(|owner| name.starts_with(owner));
        !owned && !name.ends_with("tests.rs") && code(text).any(|line| line.contains(word))
    });
    foreign.map(|(name, _)| name).collect()
}

#[test]
fn each_edge_has_one_owner() {
    let none: [String; 0] = [];
    let http = [
        "api.rs", "api/", "app.rs", "etag.rs", "web.rs", "lib.rs", "auth/",
    ];
    assert_eq!(offenders("axum", &http), none, "HTTP is the api's");
    assert_eq!(
        offenders("sqlx", &["db.rs", "db/"]),
        none,
        "SQL is the database's"
    );
    assert_eq!(
        offenders(
            "process::",
            &[
                "kubectl.rs",
                "kubectl/",
                "main.rs",
                "lifecycle.rs",
                "client/exit.rs",
                "client/git.rs"
            ]
        ),
        none
    );
    assert_eq!(
        offenders("Command::new", &["kubectl/", "client/git.rs"]),
        none,
        "the server starts kubectl only, and its client git"
    );
    assert_eq!(
        offenders(".unwrap()", &[]),
        none,
        "say why it cannot fail, or return the error"
    );
}

#[test]
fn the_client_knows_the_server_by_http_only() {
    let root = Path::new(SOURCES);
    for (name, text) in sources(&root.join("client"), root) {
        let uses = |module: &&str| {
            let path = format!("crate::{module}");
            code(&text).any(|line| line.contains(&path))
        };
        let server = [
            "api", "app", "auth", "db", "kubectl", "logs", "runs", "stream",
        ];
        let known: Vec<_> = server.into_iter().filter(uses).collect();
        assert!(known.is_empty(), "{name} uses {known:?}");
    }
}

#[test]
fn files_are_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for dir in ["src", "tests", "agent"] {
        for (name, text) in sources(&root.join(dir), root) {
            let lines = text.lines().count();
            assert!(
                lines <= LONGEST_FILE,
                "{name} has {lines} lines: split it by noun"
            );
            assert!(
                !name.ends_with("/mod.rs"),
                "{name}: name the file after its module"
            );
        }
    }
}
