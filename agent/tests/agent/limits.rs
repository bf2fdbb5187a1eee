//! Where a run stops by itself: a named reason, and what was done so far.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    time::{Duration, Instant},
};

use aideator_agent::protocol::{Body, Outcome};
use serde_json::json;

use crate::{
    calls,
    container::{Container, Ran},
    provider::{Response, usage},
};

#[test]
fn limits_and_loops_end_a_run() {
    let same = || calls(&[("list", json!({}))]);
    let stuck = Container::new(&json!({"v": 1}), (0..7).map(|_| same()).collect());
    let ran = stuck.run();
    assert_eq!(ran.finished(), (Outcome::Failed, Some("stuck")));
    assert_eq!(stuck.provider.requests().len(), 6);
    for (limits, reason) in [
        (json!({"max_steps": 2}), "limit_steps"),
        (json!({"max_total_tokens": 200}), "limit_tokens"),
    ] {
        let config = json!({"v": 1, "limits": limits, "checks": ["test -f a.txt"]});
        let limited = Container::new(&config, (0..3).map(|_| same()).collect());
        let ran = limited.run();
        assert_eq!(ran.finished(), (Outcome::Failed, Some(reason)));
        assert_eq!(limited.provider.requests().len(), 2);
        assert!(
            ran.raw.contains("\"exit_code\":0"),
            "it is checked all the same"
        );
    }
    let config = json!({"v": 1, "limits": {"timeout_seconds": 3}});
    let timed = Container::new(&config, vec![Response::hang(b": wait\n\n")]);
    assert_eq!(
        timed.run().finished(),
        (Outcome::Failed, Some("limit_time"))
    );
}

#[test]
fn a_workspace_an_output_and_a_patch_have_limits_too() {
    for (limits, command, reason) in [
        (
            json!({"max_workspace_mib": 8}),
            "echo x > new; head -c 20000000 /dev/urandom > big; sleep 60",
            "limit_workspace",
        ),
        (
            json!({"max_output_mib": 1}),
            "echo x > new; seq 1 5000",
            "limit_output",
        ),
        // Not a limit of the work: it ends, and then its patch cannot be whole.
        (
            json!({}),
            "echo x > new; head -c 20000000 /dev/urandom > 'big [1] \\ !'",
            "limit_patch",
        ),
    ] {
        let work = || calls(&[("run", json!({"command": command}))]);
        let flood = || Response::text(&"word ".repeat(300_000));
        let answers = vec![work(), flood(), flood()];
        let container = Container::new(&json!({"v": 1, "limits": limits}), answers);
        let ran = container.run();
        assert_eq!(ran.finished(), (Outcome::Failed, Some(reason)));
        let patch = ran.patch().unwrap();
        assert_eq!(
            container.after(&patch, "cat new; ls"),
            "x\nAGENTS.md\na.txt\nnew"
        );
        let told = ran.raw.contains("is left out of the patch: it has 19 MiB");
        assert_eq!(told, reason != "limit_output", "{}", ran.raw);
    }
}

/// Test case 14: 128k-token answer, slow reader: RSS flat.
#[test]
fn case_14_a_long_answer_and_a_slow_reader_cost_no_memory() {
    let words: Vec<_> = (0..128_000)
        .map(|n| json!({"choices": [{"index": 0, "delta": {"content": format!("{:03} ", n % 1000)}}]}))
        .chain([
            json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
            usage(100, 128_000),
        ])
        .collect();
    let container = Container::new(
        &json!({"v": 1}),
        vec![Response::stream(&words), Response::text("done")],
    );
    let mut child = container.command().spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let status = format!("/proc/{}/status", child.id());
    let (mut before, mut peak) = (String::new(), 0);
    // Slower than it comes: the pipe is full all the time.
    while stdout.read_line(&mut before).unwrap() > 0 && before.len() < 400_000 {
        std::thread::sleep(Duration::from_millis(2));
        let status = std::fs::read_to_string(&status).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        let kib = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        peak = peak.max(kib);
    }
    stdout.read_to_string(&mut before).unwrap();
    let ran = Ran::new(child, before);
    assert!(ran.success, "{}", ran.finished().1.unwrap_or_default());
    let text: usize = ran
        .lines
        .iter()
        .map(|body| {
            if let Body::Text { delta } = body {
                delta.len()
            } else {
                0
            }
        })
        .sum();
    assert_eq!(text, 4 * 128_000 + "done".len());
    eprintln!("128,000 tokens, slow reader: peak {} MiB", peak / 1024);
    assert!(peak < 64 * 1024, "{peak} KiB");
}

#[test]
fn the_first_word_is_printed_at_once() {
    let words = [json!({"choices": [{"index": 0, "delta": {"content": "first"}}]})];
    let container = Container::new(
        &json!({"v": 1}),
        vec![Response::hang(&crate::provider::events(&words))],
    );
    let mut child = container.command().spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    let mut read_until = |words: &str| {
        while !line.contains(words) {
            line.clear();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0);
        }
        Instant::now()
    };
    let asked = read_until("Asking the model");
    let took = read_until("\"delta\":\"first\"") - asked;
    crate::container::sh(container.path(), &format!("kill -TERM {}", child.id()));
    child.wait().unwrap();
    eprintln!("from asking to the first word: {took:?}");
    // 300 ms where nothing else runs.
    assert!(took < Duration::from_millis(1500), "{took:?}");
}
