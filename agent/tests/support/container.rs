//! What a Job gives the agent, and what the agent gives back.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use aideator_agent::{
    patch::{Patch, PatchAssembler},
    protocol::{Body, Line, MAX_LINE_BYTES, Outcome},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::provider::{Provider, Response};

/// The provider key, which nothing may show.
pub(crate) const KEY: &str = "sk-canary-4f1c";

/// A container's worth of files, and a provider.
pub(crate) struct Container {
    directory: TempDir,
    pub(crate) provider: Provider,
}

/// What a run printed, and how it exited.
pub(crate) struct Ran {
    pub(crate) lines: Vec<Body>,
    pub(crate) raw: String,
    pub(crate) success: bool,
}

impl Container {
    pub(crate) fn new(config: &Value, responses: Vec<Response>) -> Self {
        let origin = "printf 'one\\ntwo\\n' > a.txt; printf 'all: ok\\n' > AGENTS.md";
        Self::with(
            origin,
            "Fix \"a\" \\ $(id)\n---\n{{x}} 😀",
            config,
            responses,
        )
    }

    /// A repository whose files a script makes, and a prompt.
    pub(crate) fn with(
        origin: &str,
        prompt: &str,
        config: &Value,
        responses: Vec<Response>,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        for name in ["input", "workspace", "tmp"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        fs::write(path.join("input/prompt.txt"), prompt).unwrap();
        fs::write(path.join("input/config.json"), config.to_string()).unwrap();
        let script = format!(
            "git init -q origin; cd origin
             git config user.name t; git config user.email t@t; git config core.autocrlf false
             {origin}
             git add -A; git commit -q --allow-empty -m base"
        );
        sh(path, &script);
        let provider = Provider::start(responses);
        Self {
            directory,
            provider,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn command(&self) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_aideator-agent")))
    }

    fn command_of(&self, agent: &Path) -> Command {
        let path = self.path();
        let mut command = Command::new(agent);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TMPDIR", path.join("tmp"))
            .env("AIDEATOR_INPUT_DIR", path.join("input"))
            .env("AIDEATOR_WORKSPACE", path.join("workspace"))
            .env(
                "REPO_URL",
                format!("file://{}", path.join("origin").display()),
            )
            .env("BASE_SHA", sh(&path.join("origin"), "git rev-parse HEAD"))
            // As people paste them: a slash and a newline too many.
            .env("OPENAI_BASE_URL", format!("{}/", self.provider.base_url))
            .env("OPENAI_API_KEY", format!("{KEY}\n"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The same as in a container: as a user that is not root, who may read anybody's memory, and as
    /// process 1 of processes of its own. Where this test may not do that, as it is itself.
    pub(crate) fn contained(&self) -> Command {
        let path = self.path();
        if !can_contain() {
            return self.command();
        }
        // Where the binary is that user may not be able to go.
        let agent = path.join("agent");
        fs::copy(env!("CARGO_BIN_EXE_aideator-agent"), &agent).unwrap();
        let mut command = self.command_of(Path::new("unshare"));
        sh(path, "chown -R 65534:65534 .");
        command
            .args(["--pid", "--fork", "--kill-child", "--mount-proc", "setpriv"])
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(agent);
        command
    }

    pub(crate) fn run(&self) -> Ran {
        Ran::new(self.command().spawn().unwrap(), String::new())
    }

    /// The file as it is after a user has applied the patch to a fresh clone.
    pub(crate) fn applied(&self, patch: &Patch, file: &str) -> String {
        self.after(patch, &format!("cat {file}"))
    }

    /// What a script prints in a fresh clone to which a user has applied the patch; its tree is the one
    /// that the agent told.
    pub(crate) fn after(&self, patch: &Patch, script: &str) -> String {
        fs::write(self.path().join("patch"), &patch.bytes).unwrap();
        sh(
            self.path(),
            &format!(
                "chown -R $(id -u):$(id -g) .; rm -rf clone; git clone -q origin clone; cd clone; git apply --index ../patch
                 test $(git write-tree) = {}; {script}",
                patch.summary.tree.as_ref().unwrap()
            ),
        )
    }
}

impl Ran {
    /// Waits for the end; checks what is true of every run.
    pub(crate) fn new(child: Child, before: String) -> Self {
        let output = child.wait_with_output().unwrap();
        let raw = before + std::str::from_utf8(&output.stdout).unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(!raw.contains(KEY), "the key was printed");
        let mut lines = Vec::new();
        for (number, text) in raw.lines().enumerate() {
            assert!(text.len() < MAX_LINE_BYTES, "{} bytes", text.len());
            let line = Line::parse(text.as_bytes()).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(line.seq, number as u64 + 1, "no hole");
            lines.push(line.body);
        }
        let Some(Body::Finished { outcome, .. }) = lines.last() else {
            panic!("the last line is not `finished`:\n{raw}");
        };
        let success = output.status.success();
        assert_eq!(success, *outcome == Outcome::Succeeded);
        Self {
            lines,
            raw,
            success,
        }
    }

    pub(crate) fn patch(&self) -> Option<Patch> {
        let mut assembler = PatchAssembler::new(1 << 24);
        for body in &self.lines {
            assembler.push(body).unwrap();
        }
        assembler.finish().unwrap()
    }

    pub(crate) fn finished(&self) -> (Outcome, Option<&str>) {
        match self.lines.last() {
            Some(Body::Finished {
                outcome, reason, ..
            }) => (*outcome, reason.as_deref()),
            _ => unreachable!("checked in new"),
        }
    }

    /// The results of tools, put together.
    pub(crate) fn results(&self) -> Vec<String> {
        let mut results = vec![String::new()];
        for body in &self.lines {
            if let Body::ToolResult { output, more, .. } = body {
                results.last_mut().unwrap().push_str(output);
                if !more {
                    results.push(String::new());
                }
            }
        }
        results
    }
}

/// Whether processes of their own can be made here: by root, as in CI.
pub(crate) fn can_contain() -> bool {
    let mut unshare = Command::new("unshare");
    unshare.args([
        "--pid",
        "--fork",
        "--mount-proc",
        "setpriv",
        "--reuid=65534",
        "true",
    ]);
    unshare.stderr(Stdio::null());
    unshare.status().is_ok_and(|status| status.success())
}

pub(crate) fn sh(directory: &Path, script: &str) -> String {
    let output = Command::new("/bin/sh")
        .args(["-euc", script])
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}\n{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}
