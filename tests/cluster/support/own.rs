//! A server of one's own on this machine: with a namespace, a service account with the chart's Role, a
//! directory, and agents that are shells and run their prompt. It can be killed without anybody else noticing.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests start and kill the server as a process"
)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Api, env, nonce, sh, within};

/// Makes the namespace with what the chart would put there, and a kubeconfig of the service account.
const PREPARE: &str = r#"
kubectl create namespace $AIDEATOR_NAMESPACE
kubectl create serviceaccount aideator
command kubectl get role aideator -n $INSTALLED -o json | jq '{apiVersion, kind, metadata: {name: "aideator"}, rules}' | kubectl apply -f -
kubectl create rolebinding aideator --role=aideator --serviceaccount=$AIDEATOR_NAMESPACE:aideator
kubectl create secret generic openai-secret --from-literal=api-key=none
token=$(kubectl create token aideator --duration=4h)
kubectl config view --raw --minify --flatten -o json |
  jq --arg token "$token" '.users = [{name: "sa", user: {token: $token}}] | .contexts[0].context.user = "sa"' >$KUBECONFIG_OF_SA
"#;

pub(crate) struct OwnServer {
    pub(crate) api: Api,
    pub(crate) namespace: String,
    dir: TempDir,
    program: PathBuf,
    settings: Vec<(String, String)>,
    repo: String,
    process: Option<Child>,
}

