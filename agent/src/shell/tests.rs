//! Commands that do what commands do.

use std::time::Duration;

use super::{End, Ran, Shell};

async fn run(command: &str, seconds: u64) -> Ran {
    let directory = tempfile::tempdir().unwrap();
    let shell = Shell::new(directory.path(), directory.path()).unwrap();
    let limit = Duration::from_secs(seconds);
    shell.run(command, limit).await.unwrap()
}

#[tokio::test]
async fn ends_are_told_apart_and_output_is_in_order() {
    let ran = run("echo out; echo err >&2; echo again; exit 3", 10).await;
    assert_eq!(ran.end, End::Exit(3));
    assert_eq!(ran.output.first(100), "out\nerr\nagain\n");
    assert_eq!(run("kill -9 $$", 10).await.end, End::Signal(9));
    let ran = run("echo so far; sleep 100", 1).await;
    assert_eq!(ran.end, End::TimedOut);
    assert_eq!(ran.output.first(100), "so far\n");
    let closed = run("exec >&- 2>&-; sleep 100", 1).await;
    assert_eq!(closed.end, End::TimedOut, "closing the output is no end");
}

#[tokio::test]
async fn case_11_a_command_has_no_input_no_terminal_and_nothing_of_our_environment() {
    let ran = run("cat; env; cat /proc/self/oom_score_adj", 10).await;
    assert_eq!(ran.end, End::Exit(0));
    let output = ran.output.first(10_000);
    assert!(output.ends_with("1000\n"), "{output}");
    // Cargo's own variable stands for any other of ours.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!output.contains("CARGO"), "{output}");
}

#[tokio::test]
async fn case_11_a_grandchild_that_holds_the_pipe_does_not_hold_us() {
    for command in ["sleep 100 & echo started", "setsid sleep 5 & echo started"] {
        let started = tokio::time::Instant::now();
        let ran = run(command, 60).await;
        assert_eq!(ran.end, End::Exit(0));
        assert_eq!(ran.output.first(100), "started\n");
        assert!(ran.took < Duration::from_secs(1), "the command's own time");
        assert!(started.elapsed() < Duration::from_secs(4));
    }
}

#[tokio::test]
async fn case_11_a_flood_costs_no_memory_and_keeps_its_ends() {
    let ran = run(
        "echo first; head -c 300000000 /dev/zero | tr '\\0' x; echo; echo last",
        60,
    )
    .await;
    assert_eq!(ran.end, End::Exit(0));
    assert_eq!(ran.output.total, 6 + 300_000_000 + 1 + 5);
    assert!(ran.output.first(100).starts_with("first\nxxx"));
    assert!(ran.output.last(100).ends_with("xxx\nlast\n"));
    assert!(ran.output.head.len() + ran.output.tail.capacity() < 2 << 20);
    let small = run("printf 12345", 10).await;
    assert_eq!(small.output.last(3), "345");
}
