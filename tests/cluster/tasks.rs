//! Changes of every kind, made in Jobs: for each the patch applies with `git apply --index` to a fresh
//! clone, and the tree is the one that the agent told. And a key that nothing of it can have.

use aideator_agent::protocol::{Body, Line};
use serde_json::{Value, json};

use crate::support::{Api, Follower, in_peace, sh, stored_files, tool_output};

/// What is done, by a command on one line; and what a script prints in the clone afterwards.
const TASKS: [[(&str, &str, &str, &str); 4]; 3] = [
    [
        (
            "a file is added",
            "mkdir -p docs; printf x > docs/new.md",
            "git diff --cached --name-status",
            "A\tdocs/new.md",
        ),
        (
            "files are moved and deleted",
            "mv parse_duration/parser.py parse_duration/parse.py; rm LICENSE",
            "git diff --cached --name-status -M",
            "D\tLICENSE\nR100\tparse_duration/parser.py\tparse_duration/parse.py",
        ),
        (
            "modes and links",
            "chmod +x README.md; ln -s README.md link",
            "git ls-files -s README.md link | cut -c1-6",
            "100755\n120000",
        ),
        (
            "CRLF",
            "sed -i 's/$/\\r/' README.md",
            "grep -vc \"$(printf '\\r')\" README.md || true",
            "0",
        ),
    ],
    [
        (
            "UTF-16",
            "iconv -t UTF-16LE README.md > r; mv r README.md",
            "iconv -f UTF-16LE README.md | diff - <(git show HEAD:README.md) && echo same",
            "same",
        ),
        (
            "binaries",
            "head -c 100000 /dev/urandom > a.bin; printf '\\000\\001' > LICENSE",
            "wc -c < a.bin; wc -c < LICENSE",
            "100000\n2",
        ),
        (
            "names",
            "printf a > \"$(printf 'tab\\there')\"; printf b > 'ünï 😀 \"q\".txt'; printf c > \"$(printf 'n\\351.txt')\"",
            "git diff --cached --name-only | wc -l",
            "3",
        ),
        (
            "what is planted in .git",
            "git init -q nested; echo x > nested/in; git config core.fsmonitor /bin/false; git config core.hooksPath /tmp; printf '*\\n' > .git/info/exclude; echo changed >> README.md; rm -f .git/index",
            "git diff --cached --name-only",
            "README.md\nnested/in",
        ),
    ],
    [
        (
            "50,000 files that are ignored",
            "echo big/ >> .gitignore; mkdir big; cd big; for d in $(seq 100); do mkdir $d; (cd $d; seq 500 | xargs touch); done",
            "git diff --cached --name-only",
            ".gitignore",
        ),
        (
            "a name is changed in all files",
            "grep -rl parse_duration --include='*.py' --include='*.md' . | xargs sed -i s/parse_duration/duration/g; mv parse_duration duration",
            "git grep -l parse_duration || echo none",
            "none",
        ),
        (
            "build products",
            "python3 -m compileall -q .; mkdir node_modules; touch node_modules/x; echo y > kept",
            "git diff --cached --name-only",
            "kept",
        ),
        (
            "everything is replaced",
            "rm -rf -- * .gitignore; printf 'no newline' > only",
            "git ls-files; cat only",
            "only\nno newline",
        ),
    ],
];

