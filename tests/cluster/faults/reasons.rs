//! Why it does not run, or did not: each cause injected, told in Kubernetes' words within two seconds of the
//! cluster's own telling.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Api, Event, Follower, OwnServer, in_peace};

/// From the cluster's news to ours.
const SOON: Duration = Duration::from_secs(2);

/// Watches the namespace as anybody can, and says when a text is first in what kubectl prints.
struct Witness {
    seen: tokio::task::JoinHandle<Instant>,
}

impl Witness {
    #[expect(
        clippy::disallowed_methods,
        reason = "a second kubectl, to compare with"
    )]
    fn of(own: &OwnServer, kind: &str, text: &str) -> Self {
        let text = text.to_owned();
        let kubectl = tokio::process::Command::new("kubectl")
            .args([
                "get",
                kind,
                "-w",
                "-o",
                "json",
                "--output-watch-events",
                "-n",
                &own.namespace,
            ])
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let seen = tokio::spawn(async move {
            use tokio::io::AsyncBufReadExt as _;
            let mut kubectl = kubectl;
            let mut lines = tokio::io::BufReader::new(kubectl.stdout.take().unwrap()).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains(&text) {
                    return Instant::now();
                }
            }
            panic!("kubectl get {text} ended");
        });
        Self { seen }
    }
}

/// Follows until the status with this reason is told, and compares with the witness.
async fn told(follower: &mut Follower, status: &str, reason: &str, witness: Witness) -> Event {
    let is_it = |event: &Event| {
        event.name == "agent_status"
            && event.data["status"] == status
            && event.data["reason"] == reason
    };
    follower.until(90, reason, is_it).await;
    let ours = Instant::now();
    let theirs = crate::support::within(20, "the cluster's own news", witness.seen)
        .await
        .unwrap();
    let late = ours.saturating_duration_since(theirs);
    eprintln!("{reason}: told {} ms after the cluster", late.as_millis());
    assert!(
        late <= SOON,
        "{reason} was told {late:?} after the cluster did"
    );
    let event = follower.events.last().unwrap().clone();
    assert!(event.data["hint"].is_string(), "{event:?}");
    event
}

async fn cancelled(api: &Api, run: &str, follower: &mut Follower) -> Value {
    api.delete(&format!("/runs/{run}")).await.expect(202);
    follower.read_to_end().await;
    let shown = api.run(run).await;
    assert_eq!(shown["status"], "cancelled", "{shown}");
    shown
}

#[tokio::test]
async fn an_image_that_is_not_there_is_told() {
    let _peace = in_peace().await;
    let image = [("AGENT_IMAGE", "localhost:1/no-such-image:1")];
    let Some(own) = OwnServer::spawn(&image).await else {
        return;
    };
    let witness = Witness::of(&own, "pods", "\"reason\":\"ErrImagePull\"");
    let run = own.run("echo never printed", 1).await;
    let mut follower = Follower::new(&own.api, &run);
    told(&mut follower, "starting", "ErrImagePull", witness).await;
    // Cancelled while it starts: no log, and no pod.
    cancelled(&own.api, &run, &mut follower).await;
    assert_eq!(own.sh("kubectl get pods,jobs -o name").await, "");
}

#[tokio::test]
async fn a_missing_secret_is_told() {
    let _peace = in_peace().await;
    let secret = [("OPENAI_SECRET_NAME", "no-such-secret")];
    let Some(own) = OwnServer::spawn(&secret).await else {
        return;
    };
    let witness = Witness::of(&own, "pods", "\"reason\":\"CreateContainerConfigError\"");
    let run = own.run("echo it starts by itself", 1).await;
    let mut follower = Follower::new(&own.api, &run);
    let event = told(
        &mut follower,
        "starting",
        "CreateContainerConfigError",
        witness,
    )
    .await;
    assert!(
        event.data["message"]
            .as_str()
            .unwrap()
            .contains("no-such-secret")
    );
    // What the hint says helps.
    own.sh("kubectl create secret generic no-such-secret --from-literal=api-key=none")
        .await;
    follower.read_to_end().await;
    assert_eq!(own.api.run(&run).await["status"], "completed");
}

#[tokio::test]
async fn pods_that_do_not_fit_wait_and_say_for_what() {
    let _peace = in_peace().await;
    let much = [("AGENT_CPU_REQUEST", "1000"), ("AGENT_CPU_LIMIT", "1000")];
    let Some(own) = OwnServer::spawn(&much).await else {
        return;
    };
    let witness = Witness::of(&own, "pods", "\"reason\":\"Unschedulable\"");
    let run = own.run("echo never printed", 2).await;
    let mut follower = Follower::new(&own.api, &run);
    let event = told(&mut follower, "queued", "Unschedulable", witness).await;
    assert!(
        event.data["message"]
            .as_str()
            .unwrap()
            .contains("Insufficient cpu")
    );
    assert_eq!(
        own.api.run(&run).await["status"],
        "pending",
        "nothing of it runs"
    );
    // Cancelled while it waits for a node.
    cancelled(&own.api, &run, &mut follower).await;
}

