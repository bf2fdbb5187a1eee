//! Small tasks on repositories of many kinds, with scripted conversations: for each the patch applies
//! with `git apply --index` to a fresh clone, and the tree is the one that the agent told.

use serde_json::{Value, json};

use crate::{calls, container::Container, provider::Response};

struct Task {
    name: &'static str,
    /// Makes the repository.
    origin: &'static str,
    prompt: &'static str,
    /// Each answer's calls.
    answers: Vec<Vec<(&'static str, Value)>>,
    check: &'static str,
    /// Looks at the clone with the patch.
    after: &'static str,
    prints: &'static str,
}

fn edit(path: &str, old: &str, new: &str) -> (&'static str, Value) {
    ("edit", json!({"path": path, "old": old, "new": new}))
}

fn write(path: &str, content: &str) -> (&'static str, Value) {
    ("write", json!({"path": path, "content": content}))
}

fn run(command: &str) -> (&'static str, Value) {
    ("run", json!({"command": command}))
}

fn code() -> Vec<Task> {
    vec![
        Task {
            name: "Python: a failing test is repaired",
            origin: "printf 'def add(a, b):\n    return a - b\n' > calc.py
                printf 'import unittest, calc\nclass T(unittest.TestCase):\n    def test(self):\n        self.assertEqual(calc.add(2, 2), 4)\n' > test_calc.py",
            prompt: "Make the test in test_calc.py pass.",
            answers: vec![vec![run("python3 -m unittest")], vec![edit("calc.py", "a - b", "a + b"), run("python3 -m unittest")]],
            check: "python3 -m unittest",
            after: "cat calc.py; git status --short",
            prints: "def add(a, b):\n    return a + b\nM  calc.py",
        },
        Task {
            name: "JavaScript: a name is changed in all files",
            origin: "mkdir src; for f in a b c; do printf 'import {oldName} from \"./%s\";\noldName();\n' $f > src/$f.js; done",
            prompt: "Rename oldName to newName.",
            answers: vec![
                vec![("search", json!({"pattern": "oldName"}))],
                ["a", "b", "c"].map(|f| ("edit", json!({"path": format!("src/{f}.js"), "old": "oldName", "new": "newName", "replace_all": true}))).to_vec(),
            ],
            check: "! grep -r oldName src",
            after: "grep -c newName src/*",
            prints: "src/a.js:2\nsrc/b.js:2\nsrc/c.js:2",
        },
        Task {
            name: "Go: files are added, build products are not",
            origin: "printf 'module m\n' > go.mod; printf '/bin/\n*.test\n' > .gitignore",
            prompt: "Add a main package.",
            answers: vec![vec![write("cmd/m/main.go", "package main\n\nfunc main() {}\n"), run("mkdir bin; echo x > bin/m; echo x > m.test")]],
            check: "test -f cmd/m/main.go",
            after: "git ls-files",
            prints: ".gitignore\ncmd/m/main.go\ngo.mod",
        },
        Task {
            name: "Rust: an edit of several lines, a file without a newline at its end",
            origin: "mkdir src; printf 'pub fn one() -> u8 {\n    2\n}' > src/lib.rs; printf '[package]\nname = \"m\"\n' > Cargo.toml",
            prompt: "one() must be 1",
            answers: vec![vec![edit("src/lib.rs", "u8 {\n    2\n}", "u8 {\n    1\n}")]],
            check: "grep -q '    1' src/lib.rs",
            after: "tail -c 3 src/lib.rs | od -An -c",
            prints: "   1  \\n   }",
        },
        Task {
            name: "C#: line endings stay CRLF whatever .gitattributes says",
            origin: "printf 'class A\r\n{\r\n    int x = 1;\r\n}\r\n' > A.cs; printf '*.sh text eol=lf\n' > .gitattributes",
            prompt: "x must be 2",
            answers: vec![vec![edit("A.cs", "{\n    int x = 1;\n}", "{\n    int x = 2;\n    int y;\n}")]],
            check: "test $(grep -c \"$(printf '\\r')\" A.cs) = 5",
            after: "od -An -c A.cs | tr -d ' \n'",
            prints: "classA\\r\\n{\\r\\nintx=2;\\r\\ninty;\\r\\n}\\r\\n",
        },
        Task {
            name: "Windows resources: a UTF-16 file",
            origin: "printf 'old' | iconv -t UTF-16LE > a.rc",
            prompt: "It must say new.",
            answers: vec![vec![("read", json!({"path": "a.rc"}))], vec![run("printf new | iconv -t UTF-16LE > a.rc")]],
            check: "test $(wc -c < a.rc) = 6",
            after: "iconv -f UTF-16LE a.rc",
            prints: "new",
        },
        Task {
            name: "Shell: modes, links, moves and deletions",
            origin: "printf '#!/bin/sh\necho hi\n' > run.sh; seq 50 > data; echo x > gone; ln -s data link",
            prompt: "Tidy up.",
            answers: vec![vec![run("chmod +x run.sh; mkdir lib; mv data lib/data; ln -sf lib/data link; rm gone")]],
            check: "./run.sh",
            after: "git diff --cached --stat -M | tail -1; readlink link; git ls-files -s run.sh | cut -c1-6",
            prints: " 4 files changed, 1 insertion(+), 2 deletions(-)\nlib/data\n100755",
        },
    ]
}

fn repositories() -> Vec<Task> {
    vec![
        Task {
            name: "an empty repository",
            origin: "",
            prompt: "Begin.",
            answers: vec![vec![("list", json!({})), write("README.md", "# Begun\n")]],
            check: "test -f README.md",
            after: "git ls-files",
            prints: "README.md",
        },
        Task {
            name: "50,000 files",
            origin: "for d in $(seq 100); do mkdir -p p/d$d; (cd p/d$d; seq -f 'f%g.txt' 500 | xargs touch); done; echo 1 > p/d7/version.txt",
            prompt: "Put 2 into p/d7/version.txt.",
            answers: vec![vec![edit("p/d7/version.txt", "1", "2")]],
            check: "grep -q 2 p/d7/version.txt",
            after: "git diff --cached --numstat",
            prints: "1\t1\tp/d7/version.txt",
        },
        Task {
            name: "a submodule and hooks",
            origin: "git init -q ../sub; (cd ../sub; git -c user.name=t -c user.email=t@t commit -q --allow-empty -m s)
                git -c protocol.file.allow=always submodule --quiet add ../sub vendor/sub
                mkdir hooks; for h in post-checkout pre-commit; do printf '#!/bin/sh\ntouch /tmp/aideator-hook-ran\n' > hooks/$h; chmod +x hooks/$h; done
                echo 1 > a",
            prompt: "Put 2 into a.",
            answers: vec![vec![run("git config core.hooksPath hooks; git checkout -q HEAD 2>&1; rm -f /tmp/aideator-hook-ran"), edit("a", "1", "2")]],
            check: "test ! -e /tmp/aideator-hook-ran",
            after: "git diff --cached --name-only; git ls-files -s vendor | cut -c1-6",
            prints: "a\n160000",
        },
        Task {
            name: "a monorepo",
            origin: "for p in api web shared; do mkdir -p packages/$p/src; echo \"name=$p\" > packages/$p/src/config.py; echo \"# $p\" > packages/$p/README.md; done; printf 'node_modules/\n' > .gitignore",
            prompt: "In packages/web the name must be site; the shared package goes.",
            answers: vec![vec![edit("packages/web/src/config.py", "web", "site"), run("rm -r packages/shared; mkdir -p packages/web/node_modules/x; echo 1 > packages/web/node_modules/x/i.js")]],
            check: "grep -q site packages/web/src/config.py",
            after: "git diff --cached --name-status",
            prints: "D\tpackages/shared/README.md\nD\tpackages/shared/src/config.py\nM\tpackages/web/src/config.py",
        },
        Task {
            name: "large files elsewhere (LFS): pointers stay pointers",
            origin: "printf '*.bin filter=lfs diff=lfs merge=lfs -text\n' > .gitattributes
                git config filter.lfs.clean cat; git config filter.lfs.smudge cat
                printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' > a.bin; echo 1 > a",
            prompt: "Put 2 into a.",
            answers: vec![vec![("read", json!({"path": "a.bin"})), edit("a", "1", "2")]],
            check: "grep -q git-lfs a.bin",
            after: "git diff --cached --name-only",
            prints: "a",
        },
        Task {
            name: "names and bytes that are not UTF-8",
            origin: "printf 'caf\\351\n' > latin1.txt; echo x > \"$(printf 'n\\351.txt')\"; echo y > 'a\tb \"c\".txt'",
            prompt: "café",
            answers: vec![vec![edit("latin1.txt", "caf", "CAF"), run("for f in n*.txt; do echo z > \"$f\"; done; printf 'new' > 'ünïcode 😀.txt'")]],
            check: "grep -q CAF latin1.txt",
            after: "od -An -c latin1.txt; git diff --cached --name-only | wc -l",
            prints: "   C   A   F 351  \\n\n3",
        },
        Task {
            name: "pictures: binaries are changed and added",
            origin: "printf '\\211PNG\\r\\n\\032\\n\\0\\0' > a.png",
            prompt: "Another picture.",
            answers: vec![vec![("read", json!({"path": "a.png"})), run("printf '\\001' >> a.png; head -c 3000 /dev/zero > b.png")]],
            check: "test -s b.png",
            after: "wc -c < a.png; wc -c < b.png",
            prints: "11\n3000",
        },
    ]
}

fn check(task: &Task) {
    let name = task.name;
    let answers = task.answers.iter().map(|answer| calls(answer));
    let answers = answers.chain([Response::text("Done.")]).collect();
    let config = json!({"v": 1, "checks": [task.check]});
    let container = Container::with(task.origin, task.prompt, &config, answers);
    let ran = container.run();
    assert!(ran.success, "{name}: {}", ran.raw);
    assert_eq!(
        container.provider.requests().len(),
        task.answers.len() + 1,
        "{name}: {}",
        ran.raw
    );
    assert!(ran.raw.contains("\"exit_code\":0"), "{name}: {}", ran.raw);
    let patch = ran
        .patch()
        .unwrap_or_else(|| panic!("{name}: no patch: {}", ran.raw));
    assert_eq!(container.after(&patch, task.after), task.prints, "{name}");
    let note = ran
        .raw
        .lines()
        .find(|line| line.contains("The model is shown"));
    eprintln!("{name}: {}", note.unwrap_or_default());
}

#[test]
fn tasks_on_code_of_many_languages() {
    code().iter().for_each(check);
}

#[test]
fn tasks_on_repositories_of_many_kinds() {
    repositories().iter().for_each(check);
}
