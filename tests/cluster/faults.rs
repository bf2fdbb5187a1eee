//! What dies in mid-run, and what of the log survives it: everything.

mod lines;
mod node;
mod processes;
mod reasons;
mod rights;

use std::path::PathBuf;

use serde_json::json;

use crate::support::{
    Api, Follower, alone, check_streamed, check_verified, env, sh, try_sh, within,
};

/// Three agents that speak for half a minute.
const PROMPT: &str = "[[scripted: say lines=600 bytes=80 rate=20]]";
/// Lines of each that are read before something dies.
const BEFORE: usize = 20;

const SERVER: &str = "app.kubernetes.io/component=server";

async fn start(api: &Api) -> (String, Follower) {
    let id = api.start(PROMPT, 3, json!({})).await;
    let mut follower = Follower::new(api, &id);
    follower.until_lines(3, BEFORE).await;
    (id, follower)
}

/// Follows to the end: every event came once, and the log is the whole log.
async fn finish(api: &Api, id: &str, mut follower: Follower) {
    follower.read_to_end().await;
    check_streamed(api, id, &follower.events).await;
    check_verified(api, id, 3).await;
    assert_eq!(api.run(id).await["status"], "completed");
}

/// Proves that the fault was felt: each log had to be followed again.
async fn check_followed_again(api: &Api, id: &str) {
    let path = format!("/runs/{id}/commands");
    let commands = api.get(&path).await.expect(200).json();
    for index in 0..3 {
        let job = format!("agent-{id}-{index}");
        let follows = commands["commands"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|command| {
                let argv = command["argv"].to_string();
                argv.contains("\"-f\"") && argv.contains(&job)
            });
        assert!(follows.count() >= 2, "{job} was followed once: {commands}");
    }
}

async fn text(script: &str) -> String {
    String::from_utf8(sh(script).await).unwrap()
}

/// The server's process on this machine, where the node is this machine.
async fn server_process() -> Option<String> {
    let path = "{.items[0].status.containerStatuses[0].containerID}";
    let id = text(&format!(
        "kubectl get pods -l {SERVER} -o jsonpath='{path}'"
    ))
    .await;
    let id = id.trim_start_matches("containerd://");
    assert!(id.len() == 64, "{id:?}");
    let found = try_sh(&format!(
        "for dir in $(grep -ls {id} /proc/[0-9]*/cgroup | xargs -rn1 dirname); do
           [ \"$(readlink $dir/exe)\" = /usr/local/bin/aideator ] && basename $dir
         done; true"
    ))
    .await;
    let pids = String::from_utf8(found.stdout).unwrap();
    match pids.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => None,
        [pid] => Some((*pid).to_owned()),
        more => panic!("more than one server in one container: {more:?}"),
    }
}

#[tokio::test]
async fn a_server_that_is_killed_in_mid_run_loses_nothing_and_tells_nothing_twice() {
    let _alone = alone().await;
    let api = Api::operator();
    let (id, mut follower) = start(&api).await;
    let restarts = format!(
        "kubectl get pods -l {SERVER} -o jsonpath='{{.items[0].status.containerStatuses[0].restartCount}}'"
    );
    let Some(pid) = server_process().await else {
        // k3d and remote clusters: their processes are out of reach, and the next test takes the pod away.
        eprintln!("the server's process is not on this machine: not killed");
        return finish(&api, &id, follower).await;
    };
    let before: u32 = text(&restarts).await.parse().unwrap();
    sh(&format!("kill -KILL {pid}")).await;
    // From the new process, while the agents still speak.
    follower.until_lines(3, BEFORE).await;
    assert!(follower.connections >= 2, "the stream survived its server");
    finish(&api, &id, follower).await;
    assert_eq!(text(&restarts).await.parse::<u32>().unwrap(), before + 1);
}

#[tokio::test]
async fn a_server_whose_pod_is_taken_away_in_mid_run_loses_nothing() {
    let _alone = alone().await;
    let api = Api::operator();
    let (id, mut follower) = start(&api).await;
    sh(&format!(
        "kubectl delete pod -l {SERVER} --force --grace-period=0"
    ))
    .await;
    follower.until_lines(3, BEFORE).await;
    assert!(follower.connections >= 2, "the stream survived its server");
    finish(&api, &id, follower).await;
    sh("kubectl rollout status deployment/aideator --timeout=90s").await;
}

/// The node's own log files of the run's agents; none where the node is another machine.
fn node_logs(run: &str) -> Vec<PathBuf> {
    let kubeconfig = PathBuf::from(env("KUBECONFIG"));
    let Ok(pods) = kubeconfig.with_file_name("pod-logs").read_dir() else {
        return Vec::new();
    };
    let prefix = format!("{}_agent-{run}-", env("AIDEATOR_NAMESPACE"));
    pods.map(|pod| pod.unwrap())
        .filter(|pod| pod.file_name().to_string_lossy().starts_with(&prefix))
        .map(|pod| pod.path().join("agent/0.log"))
        .collect()
}

/// Waits until the agents have written on, which nobody but the node's own files can tell now.
async fn grown(logs: &[PathBuf], bytes: u64) {
    let size = |log: &PathBuf| log.metadata().unwrap().len();
    let goals: Vec<u64> = logs.iter().map(|log| size(log) + bytes).collect();
    let all = async {
        while logs.iter().zip(&goals).any(|(log, goal)| size(log) < *goal) {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    within(60, "agents that write on without a kubelet", all).await;
}

#[tokio::test]
async fn a_kubelet_that_is_stopped_and_started_in_mid_run_hides_nothing() {
    let _alone = alone().await;
    let api = Api::operator();
    let (id, mut follower) = start(&api).await;
    let logs = node_logs(&id);
    if logs.is_empty() {
        eprintln!(
            "not a cluster of scripts/cluster: its kubelet is out of reach and was not stopped"
        );
        return finish(&api, &id, follower).await;
    }
    assert_eq!(logs.len(), 3, "{logs:?}");
    sh("scripts/cluster/run stop kubelet").await;
    // Without a kubelet, `kubectl logs -f` ends with success and no new one can begin.
    grown(&logs, 10_000).await;
    sh("scripts/cluster/run start kubelet").await;
    follower.until_lines(3, BEFORE).await;
    finish(&api, &id, follower).await;
    check_followed_again(&api, &id).await;
}

#[tokio::test]
async fn an_api_server_that_is_killed_in_mid_run_hides_nothing() {
    let _alone = alone().await;
    let api = Api::operator();
    let (id, follower) = start(&api).await;
    if node_logs(&id).is_empty() {
        eprintln!(
            "not a cluster of scripts/cluster: its API server is out of reach and was not killed"
        );
        return finish(&api, &id, follower).await;
    }
    sh("scripts/cluster/run kill kube-apiserver").await;
    finish(&api, &id, follower).await;
    check_followed_again(&api, &id).await;
}
