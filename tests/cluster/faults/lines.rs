//! What a container can print, byte for byte: stored = `kubectl logs --timestamps` = the node's own file.

use crate::support::{Follower, OwnServer, in_peace};

/// Every shape of line that has broken a log viewer. The sizes are those at which containerd splits a line.
const SHAPES: &str = r#"
for size in 0 1 16383 16384 16385 32768 65536 1048576 5000000; do
  head -c $size /dev/zero | tr '\0' x; echo
done
printf 'carriage\r\nreturn\r over\r\n'
printf 'nul \0 byte\n'
printf '\377\376 no utf-8 \303\n'
printf '\n\n\n'
printf '{"v":1,"seq":7,"type":"finished"}\n'
printf '2026-11-22T21:47:03.000000001Z not a timestamp of the kubelet\n'
printf 'unable to retrieve container logs for containerd://0123\n'
printf '\033[31mred\033[0m \342\200\250 \302\205 data: x\n'
seq 1 10000
for i in 1 2 3 4 5 6 7 8; do echo "out $i"; echo "err $i" >&2; done
printf 'half a line of one '; sleep 0.1; echo 'and a line of the other' >&2; sleep 0.1; echo 'stream'
sleep 1
printf 'no newline at the end'
"#;

#[tokio::test]
async fn every_shape_of_line_comes_out_byte_for_byte() {
    let _peace = in_peace().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let run = own.run(SHAPES, 1).await;
    let mut follower = Follower::new(&own.api, &run);
    follower.read_to_end().await;
    let stored = own.check_whole(&run, 0).await;
    assert!(stored.len() > 6_200_000, "{}", stored.len());
    let mut streamed: Vec<u8> = follower
        .events
        .iter()
        .filter(|event| event.name == "agent_output")
        .flat_map(crate::support::Event::line)
        .collect();
    assert_eq!(streamed.pop(), Some(b'\n'), "which the events stand for");
    let raw = format!("/runs/{run}/variations/0/logs");
    assert!(own.api.get(&raw).await.expect(200).body == streamed);
    let gaps = follower
        .events
        .iter()
        .filter(|event| event.name == "log_gap");
    assert_eq!(gaps.count(), 0);
    let verified = own
        .api
        .get(&format!("/runs/{run}/variations/0/verify"))
        .await;
    assert_eq!(verified.expect(200).json()["verdict"], "identical");
}

#[tokio::test]
async fn containers_that_live_for_a_moment_are_not_missed() {
    let _peace = in_peace().await;
    let Some(own) = OwnServer::spawn(&[]).await else {
        return;
    };
    let run = own.run("echo all that it ever said; exit 3", 5).await;
    Follower::new(&own.api, &run).read_to_end().await;
    for index in 0..5 {
        let stored = own.check_whole(&run, index).await;
        assert!(stored.ends_with(b" all that it ever said\n"));
        let variation = own.variation(&run, index).await;
        assert_eq!(
            (&variation["status"], &variation["exit_code"]),
            (&"failed".into(), &3.into())
        );
    }
}
