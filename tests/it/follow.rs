//! A follow that ends means nothing: what the container wrote is what is stored, once, whatever
//! kubectl, the kubelet and its log rotation do.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Answer, Call, Cut, Event, Run, TestApp, kinds, output_of, stamp};

/// A line as an agent prints it.
fn agent_line(seq: u64, text: &str) -> String {
    let kind = if text == "the end" {
        json!({"type": "finished", "outcome": "succeeded", "summary": text})
    } else {
        json!({"type": "text", "delta": text})
    };
    let mut line = json!({"v": 1, "seq": seq, "ts": "2026-11-22T21:00:00.000Z"});
    line.as_object_mut()
        .unwrap()
        .extend(kind.as_object().unwrap().clone());
    line.to_string()
}

/// A log as the kubelet gives it: one line each 310 ms.
fn log_of(lines: &[String]) -> Vec<u8> {
    log_from(0, lines)
}

fn log_from(first: i64, lines: &[String]) -> Vec<u8> {
    let text = (first..)
        .zip(lines)
        .map(|(i, line)| format!("{} {line}\n", stamp(i * 310)));
    text.collect::<String>().into_bytes()
}

/// So many lines of an agent, the last of which says that it is.
fn whole_run(lines: u64) -> Vec<String> {
    let line = |seq| agent_line(seq, if seq == lines { "the end" } else { "same" });
    (1..=lines).map(line).collect()
}

/// A run of one variation whose follows end as `cuts` say, over this log; it has ended.
async fn follow(test: &TestApp, log: &[u8], cuts: impl IntoIterator<Item = Cut>) -> Run {
    follow_each(test, log, vec![cuts.into_iter().collect()]).await
}

/// The same with a variation for each of `cuts`.
async fn follow_each(test: &TestApp, log: &[u8], cuts: Vec<Vec<Cut>>) -> Run {
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, cuts.len()).await;
    let counts: Vec<usize> = cuts.iter().map(Vec::len).collect();
    for (job, cuts) in run.jobs.iter().zip(cuts) {
        test.cluster.has_job(job).await;
        for cut in cuts {
            test.cluster.cut_next_reading(job, cut);
        }
        test.cluster.print_raw(job, log);
        test.cluster.run_pod(job);
    }
    for (job, count) in run.jobs.iter().zip(counts) {
        // The container ends when all of that has happened to it while it ran.
        test.cluster.opened(job, count + 1).await;
        test.cluster.complete_pod(job);
    }
    run.event(|event| event.kind == "run_complete").await;
    run
}

/// The log without its timestamps.
fn plain(log: &[u8]) -> String {
    let text = std::str::from_utf8(log).unwrap();
    text.split_inclusive('\n').map(|line| &line[31..]).collect()
}

fn gaps(events: &[Event]) -> Vec<&Value> {
    let gaps = events.iter().filter(|event| event.kind == "log_gap");
    gaps.map(|gap| &gap.data["certain"]).collect()
}

#[tokio::test]
async fn follows_that_end_early_lose_and_repeat_nothing() {
    let test = TestApp::spawn().await;
    let mut lines = whole_run(30);
    // Lines that nothing but their number tells apart, and lines that nothing does.
    lines.splice(20..20, vec!["progress".to_owned(); 5]);
    let mut log = log_of(&lines);
    let twin = log_from(20, &["progress".to_owned()]);
    let at = log.windows(twin.len()).position(|w| w == twin).unwrap();
    log.splice(at..at, twin.repeat(4));
    // Cut in a timestamp, in a line, before and after a newline; with kubectl's lie and without.
    let cuts = (0..5).map(|variation| {
        let cut = |i: usize| Cut {
            at: (5 * i + variation) * 155 + [30, 1, 25, 60][i % 4],
            code: i32::from(variation % 3 == 0),
            ..Cut::default()
        };
        (0..5).map(cut).filter(|cut| cut.at < log.len()).collect()
    });
    let run = follow_each(&test, &log, cuts.collect()).await;

    let events = run.events().await;
    assert_eq!(gaps(&events), [&Value::Null; 0]);
    for index in 0..5 {
        assert_eq!(run.stored(index).await.as_bytes(), log);
        assert_eq!(output_of(&events, index as u64), plain(&log));
        let verified = run.verify(index).await;
        let verdict = (&verified["verdict"], &verified["complete"]);
        assert_eq!(verdict, (&json!("identical"), &json!("yes")));
    }
    let end = events
        .iter()
        .find(|event| event.kind == "agent_complete")
        .unwrap();
    assert_eq!(end.data["lines"], 39);
    assert_eq!(end.data["bytes"], plain(&log).len());
    let hash = Sha256::digest(plain(&log));
    let told = u128::from_str_radix(&end.data["sha256"].as_str().unwrap()[..32], 16).unwrap();
    assert_eq!(told.to_be_bytes(), hash[..16]);
}