#[tokio::test]
async fn a_quota_and_pod_security_are_told_while_the_others_run() {
    let _peace = in_peace().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    own.sh("kubectl create quota small --hard=pods=2").await;
    let witness = Witness::of(&own, "events", "exceeded quota");
    let run = own.run("sleep 4; echo done", 3).await;
    let mut follower = Follower::new(&own.api, &run);
    let event = told(&mut follower, "queued", "FailedCreate", witness).await;
    assert!(
        event.data["message"]
            .as_str()
            .unwrap()
            .contains("exceeded quota: small")
    );
    // It starts by itself when another has ended.
    follower.read_to_end().await;
    assert_eq!(own.api.run(&run).await["status"], "completed");
    own.sh("kubectl delete quota small").await;

    own.sh("command kubectl label namespace $AIDEATOR_NAMESPACE pod-security.kubernetes.io/enforce=restricted").await;
    let run = own.run("echo ours are restricted enough", 1).await;
    Follower::new(&own.api, &run).read_to_end().await;
    assert_eq!(own.api.run(&run).await["status"], "completed");
}

#[tokio::test]
async fn how_a_container_was_ended_from_outside_is_told_with_its_log_kept() {
    let _peace = in_peace().await;
    let memory = [("AGENT_MEMORY_LIMIT", "64Mi")];
    let Some(own) = OwnServer::spawn(&memory).await else {
        return;
    };
    let pod = |run: &str, index: u8| {
        format!("-l aideator.dev/run-id={run},aideator.dev/variation-id={index}")
    };

    let witness = Witness::of(&own, "pods", "\"reason\":\"OOMKilled\"");
    let run = own
        .run("echo eating; exec python3 -c 'x = b\"x\" * (1 << 30)'", 1)
        .await;
    let mut follower = Follower::new(&own.api, &run);
    told(&mut follower, "failed", "OOMKilled", witness).await;
    follower.read_to_end().await;
    assert!(own.check_whole(&run, 0).await.ends_with(b" eating\n"));

    // What it writes is limited, too. The kubelet measures about once a minute.
    let witness = Witness::of(&own, "pods", "\"reason\":\"Evicted\"");
    let run = own
        .run("fallocate -l 1100M /tmp/big && echo full; sleep 300", 1)
        .await;
    let mut follower = Follower::new(&own.api, &run);
    let event = told(&mut follower, "failed", "Evicted", witness).await;
    assert!(
        event.data["message"]
            .as_str()
            .unwrap()
            .contains("\"tmp\" exceeds the limit \"1Gi\""),
        "{event:?}"
    );
    assert!(
        event.data["hint"]
            .as_str()
            .unwrap()
            .contains("more than it may"),
        "{event:?}"
    );

    let run = own
        .run(
            "trap 'echo told to stop; exit 9' TERM; echo working; while :; do sleep 0.1; done",
            3,
        )
        .await;
    let mut follower = Follower::new(&own.api, &run);
    follower.until_lines(3, 1).await;
    own.sh(&format!("kubectl delete pod {} --wait=false", pod(&run, 0)))
        .await;
    own.sh(&format!("kubectl delete job agent-{run}-1 --wait=false"))
        .await;
    let patch = "'{\"spec\":{\"activeDeadlineSeconds\":1}}'";
    let third = own
        .sh(&format!("kubectl get pod {} -o name", pod(&run, 2)))
        .await;
    let witness = Witness::of(&own, "pods", "\"reason\":\"DeadlineExceeded\"");
    own.sh(&format!("kubectl patch {} -p {patch}", third.trim()))
        .await;
    let event = told(&mut follower, "failed", "DeadlineExceeded", witness).await;
    assert_eq!(event.data["variation_id"], 2);
    follower.read_to_end().await;
    for (index, reason) in [
        (0, "PodDeleted"),
        (1, "PodDeleted"),
        (2, "DeadlineExceeded"),
    ] {
        let variation = own.variation(&run, index).await;
        assert_eq!(variation["status"], "failed", "{variation}");
        assert_eq!(variation["reason"], reason, "{variation}");
        let raw = format!("/runs/{run}/variations/{index}/logs");
        let log = own.api.get(&raw).await.expect(200).body;
        assert_eq!(
            String::from_utf8(log).unwrap(),
            "working\ntold to stop\n",
            "{index}"
        );
    }
    // Its pod is there, so it can be compared; the others' are not.
    own.check_whole(&run, 2).await;
    let left = own
        .sh(&format!("kubectl get pods {} -o name", pod(&run, 0)))
        .await;
    assert_eq!(left, "");
}
