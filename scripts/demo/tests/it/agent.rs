//! A small agent: a clone, the model's calls carried out, until the model calls nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::world::{ask, demo, repositories, request, user};

/// What is left when the agent has ended.
pub(crate) struct Outcome {
    pub(crate) directory: TempDir,
    /// How long the model took, in the clock of the test.
    pub(crate) seconds: f64,
    /// The model's last text.
    pub(crate) summary: String,
    pub(crate) conversation: Vec<Value>,
}

impl Outcome {
    /// The change, as a patch.
    pub(crate) fn patch(&self) -> String {
        output(self.directory.path(), "git add -A && git diff --cached").1
    }

    /// Whether the tests pass, and what they print.
    pub(crate) fn unittest(&self) -> (bool, String) {
        unittest(self.directory.path())
    }
}

pub(crate) fn unittest(directory: &Path) -> (bool, String) {
    output(
        directory,
        "PYTHONDONTWRITEBYTECODE=1 python3 -m unittest -v 2>&1",
    )
}

/// A clone of a sample at `reference`.
pub(crate) fn clone(repository: &str, reference: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let source = repositories().join(format!("git/{repository}.git"));
    let command = format!(
        "git clone --quiet --branch {reference} {} .",
        source.display()
    );
    let (ok, printed) = output(directory.path(), &command);
    assert!(ok, "{printed}");
    directory
}

/// Works on a sample until the model is done.
pub(crate) async fn work(
    repository: &str,
    reference: &str,
    task: &str,
    temperature: f64,
) -> Outcome {
    let demo = demo(None);
    let directory = clone(repository, reference);
    let mut conversation = vec![
        json!({"role": "system", "content": "You are an agent."}),
        user(task),
    ];
    let start = Instant::now();
    for _ in 0..20 {
        let answer = ask(&demo, &request(temperature, &conversation)).await;
        assert!(answer.done && answer.usage.is_some(), "{answer:?}");
        conversation.push(answer.message.clone());
        if answer.calls.is_empty() {
            assert_eq!(answer.finish_reason.as_deref(), Some("stop"));
            let seconds = start.elapsed().as_secs_f64();
            return Outcome {
                directory,
                seconds,
                summary: answer.text,
                conversation,
            };
        }
        assert_eq!(answer.finish_reason.as_deref(), Some("tool_calls"));
        for (index, (name, arguments)) in answer.calls.iter().enumerate() {
            let result = carry_out(
                directory.path(),
                name,
                &serde_json::from_str(arguments).unwrap(),
            );
            conversation.push(
                json!({"role": "tool", "tool_call_id": format!("call-{index}"), "content": result}),
            );
        }
    }
    panic!("the model did not come to an end");
}

/// The tools, as strict as the agent's.
fn carry_out(directory: &Path, name: &str, arguments: &Value) -> String {
    let text = |name: &str| {
        arguments[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name} is missing: {arguments}"))
    };
    let path = || directory.join(text("path"));
    match name {
        "list" => output(directory, "git ls-files | cut -d/ -f1,2 | sort -u").1,
        "read" => {
            let content = fs::read_to_string(path()).unwrap();
            let lines = (1..).zip(content.lines());
            let numbered: Vec<_> = lines
                .map(|(number, line): (usize, _)| format!("{number}: {line}"))
                .collect();
            numbered.join("\n")
        }
        "search" => output(directory, &format!("git grep -n '{}'", text("pattern"))).1,
        "edit" => {
            let content = fs::read_to_string(path()).unwrap();
            assert_eq!(content.matches(text("old")).count(), 1, "{arguments}");
            fs::write(path(), content.replace(text("old"), text("new"))).unwrap();
            "edited".into()
        }
        "write" => {
            fs::write(path(), text("content")).unwrap();
            "written".into()
        }
        "run" => output(directory, &format!("({}) 2>&1", text("command"))).1,
        _ => panic!("there is no tool {name}"),
    }
}

fn output(directory: &Path, command: &str) -> (bool, String) {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(directory)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stdout).unwrap(),
    )
}
