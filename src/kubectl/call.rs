//! Calls that end by themselves.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use uuid::Uuid;

use super::journal::argv;
use super::{CommandEnd, CommandId, CommandStart, JournalEntry, Kubectl, KubectlError, Manifest};
use crate::clock;
use crate::model::RunId;
use crate::telemetry::metrics;

/// After this we give up on kubectl. Its own `--request-timeout` cannot be used: given that flag,
/// kubectl does not look for the pod's service account and asks localhost:8080 instead, because the
/// configuration is no longer the default one (k8s.io/client-go `DeferredLoadingClientConfig`).
const LIMIT: Duration = Duration::from_secs(20);
/// How much of standard error is kept, bytes.
pub(super) const STDERR_TAIL: usize = 4096;

/// The variables a kubectl needs of ours. Everything else, our secrets above all, stays here.
const ENVIRONMENT: [&str; 10] = [
    "PATH",
    "HOME",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
    "HTTPS_PROXY",
    "NO_PROXY",
    "https_proxy",
    "no_proxy",
    "LANG",
];

impl Kubectl {
    /// Runs `kubectl ARGS` to its end and gives its standard output.
    pub(super) async fn call(
        &self,
        run: Option<RunId>,
        args: &[&str],
        manifest: Option<&Manifest>,
    ) -> Result<Vec<u8>, KubectlError> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let verb = args[0].clone();
        let args = self.with_scope(args);
        let mut begun = self.begin(run, &args, manifest, true);

        let mut command = self.command(&args);
        command.stdin(if manifest.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let result = match command.spawn() {
            Ok(child) => timeout(LIMIT, talk(child, manifest)).await,
            Err(source) => {
                let error = self.spawn_error(source);
                begun.end(None, &error.to_string());
                return Err(error);
            }
        };
        let (code, stdout, stderr) = match result {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => {
                begun.end(None, &error.to_string());
                return Err(KubectlError::Pipe(error));
            }
            Err(_) => {
                let error = KubectlError::Timeout { verb, limit: LIMIT };
                begun.end(None, &error.to_string());
                return Err(error);
            }
        };
        begun.end(code, &stderr);
        if code == Some(0) {
            Ok(stdout)
        } else {
            Err(KubectlError::Exit { verb, code, stderr })
        }
    }

    /// Adds the namespace, and the context where one is configured.
    pub(super) fn with_scope(&self, mut args: Vec<String>) -> Vec<String> {
        args.push("-n".to_owned());
        args.push(self.0.namespace.clone());
        if let Some(context) = &self.0.context {
            args.push("--context".to_owned());
            args.push(context.clone());
        }
        args
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this module owns child processes and what they inherit"
    )]
    pub(super) fn command(&self, args: &[String]) -> Command {
        let mut command = Command::new(&self.0.program);
        command.args(args).env_clear();
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("KUBECACHEDIR", &self.0.cache_dir)
            // A preferences file could change what our commands mean.
            .env("KUBERC", "off")
            // A dead connection is noticed after 12 s instead of 45 (k8s.io/apimachinery util/net).
            .env("HTTP2_READ_IDLE_TIMEOUT_SECONDS", "8")
            .env("HTTP2_PING_TIMEOUT_SECONDS", "4")
            // A third less memory for each of many mostly idle processes.
            .env("GOGC", "20")
            .env("GOMAXPROCS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    pub(super) fn spawn_error(&self, source: std::io::Error) -> KubectlError {
        KubectlError::Spawn {
            program: self.0.program.display().to_string(),
            source,
        }
    }

    /// Notes that a call begins. `ends`: it ends by itself, so that its duration says something.
    pub(super) fn begin(
        &self,
        run: Option<RunId>,
        args: &[String],
        manifest: Option<&Manifest>,
        ends: bool,
    ) -> Begun {
        let id = Uuid::now_v7();
        self.0.journal.write(JournalEntry::Start(CommandStart {
            id,
            run,
            at_ms: clock::now_ms(),
            argv: argv(&self.0.program, args),
            stdin: manifest.map(|m| m.redacted.clone()),
        }));
        Begun {
            kubectl: self.clone(),
            id,
            run,
            verb: args[0].clone(),
            at: Instant::now(),
            ends,
            ended: false,
        }
    }
}

/// A call that has begun. Its end is noted once, also when nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Begun {
    kubectl: Kubectl,
    id: CommandId,
    run: Option<RunId>,
    verb: String,
    at: Instant,
    ends: bool,
    ended: bool,
}

impl Begun {
    /// Notes its end.
    pub(super) fn end(&mut self, exit_code: Option<i32>, stderr: &str) {
        self.ended = true;
        let duration = self.at.elapsed();
        metrics::kubectl_ended(&self.verb, exit_code, self.ends.then_some(duration));
        self.kubectl.0.journal.write(JournalEntry::End(CommandEnd {
            id: self.id,
            run: self.run,
            exit_code,
            duration_ms: i64::try_from(duration.as_millis()).unwrap_or(i64::MAX),
            stderr: stderr.to_owned(),
        }));
    }
}

impl Drop for Begun {
    /// The process is killed with what held this (`kill_on_drop`).
    fn drop(&mut self) {
        if !self.ended {
            self.end(None, "stopped");
        }
    }
}

/// Feeds the manifest and drains both pipes together, so that neither side waits for the other.
async fn talk(
    mut child: Child,
    manifest: Option<&Manifest>,
) -> std::io::Result<(Option<i32>, Vec<u8>, String)> {
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let feed = async {
        if let (Some(mut stdin), Some(manifest)) = (stdin, manifest) {
            // A kubectl that does not want all of it says why on standard error.
            let _ = stdin.write_all(manifest.yaml.as_bytes()).await;
        }
    };
    let read = async {
        let mut all = Vec::new();
        if let Some(mut stdout) = stdout {
            stdout.read_to_end(&mut all).await?;
        }
        Ok::<_, std::io::Error>(all)
    };
    let ((), stdout, stderr) = tokio::join!(feed, read, tail(stderr));
    let status = child.wait().await?;
    Ok((status.code(), stdout?, stderr))
}

/// Reads to the end and keeps the last bytes, as text.
pub(super) async fn tail(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut pipe) = pipe else {
        return String::new();
    };
    let mut kept = Vec::new();
    let mut block = [0; 1024];
    while let Ok(size @ 1..) = pipe.read(&mut block).await {
        kept.extend_from_slice(&block[..size]);
        let surplus = kept.len().saturating_sub(STDERR_TAIL);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config;
    use crate::kubectl::Journal;

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_any_more_has_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("kubectl");
        std::fs::write(&program, "#!/bin/sh\nexec sleep 60\n").unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (journal, mut entries) = Journal::new();
        let config = config::Kubectl {
            program,
            namespace: "default".to_owned(),
            context: None,
            cache_dir: dir.path().to_owned(),
        };
        let kubectl = Kubectl::new(&config, journal);
        let begun = tokio::select! {
            _ = kubectl.call(None, &["get", "jobs"], None) => panic!("it ended"),
            begun = entries.recv() => begun,
        };
        let Some(JournalEntry::Start(begun)) = begun else {
            panic!("no start: {begun:?}");
        };
        let Some(JournalEntry::End(ended)) = entries.recv().await else {
            panic!("no end");
        };
        assert_eq!((ended.id, ended.exit_code), (begun.id, None));
        assert_eq!(ended.stderr, "stopped");
    }
}