impl OwnServer {
    /// A running server with these settings besides the usual ones. None, with the reason printed, where the
    /// cluster is not on this machine.
    pub(crate) async fn spawn(settings: &[(&str, &str)]) -> Option<Self> {
        let state = PathBuf::from(env("KUBECONFIG")).with_file_name("");
        if !state.join("pod-logs").exists() {
            eprintln!("not run: it needs the cluster of scripts/cluster on this machine");
            return None;
        }
        let image = std::fs::read_to_string(state.join("images/shell"))
            .expect("scripts/lib/shell-image makes the image of these agents");
        // The pod and not its Service, which has no endpoint for some seconds when a test restarts the kubelet.
        let git = sh(
            "git=$(kubectl get pods -l app.kubernetes.io/component=demo -o jsonpath='{.items[0].status.podIP}'):8080
            curl -fsS -o /dev/null --retry 60 --retry-delay 1 --retry-all-errors http://$git/healthz; printf %s $git",
        );
        let git = format!("http://{}", String::from_utf8(git.await).unwrap());
        let word = nonce();
        let namespace = format!("faults-{}", &word[word.len() - 12..]);
        let dir = tempfile::tempdir().unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        let prepare = format!(
            "INSTALLED=$AIDEATOR_NAMESPACE AIDEATOR_NAMESPACE={namespace} KUBECONFIG_OF_SA={}\n{PREPARE}",
            kubeconfig.display()
        );
        sh(&prepare).await;
        let port = free_port().to_string();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let mut all: Vec<(String, String)> = [
            ("PATH", env("PATH").as_str()),
            ("HOME", dir.path().to_str().unwrap()),
            ("KUBECONFIG", kubeconfig.to_str().unwrap()),
            ("KUBERNETES_NAMESPACE", &namespace),
            ("AIDEATOR_INSTANCE", &namespace),
            ("DATA_DIR", data.to_str().unwrap()),
            ("HOST", "127.0.0.1"),
            ("PORT", &port),
            ("METRICS_PORT", "0"),
            ("SECRET_KEY", &nonce()),
            ("LOG_FORMAT", "text"),
            ("RATE_LIMIT_PER_MINUTE", "100000"),
            ("ALLOWED_GIT_HOSTS", &git),
            ("AGENT_IMAGE", image.trim()),
            ("AGENT_CPU_REQUEST", "10m"),
            ("AGENT_MEMORY_REQUEST", "16Mi"),
            ("AGENT_CPU_LIMIT", "2"),
            // As the image sets them.
            ("MALLOC_ARENA_MAX", "2"),
            ("MALLOC_MMAP_THRESHOLD_", "131072"),
            ("MALLOC_TRIM_THRESHOLD_", "131072"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        all.extend(
            settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let mut own = Self {
            api: Api::at(&format!("http://127.0.0.1:{port}"), None),
            namespace,
            program: state.join("binaries/aideator"),
            settings: all,
            repo: format!("{git}/git/parse-duration.git"),
            dir,
            process: None,
        };
        own.start();
        own.ready().await;
        own.api = own.api.new_account().await;
        Some(own)
    }

    /// Starts the process. It need not answer yet.
    pub(crate) fn start(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap();
        let process = Command::new(&self.program)
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.process = Some(process.unwrap());
    }

    /// Waits until it answers.
    pub(crate) async fn ready(&self) {
        let answers = async {
            while self.api.try_get("/health").await.is_none() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        within(30, "the server's start", answers).await;
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// The server's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// What the server has said.
    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Starts a run whose agents run this shell script; its id.
    pub(crate) async fn run(&self, script: &str, variations: usize) -> String {
        let body = json!({"github_url": self.repo, "prompt": script, "variations": variations});
        let accepted = self.api.post("/runs", &body).await.expect(202).json();
        accepted["run_id"].as_str().unwrap().to_owned()
    }

    /// A repository that server and agents reach.
    pub(crate) fn repo(&self) -> &str {
        &self.repo
    }

    /// A bash script with this server's namespace.
    pub(crate) async fn sh(&self, script: &str) -> String {
        let script = format!("AIDEATOR_NAMESPACE={}\n{script}", self.namespace);
        String::from_utf8(sh(&script).await).unwrap()
    }

    /// Process ids of the server's `kubectl` children whose arguments hold all of these words.
    pub(crate) fn children(&self, words: &[&str]) -> Vec<u32> {
        let own = self.pid();
        let processes = Path::new("/proc").read_dir().unwrap().filter_map(|entry| {
            let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            let parent: u32 = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
            let args: Vec<&str> = line.split('\0').collect();
            (parent == own && words.iter().all(|word| args.contains(word))).then_some(pid)
        });
        processes.collect()
    }

    /// The variation's log: stored, as kubectl prints it now, and as the node's file has it.
    pub(crate) async fn check_whole(&self, run: &str, index: usize) -> Vec<u8> {
        let path = format!("/runs/{run}/variations/{index}/logs?format=timestamps");
        let stored = self.api.get(&path).await.expect(200).body;
        let command = format!(
            "AIDEATOR_NAMESPACE={}; kubectl logs --timestamps job/agent-{run}-{index}",
            self.namespace
        );
        let printed = sh(&command).await;
        let on_node = self.node_log(run, index);
        assert_eq!(
            first_difference(&stored, &printed),
            None,
            "stored, and kubectl logs"
        );
        assert_eq!(
            first_difference(&stored, &on_node),
            None,
            "stored, and the node's file"
        );
        stored
    }

    /// The node's directory of the variation's container log.
    pub(crate) fn node_dir(&self, run: &str, index: usize) -> PathBuf {
        let logs = PathBuf::from(env("KUBECONFIG")).with_file_name("pod-logs");
        let prefix = format!("{}_agent-{run}-{index}-", self.namespace);
        let pod = logs.read_dir().unwrap().map(|pod| pod.unwrap());
        let pod = pod
            .filter(|pod| pod.file_name().to_string_lossy().starts_with(&prefix))
            .map(|pod| pod.path())
            .next();
        pod.unwrap().join("agent")
    }

    /// The node's own file, its records put together as the kubelet does (one without a newline, `P`, goes on
    /// in the next).
    fn node_log(&self, run: &str, index: usize) -> Vec<u8> {
        let file = std::fs::read(self.node_dir(run, index).join("0.log")).unwrap();
        let (mut text, mut begun) = (Vec::new(), false);
        for record in file.split_inclusive(|byte| *byte == b'\n') {
            let mut parts = record.splitn(4, |byte| *byte == b' ');
            let [time, _, tag, rest] = [(); 4].map(|()| parts.next().unwrap());
            if !begun {
                // The runtime leaves out zeros at the end, the kubelet writes them all.
                let time = std::str::from_utf8(time).unwrap().trim_end_matches('Z');
                text.extend_from_slice(format!("{time:0<29}Z").as_bytes());
                text.push(b' ');
            }
            text.extend_from_slice(rest.strip_suffix(b"\n").unwrap_or(rest));
            begun = tag == b"P";
            if !begun {
                text.push(b'\n');
            }
        }
        text
    }

    /// What the run says of one of its variations.
    pub(crate) async fn variation(&self, run: &str, index: usize) -> Value {
        self.api.run(run).await["variations"][index].clone()
    }
}

/// A port that nobody has now.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Where two texts differ first, with what comes there.
fn first_difference(a: &[u8], b: &[u8]) -> Option<(usize, String, String)> {
    if a == b {
        return None;
    }
    let at = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let near = |text: &[u8]| {
        let part = &text[at.saturating_sub(60)..text.len().min(at + 60)];
        format!("{}: {}", text.len(), String::from_utf8_lossy(part))
    };
    Some((at, near(a), near(b)))
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!(
                "the end of the server's log:\n{}",
                lines[lines.len().saturating_sub(30)..].join("\n")
            );
        }
        self.kill();
        // Its pods, Jobs and Secrets go with it.
        let _ = Command::new("kubectl")
            .args(["delete", "namespace", &self.namespace, "--wait=false"])
            .stdout(Stdio::null())
            .status();
    }
}