#[tokio::test]
async fn what_the_kubelet_writes_into_the_stream_is_no_output() {
    let test = TestApp::spawn().await;
    let log = log_of(&whole_run(6));
    let texts = [
        "unable to retrieve container logs for containerd://4f1d",
        "failed to create fsnotify watcher: too many open files\n",
        "rpc error: code = Unknown desc = context canceled\n",
    ];
    let cut = |text| Cut {
        at: log.len() / 2,
        text,
        ..Cut::default()
    };
    let run = follow(&test, &log, texts.map(cut)).await;
    // The last read of all finds the container's log collected, and is made again.
    assert_eq!(run.stored(0).await, String::from_utf8(log.clone()).unwrap());
    assert_eq!(run.variation(0).await["complete"], true);
    assert_eq!(run.verify(0).await["verdict"], "identical");
}

/// Its container ended before anybody looked: there is nothing to follow, only to read, and a reading
/// may lie too. One that adds nothing is the last.
#[tokio::test]
async fn a_log_is_read_until_a_reading_adds_nothing() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 1).await;
    let job = &run.jobs[0];
    test.cluster.has_job(job).await;
    let log = log_of(&whole_run(12));
    test.cluster.print_raw(job, &log);
    let third = log.len() / 3;
    for (at, text, code) in [
        (third, "", 0),
        (2 * third, "", 1),
        (0, "rpc error: code = Unavailable", 0),
    ] {
        let cut = Cut {
            at,
            text,
            code,
            ..Cut::default()
        };
        test.cluster.cut_next_reading(job, cut);
    }
    test.cluster.complete_pod(job);
    run.events().await;
    assert_eq!(run.stored(0).await.as_bytes(), log);
    assert_eq!(run.variation(0).await["complete"], true);
    assert!(
        test.cluster
            .calls()
            .iter()
            .all(|call| !call.line().starts_with("logs -f"))
    );
}

#[tokio::test]
async fn an_unterminated_last_line_is_kept_as_it_is() {
    let test = TestApp::spawn().await;
    let mut log = log_of(&["one".to_owned(), "two".to_owned()]);
    log.pop();
    let cut = Cut {
        at: log.len() - 1,
        ..Cut::default()
    };
    let run = follow(&test, &log, [cut]).await;
    assert_eq!(run.stored(0).await, String::from_utf8(log.clone()).unwrap());
    let variation = run.variation(0).await;
    assert_eq!(
        (&variation["lines"], &variation["bytes"]),
        (&json!(2), &json!(7))
    );
    assert_eq!(run.verify(0).await["verdict"], "identical");
}

#[tokio::test]
async fn a_line_cut_by_a_rotation_is_joined() {
    let test = TestApp::spawn().await;
    let lines = whole_run(12);
    let log = log_of(&lines);
    let split = log_of(&lines[..7]).len() + 50;
    // The rest of the line has a timestamp of its own, which is not part of it.
    let cut_line = &lines[7];
    let rest = &cut_line[50 - 31..];
    let mut rotated = format!("{} {rest}\n", stamp(7 * 310 + 5)).into_bytes();
    rotated.extend(log_from(8, &lines[8..]));
    let cut = Cut {
        at: split,
        rotated: Some(rotated),
        ..Cut::default()
    };
    let run = follow(&test, &log, [cut]).await;

    assert_eq!(run.stored(0).await, String::from_utf8(log.clone()).unwrap());
    assert_eq!(gaps(&run.events().await), [&Value::Null; 0]);
    let verified = run.verify(0).await;
    assert_eq!(
        (&verified["verdict"], &verified["complete"]),
        (&json!("superset"), &json!("yes"))
    );
}

