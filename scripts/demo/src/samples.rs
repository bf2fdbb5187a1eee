//! The sample repositories: sources embedded in the binary, turned into bare git repositories at start.
//!
//! Authors and dates are fixed, so the commits have the same ids on every start and every machine.
//! A repository's history is a list of layers: directory `samples/NAME/N` holds the files that commit N adds or changes.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, bail};
use rust_embed::RustEmbed;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A repository to try AIdeator on.
#[derive(Debug)]
pub struct Sample {
    /// Served as `/git/NAME.git`.
    pub name: &'static str,
    /// A file name that only the head of `main` has: how the scripted model tells which repository it looks at.
    pub marker: &'static str,
    commits: &'static [Commit],
}

#[derive(Debug)]
struct Commit {
    message: &'static str,
    /// Seconds since 1970, UTC.
    time: u64,
    /// A branch that stays at this commit.
    branch: Option<&'static str>,
    /// An annotated tag on this commit, so that readers of refs meet one.
    tag: Option<&'static str>,
}

/// Every sample repository.
pub const SAMPLES: &[Sample] = &[
    Sample {
        name: "parse-duration",
        marker: "test_limits.py",
        commits: &[
            Commit {
                message: "Parse durations of one unit",
                time: 1_736_150_400,
                branch: Some("v0-api"),
                tag: Some("v0.1.0"),
            },
            Commit {
                message: "Parse several units, and write durations",
                time: 1_738_828_800,
                branch: None,
                tag: None,
            },
            Commit {
                message: "Add failing tests for what must be refused\n\nFrom a bug report: overflow is not an error.",
                time: 1_741_248_000,
                branch: None,
                tag: None,
            },
        ],
    },
    Sample {
        name: "todo-cli",
        marker: "test_todo.py",
        commits: &[
            Commit {
                message: "Add, list and tick off items",
                time: 1_736_755_200,
                branch: Some("v0-api"),
                tag: Some("v0.1.0"),
            },
            Commit {
                message: "Test the commands",
                time: 1_739_433_600,
                branch: None,
                tag: None,
            },
        ],
    },
];

#[derive(RustEmbed)]
#[folder = "samples"]
struct Sources;

/// Directory of the repositories that everybody reads and nobody changes.
pub(crate) const PUBLIC: &str = "git";
/// Directory of the same ones for those who push.
pub(crate) const PRIVATE: &str = "private";

/// Makes `NAME.git` of every sample anew, in both of its directories in `data_dir`.
pub async fn create_all(data_dir: &Path) -> anyhow::Result<()> {
    for area in [PUBLIC, PRIVATE] {
        let root = data_dir.join(area);
        tokio::fs::create_dir_all(&root)
            .await
            .with_context(|| format!("cannot make {}", root.display()))?;
        for sample in SAMPLES {
            sample
                .create(&root)
                .await
                .with_context(|| format!("sample {}", sample.name))?;
        }
    }
    Ok(())
}

impl Sample {
    async fn create(&self, root: &Path) -> anyhow::Result<()> {
        let directory = root.join(format!("{}.git", self.name));
        // What an earlier start left behind.
        if tokio::fs::try_exists(&directory).await? {
            tokio::fs::remove_dir_all(&directory).await?;
        }
        tokio::fs::create_dir(&directory).await?;
        git(
            &directory,
            &[
                "init",
                "--quiet",
                "--bare",
                "--template=",
                "--initial-branch=main",
            ],
            &[],
        )
        .await?;
        git(
            &directory,
            &["fast-import", "--quiet"],
            &self.fast_import()?,
        )
        .await
    }

    /// The whole history in the format of `git fast-import`.
    fn fast_import(&self) -> anyhow::Result<Vec<u8>> {
        const PERSON: &str = "Ada Sample <ada@example.com>";
        let mut stream = Vec::new();
        for (mark, commit) in (1..).zip(self.commits) {
            let Commit { message, time, .. } = commit;
            stream.extend(format!("commit refs/heads/main\nmark :{mark}\n").bytes());
            stream.extend(
                format!("author {PERSON} {time} +0000\ncommitter {PERSON} {time} +0000\n").bytes(),
            );
            push_data(&mut stream, format!("{message}\n").as_bytes());
            for (path, content) in self.layer(mark)? {
                stream.extend(format!("M 100644 inline {path}\n").bytes());
                push_data(&mut stream, &content);
            }
            if let Some(branch) = commit.branch {
                stream.extend(format!("reset refs/heads/{branch}\nfrom :{mark}\n").bytes());
            }
            if let Some(tag) = commit.tag {
                stream.extend(
                    format!("tag {tag}\nfrom :{mark}\ntagger {PERSON} {time} +0000\n").bytes(),
                );
                push_data(&mut stream, format!("{} {tag}\n", self.name).as_bytes());
            }
        }
        Ok(stream)
    }

    /// Paths and contents of one layer, sorted.
    fn layer(&self, number: usize) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let prefix = format!("{}/{number}/", self.name);
        let mut files = Vec::new();
        for source in Sources::iter() {
            let Some(path) = source.strip_prefix(&prefix) else {
                continue;
            };
            // Left behind by whoever ran a sample's tests in place.
            if path.contains("__pycache__") {
                continue;
            }
            let content =
                Sources::get(&source).with_context(|| format!("{source} is not embedded"))?;
            files.push((path.to_owned(), content.data.into_owned()));
        }
        if files.is_empty() {
            bail!("layer {number} has no files");
        }
        files.sort();
        Ok(files)
    }
}

fn push_data(stream: &mut Vec<u8>, data: &[u8]) {
    stream.extend(format!("data {}\n", data.len()).bytes());
    stream.extend(data);
    stream.push(b'\n');
}

/// A git command that sees nobody's configuration.
pub(crate) fn git_command() -> Command {
    let mut command = Command::new("git");
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("LC_ALL", "C");
    command
}

async fn git(directory: &Path, arguments: &[&str], input: &[u8]) -> anyhow::Result<()> {
    let mut child = git_command()
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start git: is it installed?")?;
    let mut stdin = child.stdin.take().context("git has no input")?;
    stdin.write_all(input).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        bail!(
            "git {} failed: {}",
            arguments[0],
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
