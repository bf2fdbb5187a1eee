//! The tools as the model has them: what they say, and what they refuse.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use serde_json::json;
use tempfile::TempDir;

use super::*;

/// A repository with a world around it that tools must not reach.
struct World {
    directory: TempDir,
    toolbox: Toolbox,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("repo");
        for path in ["src/deep", ".git", "target", ".github"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        for (path, text) in [
            (
                "src/parser.rs",
                "fn parse() {}\n// TODO(x)\nfn unparse() {}\n",
            ),
            ("src/deep/lexer.rs", "fn lex() {}\n"),
            (".github/ci.yml", "on: push\n"),
            (".gitignore", "target/\n"),
            (".git/config", "secret\n"),
            ("target/out.rs", "fn parse() {}\n"),
            ("empty", ""),
            ("../secret", "secret\n"),
        ] {
            fs::write(root.join(path), text).unwrap();
        }
        fs::write(root.join("image.png"), b"\x89PNG\0\0").unwrap();
        symlink("../secret", root.join("out")).unwrap();
        symlink("/proc/self/environ", root.join("environ")).unwrap();
        symlink("src", root.join("code")).unwrap();
        let workspace = Workspace::open(&root).unwrap();
        let shell = Shell::new(&root, directory.path()).unwrap();
        let until = Instant::now() + Duration::from_mins(1);
        let toolbox = Toolbox::new(workspace, shell, directory.path().join("outputs"), until);
        Self { directory, toolbox }
    }

    fn root(&self) -> std::path::PathBuf {
        self.directory.path().join("repo")
    }

    async fn call(&mut self, name: &str, arguments: Value) -> Said {
        match self.toolbox.parse(name, &arguments.to_string()) {
            Ok(tool) => self.toolbox.call(tool).await,
            Err(said) => said,
        }
    }

    async fn ok(&mut self, name: &str, arguments: Value) -> String {
        let said = self.call(name, arguments).await;
        assert!(said.ok, "{}", said.text);
        said.text
    }

    async fn refused(&mut self, name: &str, arguments: Value) -> String {
        let said = self.call(name, arguments).await;
        assert!(!said.ok, "{}", said.text);
        said.text
    }
}

#[tokio::test]
async fn nothing_outside_the_repository_or_in_git_is_reached() {
    let mut world = World::new();
    let absolute = world.directory.path().join("secret").display().to_string();
    for path in [
        "../secret",
        &absolute,
        "out",
        "environ",
        ".git/config",
        "src/../.GIT/config",
        "/etc/passwd",
    ] {
        for (name, arguments) in [
            ("read", json!({"path": path})),
            ("write", json!({"path": path, "content": "x"})),
            ("edit", json!({"path": path, "old": "secret", "new": "x"})),
        ] {
            let said = world.refused(name, arguments).await;
            assert!(
                !said.contains("secret\n") && !said.contains("PATH="),
                "{said}"
            );
        }
    }
    let found = world.ok("search", json!({"pattern": "secret|PATH="})).await;
    assert!(found.starts_with("No match"), "{found}");
    assert_eq!(
        fs::read_to_string(world.directory.path().join("secret")).unwrap(),
        "secret\n"
    );
    // A link inside leads to a file inside: to read, and through a directory to write.
    assert!(
        world
            .ok("read", json!({"path": "code/parser.rs"}))
            .await
            .starts_with("1: fn parse")
    );
    world
        .ok("write", json!({"path": "code/new/file", "content": "x"}))
        .await;
    assert!(world.root().join("src/new/file").exists());
}

#[tokio::test]
async fn reading_shows_numbers_and_errors_show_the_way() {
    let mut world = World::new();
    let many: Vec<String> = (1..=3000).map(|n| format!("line {n}")).collect();
    fs::write(world.root().join("many"), many.join("\n")).unwrap();
    fs::write(world.root().join("wide"), "x".repeat(3000)).unwrap();
    let part = world
        .ok("read", json!({"path": "many", "offset": 2999}))
        .await;
    assert_eq!(
        part,
        "2999: line 2999\n3000: line 3000\n[lines 2999–3000 of 3000]"
    );
    let all = world.ok("read", json!({"path": "many"})).await;
    assert!(all.ends_with("[lines 1–2000 of 3000; go on with offset 2001]"));
    assert!(
        world
            .ok("read", json!({"path": "wide"}))
            .await
            .contains("[line cut: 1000 bytes more]")
    );
    assert!(
        world
            .ok("read", json!({"path": "empty"}))
            .await
            .contains("is empty")
    );
    assert!(
        world
            .refused("read", json!({"path": "many", "offset": 5000}))
            .await
            .contains("3000 lines")
    );
    assert!(
        world
            .refused("read", json!({"path": "image.png"}))
            .await
            .contains("a PNG image")
    );
    assert!(
        world
            .refused("read", json!({"path": "src"}))
            .await
            .contains("use `list`")
    );
    let missing = world.refused("read", json!({"path": "parsr.rs"})).await;
    assert!(missing.contains("Did you mean src/parser.rs"), "{missing}");
    let absolute = world.root().join("empty");
    world.ok("read", json!({"path": absolute})).await;
}