#[tokio::test]
async fn lines_lost_by_a_rotation_are_told() {
    let test = TestApp::spawn().await;
    let lines = whole_run(12);
    let log = log_of(&lines[..5]);
    let rotated = Some(log_from(9, &lines[9..]));
    let cut = Cut {
        at: log.len(),
        rotated,
        ..Cut::default()
    };
    let run = follow(&test, &log, [cut]).await;

    let events = run.events().await;
    assert!(gaps(&events).contains(&&json!(true)), "{events:#?}");
    let gap = events.iter().find(|event| event.kind == "log_gap").unwrap();
    assert_eq!(gap.data["after_timestamp"], stamp(4 * 310));
    let told: Vec<u64> = output_of(&events, 0)
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["seq"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(told, [1, 2, 3, 4, 5, 10, 11, 12]);
    assert_eq!(run.variation(0).await["complete"], false);
    let verified = run.verify(0).await;
    assert_eq!(
        (&verified["verdict"], &verified["complete"]),
        (&json!("superset"), &json!("no"))
    );
}

/// "Even if you specify `.spec.parallelism = 1`, the same program may sometimes be started twice."
#[tokio::test]
async fn of_two_pods_of_one_job_the_younger_counts_and_the_break_is_told() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 1).await;
    let job = &run.jobs[0];
    test.cluster.has_job(job).await;
    let lines = whole_run(9);
    let first = log_of(&lines[..4]);
    let cut = Cut {
        at: first.len(),
        code: 1,
        ..Cut::default()
    };
    test.cluster.cut_next_reading(job, Cut::never());
    test.cluster.cut_next_reading(job, cut);
    test.cluster.print_raw(job, &log_of(&lines[..3]));
    test.cluster.run_pod(job);
    test.cluster.opened(job, 2).await;
    test.cluster.run_second_pod(job);
    // The first one's last words, and its connection breaks.
    test.cluster.rewrite_first(job, &first);
    let second = log_from(9, &whole_run(3));
    test.cluster.print_raw(job, &second);
    let of_second = |call: &Call| call.line().starts_with("logs -f --timestamps pod/");
    let call = test.cluster.called(1, of_second).await;
    assert!(call.line().contains(&format!("pod/{job}-y9q4z")));
    test.cluster.complete_pod(job);

    let events = run.events().await;
    // At the break, and of the whole log at its end.
    assert_eq!(gaps(&events), [&json!(true); 2]);
    assert_eq!(run.stored(0).await.as_bytes(), [first, second].concat());
    let variation = run.variation(0).await;
    assert_eq!(variation["status"], "succeeded");
    // The agent's numbers began anew: what the first pod said last is not known.
    assert_eq!(variation["complete"], false);
}

/// An image that numbers nothing: nobody can tell, and that is said.
#[tokio::test]
async fn a_rotation_without_line_numbers_leaves_a_doubt() {
    let test = TestApp::spawn().await;
    let log = log_of(&["one".to_owned(), "two".to_owned()]);
    let rotated = Some(log_from(2, &["three".to_owned()]));
    let cut = Cut {
        at: log.len(),
        rotated,
        ..Cut::default()
    };
    let run = follow(&test, &log, [cut]).await;
    let events = run.events().await;
    assert_eq!(gaps(&events), [&json!(false)]);
    assert_eq!(output_of(&events, 0), "one\ntwo\nthree\n");
    assert_eq!(run.variation(0).await["complete"], Value::Null);
}

#[tokio::test]
async fn verify_tells_a_changed_log_from_one_that_is_gone() {
    let test = TestApp::spawn().await;
    let log = log_of(&whole_run(5));
    let run = follow(&test, &log, []).await;
    let job = &run.jobs[0];
    assert_eq!(
        run.verify(0).await["kubectl"],
        run.verify(0).await["stored"]
    );

    let mut changed = log.clone();
    changed[200] ^= 1;
    test.cluster.rewrite(job, &changed);
    let verified = run.verify(0).await;
    assert_eq!(
        (&verified["verdict"], &verified["first_difference"]),
        (&json!("mismatch"), &json!(200))
    );
    test.cluster.rewrite(job, &log[..log.len() - 120]);
    assert_eq!(run.verify(0).await["verdict"], "mismatch");

    test.cluster.rewrite(
        job,
        b"unable to retrieve container logs for containerd://4f1d",
    );
    assert_eq!(run.verify(0).await["verdict"], "pod_gone");
    test.cluster
        .answer_once("logs", Answer::fails("error: unexpected EOF"));
    assert_eq!(run.verify(0).await["verdict"], "pod_gone");
    test.cluster.remove_job(job);
    let verified = run.verify(0).await;
    assert_eq!(verified["verdict"], "pod_gone");
    assert!(verified["message"].as_str().unwrap().contains("NotFound"));
    assert_eq!(verified["kubectl"], Value::Null);
    assert_eq!(kinds(&run.events().await).last(), Some(&"run_complete"));
}
