//! A cluster as a script: what a healthy one will not do on demand, one test after the other can.
//!
//! It lives in the test's process. The server under test starts a real `kubectl` program (the script
//! beside this file), which connects here for its answer, so that spawning, pipes, exit codes and
//! kills are the real ones. What it holds is what kubectl would see: objects by kind, and for each
//! Job a container's log in the kubelet's format.

#![expect(
    clippy::disallowed_methods,
    reason = "what is outside of the server is not its task"
)]

mod answer;
mod log;
mod objects;

use std::collections::{HashMap, VecDeque};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use self::log::ContainerLog;
pub(crate) use self::log::{Cut, stamp};

/// The program that the server starts.
const KUBECTL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/kubectl");
/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A handle on one test's cluster. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Shared>);

struct Shared {
    dir: TempDir,
    state: Mutex<State>,
    /// Rings at every change of the state.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    /// What `kubectl apply` got, oldest first.
    manifests: Vec<String>,
    /// By kind and name.
    objects: HashMap<String, Vec<Value>>,
    /// What watches tell: kind, `ADDED` and so on, object.
    history: Vec<(String, &'static str, Value)>,
    logs: HashMap<String, ContainerLog>,
    /// Answers that are given once instead of the usual one, by verb.
    canned: HashMap<String, VecDeque<Answer>>,
    /// The API server does not answer.
    away: bool,
    /// Deleted Jobs stay, with a deletion timestamp, until the test removes them.
    lingering: bool,
    uids: u32,
    /// Counts the cuts of all watches.
    watch_cuts: u32,
    /// Milliseconds of the next line of any log.
    clock: i64,
}

/// One start of kubectl.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) args: Vec<String>,
    stdin: String,
}

impl Call {
    /// `apply`, `get`, …
    pub(crate) fn verb(&self) -> &str {
        &self.args[0]
    }

    pub(crate) fn has(&self, arg: &str) -> bool {
        self.args.iter().any(|a| a == arg)
    }

    /// Arguments as a person types them.
    pub(crate) fn line(&self) -> String {
        self.args.join(" ")
    }
}

/// How a kubectl ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) stdout: Vec<u8>,
    pub(crate) code: i32,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn fails(stderr: &str) -> Self {
        Self {
            code: 1,
            stderr: format!("{stderr}\n"),
            ..Self::default()
        }
    }

    fn prints(text: impl Into<Vec<u8>>) -> Self {
        Self {
            stdout: text.into(),
            ..Self::default()
        }
    }
}

impl Cluster {
    /// An empty cluster that answers.
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        std::fs::write(dir.path().join("kubectl.port"), port.to_string()).unwrap();
        std::os::unix::fs::symlink(KUBECTL, dir.path().join("kubectl")).unwrap();
        let cluster = Self(Arc::new(Shared {
            dir,
            state: Mutex::default(),
            changed: watch::Sender::new(()),
        }));
        let accepting = cluster.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().serve(socket));
            }
        });
        cluster
    }

    /// The kubectl that speaks to this cluster.
    pub(crate) fn kubectl(&self) -> PathBuf {
        self.0.dir.path().join("kubectl")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// Changes the state and rings.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.0.changed.send_replace(());
        result
    }

    /// Waits until `find` finds something.
    #[track_caller]
    fn until<T>(
        &self,
        what: String,
        find: impl Fn(&State) -> Option<T>,
    ) -> impl Future<Output = T> {
        let cluster = self.clone();
        let place = std::panic::Location::caller();
        async move {
            let mut changed = cluster.0.changed.subscribe();
            let finding = async {
                loop {
                    changed.borrow_and_update();
                    let found = find(&cluster.state());
                    match found {
                        Some(found) => return found,
                        None => changed.changed().await.unwrap(),
                    }
                }
            };
            let found = tokio::time::timeout(PATIENCE, finding).await;
            found.unwrap_or_else(|_| {
                let calls: Vec<String> = cluster.calls().iter().map(Call::line).collect();
                panic!("{place}: waited for {what}; kubectl was called:\n{calls:#?}")
            })
        }
    }

    /// Every start of kubectl so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Waits for the `count`-th call that fits.
    #[track_caller]
    pub(crate) fn called(
        &self,
        count: usize,
        fits: impl Fn(&Call) -> bool,
    ) -> impl Future<Output = Call> {
        self.until(format!("call number {count}"), move |state| {
            let mut fitting = state.calls.iter().filter(|call| fits(call));
            fitting.nth(count - 1).cloned()
        })
    }

    /// What `kubectl apply` got so far.
    pub(crate) fn manifests(&self) -> Vec<String> {
        self.state().manifests.clone()
    }

    /// The next kubectl of this verb answers so.
    pub(crate) fn answer_once(&self, verb: &str, answer: Answer) {
        self.change(|state| {
            let queue = state.canned.entry(verb.to_owned()).or_default();
            queue.push_back(answer);
        });
    }

    /// The API server goes away (its watches break) or comes back.
    pub(crate) fn set_away(&self, away: bool) {
        self.change(|state| {
            state.away = away;
            state.watch_cuts += 1;
        });
    }

    /// Deleted Jobs stay until the test removes them.
    pub(crate) fn let_deleted_jobs_linger(&self) {
        self.change(|state| state.lingering = true);
    }

    async fn serve(self, mut socket: TcpStream) {
        let Some((pid, call)) = read_call(&mut socket).await else {
            return;
        };
        self.change(|state| state.calls.push(call.clone()));
        let answer = self.answer(&call, &mut socket).await;
        let end = self.0.dir.path().join(format!("kubectl.end.{pid}"));
        let mut file = std::fs::File::create(end).unwrap();
        write!(file, "{}\n{}", answer.code, answer.stderr).unwrap();
        // A kubectl that was killed reads no more.
        let _ = socket.write_all(&answer.stdout).await;
    }
}

/// Reads what the script sends: process id, arguments, and the manifest of an apply.
async fn read_call(socket: &mut TcpStream) -> Option<(String, Call)> {
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(2).position(|pair| pair == b"\0\0") else {
            continue;
        };
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let mut words = head.split('\0').map(str::to_owned);
        let pid = words.next()?;
        let args: Vec<String> = words.collect();
        let feeds = args.windows(2).any(|pair| pair == ["-f", "-"]);
        let rest = &bytes[end + 2..];
        if feeds && rest.last() != Some(&0) {
            continue;
        }
        let stdin = String::from_utf8_lossy(rest)
            .trim_end_matches('\0')
            .to_owned();
        return Some((pid, Call { args, stdin }));
    }
}