#[tokio::test]
async fn listing_and_searching_leave_out_what_git_ignores() {
    let mut world = World::new();
    let listed = world.ok("list", json!({})).await;
    for there in [
        ".github/\n",
        "  ci.yml\n",
        "src/\n  deep/\n  parser.rs\n",
        "out@\n",
    ] {
        assert!(listed.contains(there), "{there:?} in {listed}");
    }
    for not in ["target", ".git/", "lexer"] {
        assert!(!listed.contains(not), "{not:?} in {listed}");
    }
    let missing = world.refused("list", json!({"path": "src/depe"})).await;
    assert!(missing.contains("src has:\ndeep/"), "{missing}");
    let found = world
        .ok("search", json!({"pattern": r"fn \w*parse\(", "context": 1}))
        .await;
    assert_eq!(
        found,
        "src/parser.rs:1: fn parse() {}\nsrc/parser.rs-2- // TODO(x)\nsrc/parser.rs:3: fn unparse() {}\n[2 matches in 6 files searched]"
    );
    let by_glob = world
        .ok("search", json!({"pattern": "fn", "glob": "*xer.rs"}))
        .await;
    assert!(
        by_glob.starts_with("src/deep/lexer.rs:1: fn lex"),
        "{by_glob}"
    );
    let one = world
        .ok(
            "search",
            json!({"pattern": "fn", "path": "src/deep/lexer.rs"}),
        )
        .await;
    assert!(one.ends_with("[1 matches in 1 files searched]"), "{one}");
    let broken = world.refused("search", json!({"pattern": "TODO(x"})).await;
    assert!(broken.ends_with(r"use: TODO\(x"), "{broken}");
}

#[tokio::test]
async fn writing_keeps_modes_and_a_bad_call_gets_the_schema() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut world = World::new();
    let script = world.root().join("src/parser.rs");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let text = world
        .ok("write", json!({"path": "src/parser.rs", "content": "x"}))
        .await;
    assert!(text.contains("did not mean to shorten"), "{text}");
    assert_eq!(
        fs::metadata(&script).unwrap().permissions().mode() & 0o777,
        0o755
    );
    assert!(
        world
            .refused("write", json!({"path": "src", "content": ""}))
            .await
            .contains("directory")
    );
    assert!(
        world
            .refused("write", json!({"path": "empty/x", "content": ""}))
            .await
            .contains("is a file, not a directory")
    );
    let left: Vec<_> = fs::read_dir(world.root().join("src")).unwrap().collect();
    assert_eq!(left.len(), 2, "no temporary file is left");
    let schema = world.refused("read", json!({"file": "x"})).await;
    assert!(
        schema.contains("unknown field `file`") && schema.contains("\"required\":[\"path\"]"),
        "{schema}"
    );
}

#[tokio::test]
async fn a_long_output_shows_its_ends_and_where_the_rest_is() {
    let mut world = World::new();
    let said = world
        .call("run", json!({"command": "seq 1 20000; exit 7"}))
        .await;
    assert!(!said.ok && said.truncated);
    assert!(said.text.starts_with("1\n2\n"), "{}", said.text);
    assert!(
        said.text.contains("19999\n20000\n[exit code 7 after"),
        "{}",
        said.text
    );
    assert!(said.text.len() < 17_000);
    let log = world.directory.path().join("outputs/1.log");
    assert!(said.text.contains(&log.display().to_string()));
    assert!(fs::read_to_string(log).unwrap().ends_with("20000\n"));
    let slow = world
        .refused(
            "run",
            json!({"command": "echo begun; sleep 50", "timeout_s": 1}),
        )
        .await;
    assert!(
        slow.starts_with("begun\n[timed out and was killed after 1 s; above is"),
        "{slow}"
    );
}

#[test]
fn schemas_name_what_the_arguments_are() {
    let schemas: Vec<Value> = serde_json::from_str(SCHEMAS).unwrap();
    let workspace = Workspace::open(Path::new("/")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let shell = Shell::new(directory.path(), directory.path()).unwrap();
    let toolbox = Toolbox::new(workspace, shell, "/".into(), Instant::now());
    for schema in schemas {
        let parameters = &schema["parameters"];
        let mut arguments = serde_json::Map::new();
        for (name, property) in parameters["properties"].as_object().unwrap() {
            let value = match property["type"].as_str().unwrap() {
                "string" => json!("x"),
                "integer" => json!(1),
                "boolean" => json!(true),
                _ => json!(["x"]),
            };
            arguments.insert(name.clone(), value);
        }
        let name = schema["name"].as_str().unwrap();
        let all = Value::Object(arguments.clone()).to_string();
        assert!(toolbox.parse(name, &all).is_ok(), "{name} {all}");
        for required in parameters["required"].as_array().into_iter().flatten() {
            let mut without = arguments.clone();
            without.remove(required.as_str().unwrap());
            let without = Value::Object(without).to_string();
            assert!(toolbox.parse(name, &without).is_err(), "{name} {without}");
        }
    }
}
