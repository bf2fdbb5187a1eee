//! What the server was given is taken away: its rights, its disk.

use crate::support::{Event, Follower, OwnServer, in_peace, sh, try_sh};

use super::processes::{check, printing};

#[tokio::test]
async fn rights_that_are_taken_away_and_given_back_cost_nothing() {
    let _peace = in_peace().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let run = own.run(&printing(900, 0.02), 2).await;
    let mut follower = Follower::new(&own.api, &run);
    follower.until_lines(2, 20).await;
    let binding = own.sh("kubectl get rolebinding aideator -o json").await;
    own.sh("kubectl delete rolebinding aideator").await;
    // What was begun goes on, so it is begun again.
    for pid in own.children(&[]) {
        let _ = try_sh(&format!("kill -KILL {pid}")).await;
    }
    let forbidden = |event: &Event| event.data["reason"] == "Forbidden";
    follower.until(30, "Forbidden", forbidden).await;
    assert_eq!(follower.events.last().unwrap().data["status"], "running");
    own.sh(&format!("jq 'del(.metadata.uid, .metadata.resourceVersion)' <<'END' | kubectl apply -f -\n{binding}\nEND")).await;
    follower.read_to_end().await;
    check(&own, &run, &follower, 900).await;
    assert_eq!(own.api.run(&run).await["status"], "completed");
}

/// A tmpfs, so it needs root, as the cluster does.
#[tokio::test]
async fn a_disk_that_is_full_loses_no_line() {
    let _peace = in_peace().await;
    let Some(mut own) = OwnServer::spawn(&[("MIN_FREE_MIB", "2")]).await else {
        return;
    };
    own.kill();
    let data = own.data().display().to_string();
    // What it has made so far, the account too, goes along.
    sh(&format!("cp -a {data} {data}.copy && mount -t tmpfs -o size=5m tmpfs {data} && cp -a {data}.copy/. {data}")).await;
    own.start();
    own.ready().await;
    // 8 MB, slower than it is read, and less than what the kubelet keeps in one file.
    let script = r"i=0; while [ $i -lt 80 ]; do i=$((i+1)); head -c 100000 /dev/zero | tr '\0' x; echo; sleep 0.05; done";
    let run = own.run(script, 1).await;
    let full = async {
        while !sh(&format!("df --output=avail {data} | tail -1"))
            .await
            .trim_ascii()
            .eq(b"0")
        {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    crate::support::within(60, "a full disk", full).await;
    let body =
        serde_json::json!({"github_url": "http://x/y", "prompt": "a prompt that is long enough"});
    let refused = own.api.post("/runs", &body).await.expect(507).json();
    assert_eq!(refused["code"], "insufficient_storage", "{refused}");
    // Its container ends meanwhile.
    let ended = format!("kubectl wait --for=condition=complete job/agent-{run}-0 --timeout=60s");
    own.sh(&ended).await;
    sh(&format!("mount -o remount,size=64m {data}")).await;
    let mut follower = Follower::new(&own.api, &run);
    follower.read_to_end().await;
    let stored = own.check_whole(&run, 0).await;
    assert!(stored.len() > 8_000_000);
    assert_eq!(own.api.run(&run).await["status"], "completed");
    own.kill();
    sh(&format!("umount {data}")).await;
}