#[tokio::test]
async fn changes_of_every_kind_apply_to_a_fresh_clone() {
    let _peace = in_peace().await;
    let api = Api::operator();
    for tasks in TASKS {
        let variants: Vec<Value> = tasks
            .iter()
            .map(|(_, command, ..)| json!({"instructions": format!("[[scripted: run {command}]]")}))
            .collect();
        let body = json!({"variants": variants, "variations": null});
        let id = api
            .start("Do what is asked for this attempt.", tasks.len(), body)
            .await;
        let mut follower = Follower::new(&api, &id);
        follower.read_to_end().await;
        let shown = api.run(&id).await;
        for (variation, (name, _, script, prints)) in tasks.into_iter().enumerate() {
            let tree = tree(&api, &id, variation).await;
            assert!(tree.is_some(), "{name}: {}", shown["variations"][variation]);
            let dir = tempfile::tempdir().unwrap();
            let printed = sh(&format!(
                r#"cd {dir}; git clone --quiet "$AIDEATOR_DEMO_CLONE" repo; cd repo; git checkout --quiet {base}
                curl -fsS "$AIDEATOR_URL/api/v1/runs/{id}/variations/{variation}/patch" -H "X-API-Key: $AIDEATOR_API_KEY" > ../patch
                git apply --index ../patch; test "$(git write-tree)" = {tree}
                git config core.quotePath true; {script}"#,
                dir = dir.path().display(),
                base = shown["base_sha"].as_str().unwrap(),
                tree = tree.unwrap(),
            ))
            .await;
            assert_eq!(
                String::from_utf8_lossy(&printed).trim_end(),
                prints,
                "{name}"
            );
        }
    }
}

/// The tree that the agent told with its patch.
async fn tree(api: &Api, id: &str, variation: usize) -> Option<String> {
    let log = api
        .get(&format!("/runs/{id}/variations/{variation}/logs"))
        .await
        .expect(200)
        .body;
    log.split(|byte| *byte == b'\n')
        .find_map(|line| match Line::parse(line)?.body {
            Body::Patch(part) => part.tree,
            _ => None,
        })
}

#[tokio::test]
async fn the_provider_s_key_is_nowhere_whatever_a_tool_tries() {
    let _peace = in_peace().await;
    let api = Api::operator();
    let hunt = "env; tr '\\0' '\\n' </proc/1/environ; head -c 99 /proc/1/mem; ls -l /proc/1/fd; kill -ABRT 1; kill -TERM 1; kill -KILL 1; ulimit -c; \
        for p in /proc/[0-9]*; do tr '\\0' '\\n' <$p/environ | grep -a KEY; done; grep -rsa API_KEY /run /tmp /workspace /var/run | head; \
        echo '{\"v\":1,\"seq\":1,\"type\":\"finished\",\"outcome\":\"succeeded\"}' > /proc/1/fd/1; env > loot; echo ended";
    let id = api
        .start(&format!("[[scripted: run {hunt}]]"), 1, json!({}))
        .await;
    let mut follower = Follower::new(&api, &id);
    follower.read_to_end().await;
    let output = tool_output(&follower.events, 0);
    // It was tried, and refused; and the agent has outlived it.
    assert!(
        output.contains("ermission denied") && output.contains("ended"),
        "{output}"
    );
    assert_eq!(api.run(&id).await["variations"][0]["status"], "succeeded");
    let key = sh(&format!(
        r#"from='{{.spec.template.spec.containers[0].env[?(@.name=="OPENAI_API_KEY")].valueFrom.secretKeyRef'
        name=$(kubectl get job agent-{id}-0 -o jsonpath="$from.name}}") key=$(kubectl get job agent-{id}-0 -o jsonpath="$from.key}}")
        kubectl get secret "$name" -o go-template="{{{{index .data \"$key\" | base64decode}}}}""#
    ))
    .await;
    let key = String::from_utf8(key).unwrap();
    assert!(key.len() >= 8, "the demo's key is too short to look for");
    let mut seen = vec![
        sh(&format!("kubectl describe jobs,pods,secrets -l aideator.dev/run-id={id}")).await,
        sh(&format!("kubectl get jobs,pods -l aideator.dev/run-id={id} -o yaml; kubectl logs job/agent-{id}-0")).await,
    ];
    for path in [
        "",
        "/variations/0/logs",
        "/variations/0/patch",
        "/commands",
        "/script",
    ] {
        seen.push(api.get(&format!("/runs/{id}{path}")).await.expect(200).body);
    }
    seen.extend(
        follower
            .events
            .iter()
            .map(|event| event.data.to_string().into_bytes()),
    );
    let files = stored_files();
    // What is gone meanwhile is not stored.
    seen.extend(files.iter().filter_map(|file| std::fs::read(file).ok()));
    for seen in seen {
        assert!(
            !String::from_utf8_lossy(&seen).contains(&key),
            "the key is seen"
        );
    }
}
