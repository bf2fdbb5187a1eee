//! The stream of a run: every event once, from any position, in any shape of line.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;

use crate::support::{Event, Run, TestApp, kinds, output_of, stamp};

/// A finished run of two variations, with lines of all kinds in their logs.
async fn finished(test: &TestApp) -> Run {
    let user = test.user("a@example.com").await;
    let run = test.start_run(&user, 2).await;
    for job in &run.jobs {
        test.cluster.has_job(job).await;
        test.cluster.run_pod(job);
    }
    for i in 0..4 {
        for job in &run.jobs {
            test.cluster
                .print(job, format!("line {i}: ä 😀 \\ \" \t").as_bytes());
        }
    }
    test.cluster
        .print(&run.jobs[0], "long ".repeat(40_000).as_bytes());
    test.cluster.print(&run.jobs[0], b"");
    let unfinished = format!("{} no newline", stamp(aideator::clock::now_ms()));
    test.cluster.print_raw(&run.jobs[0], unfinished.as_bytes());
    test.cluster.complete_pod(&run.jobs[0]);
    test.cluster.end_pod(&run.jobs[1], 1, "Error", "");
    run
}

#[tokio::test]
async fn a_stream_goes_on_exactly_where_any_of_its_ids_says() {
    let test = TestApp::spawn().await;
    let run = finished(&test).await;
    let path = run.path("/stream");
    run.events().await;
    // Live and replayed, the order between variations may differ; from now on it is fixed.
    let all = run.events().await;
    assert_eq!(all.last().unwrap().kind, "run_complete");
    for index in 0..2 {
        let of = |event: &&Event| event.data["variation_id"] == index;
        let order: Vec<&str> = all
            .iter()
            .filter(of)
            .map(|event| event.kind.as_str())
            .collect();
        let (first, last) = (order.first().unwrap(), order.last().unwrap());
        assert_eq!((*first, *last), ("agent_status", "agent_complete"));
    }
    let parts = all.iter().filter(|event| event.data["partial"] == true);
    assert!(parts.count() >= 3, "200 kB come in parts");
    for (i, event) in all.iter().enumerate() {
        let resumed = run.user.with_header("last-event-id", &event.id);
        if i + 1 == all.len() {
            let reply = resumed.get(&path).await.expect(204);
            assert_eq!(reply.body, "");
            break;
        }
        let rest = run.user.stream(&path, Some(&event.id)).await.rest().await;
        for index in 0..2 {
            let before = output_of_from(&all[..=i], index);
            assert_eq!(
                before + &output_of_from(&rest, index),
                output_of_from(&all, index)
            );
        }
        assert_eq!(
            [kinds(&all[..=i]), kinds(&rest)].concat(),
            kinds(&all),
            "after {}",
            event.id
        );
        let after = run
            .user
            .stream(&format!("{path}?after={}", event.id), None)
            .await;
        assert_eq!({ after }.rest().await, rest);
    }
}

/// Content without the newlines between lines, so that a part may be the end.
fn output_of_from(events: &[Event], index: u64) -> String {
    output_of(events, index).replace('\n', "")
}

#[tokio::test]
async fn an_id_that_is_none_of_this_run_is_refused() {
    let test = TestApp::spawn().await;
    let run = finished(&test).await;
    run.events().await;
    let user = run.user.clone();
    for id in [
        "x",
        "e1",
        "e1.0",
        "e1.0.0.0",
        "e1.1.0",
        "e0.99999999.0",
        "e0.0~1.0",
        "e-1.0.0",
        "ä",
    ] {
        let reply = user
            .with_header("last-event-id", id)
            .get(&run.path("/stream"))
            .await;
        let problem = reply.expect_problem(400, "bad_request");
        assert!(
            problem.json()["detail"]
                .as_str()
                .unwrap()
                .contains("from the beginning"),
            "{id}"
        );
    }
    user.get(&run.path("/stream?variation=2"))
        .await
        .expect_problem(404, "not_found");
    user.get(&run.path("/stream?nonsense=2")).await.expect(422);
}

#[tokio::test]
async fn one_variation_can_be_had_alone() {
    let test = TestApp::spawn().await;
    let run = finished(&test).await;
    let all = run.events().await;
    let path = run.path("/stream?variation=1");
    let events = run.user.stream(&path, None).await.rest().await;
    assert!(events.iter().all(|event| event.data["variation_id"] == 1));
    assert_eq!(output_of(&events, 1), output_of(&all, 1));
    let end = events.last().unwrap();
    assert_eq!(end.kind, "agent_complete");
    assert_eq!(
        (&end.data["status"], &end.data["exit_code"]),
        (&json!("failed"), &json!(1))
    );
}

#[tokio::test]
async fn bytes_that_are_no_text_come_as_they_are() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    let line = b"\xff\xfe\x00 \xc3\x28 \x1b[31mred\r";
    test.cluster.print(&job, line);
    let event = run.event(|event| event.kind == "agent_output").await;
    assert_eq!(event.data["content"], json!(null));
    let sent = event.data["content_base64"].as_str().unwrap();
    assert_eq!(STANDARD.decode(sent).unwrap(), line);
}

#[tokio::test]
async fn a_live_stream_tells_a_line_at_once_and_ends_with_the_server() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    run.applied().await;
    let mut stream = run.user.stream(&run.path("/stream"), None).await;
    test.cluster.print(&job, b"one");
    let mut seen = Vec::new();
    while !seen
        .iter()
        .any(|event: &Event| event.kind == "agent_output")
    {
        seen.push(stream.next().await.unwrap());
    }
    let id = seen.last().unwrap().id.clone();
    let (stopped, rest) = tokio::join!(test.stop(), stream.rest());
    assert_eq!(rest, [], "ended cleanly, nothing invented");

    let test = stopped.start().await;
    let run = run.at(&test);
    let mut stream = run.user.stream(&run.path("/stream"), Some(&id)).await;
    test.cluster.print(&job, b"two");
    test.cluster.complete_pod(&job);
    let rest = stream.rest().await;
    assert_eq!(output_of(&rest, 0), "two\n");
    assert_eq!(kinds(&rest).last(), Some(&"run_complete"));
}

#[tokio::test]
async fn a_client_that_stops_reading_is_cut_off_and_goes_on_where_it_was() {
    // Long enough for a busy machine, on which whoever reads may be late, too.
    let stall = Duration::from_secs(3);
    let test = TestApp::spawn_with(|config| config.http.client_stall = Some(stall)).await;
    let (run, job) = test.running().await;
    // More than the sockets of both ends ever hold.
    let line = "x".repeat(1 << 20);
    for _ in 0..24 {
        test.cluster.print(&job, line.as_bytes());
    }
    test.cluster.complete_pod(&job);
    let whole = (line + "\n").repeat(24);
    let bell = test.app.store.bell(run.id.parse().unwrap());

    let mut stalled = run.user.stream(&run.path("/stream"), None).await;
    let first = stalled.next().await.unwrap();
    assert_eq!(bell.listeners(), 1);
    let cut_off = async {
        while bell.listeners() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waiting = tokio::time::timeout(Duration::from_secs(30), cut_off);
    waiting.await.expect("the server lets the client go");

    let mut events = vec![first];
    events.extend(stalled.until_over().await);
    assert_ne!(events.last().unwrap().kind, "run_complete");
    // On a busy machine the next may stall, too.
    while events.last().unwrap().kind != "run_complete" {
        let id = events.last().unwrap().id.clone();
        let mut rest = run.user.stream(&run.path("/stream"), Some(&id)).await;
        events.extend(rest.until_over().await);
    }
    assert!(output_of(&events, 0) == whole);
}

#[tokio::test]
async fn a_stream_ends_with_the_credential_that_opened_it() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    let key = async |request: serde_json::Value| {
        let reply = run.user.post("/api/v1/auth/api-keys", &request).await;
        let key = reply.expect(201).json();
        let client = test
            .anonymous()
            .with_header("x-api-key", key["api_key"].as_str().unwrap());
        (client, key["key_info"]["id"].as_str().unwrap().to_owned())
    };
    let path = run.path("/stream");
    let (revoked, id) = key(json!({"name": "a"})).await;
    let (expiring, _) = key(json!({"name": "b", "expires_in_days": 1})).await;
    let (other, _) = key(json!({"name": "c"})).await;
    let mut streams = [
        revoked.stream(&path, None).await,
        expiring.stream(&path, None).await,
        other.stream(&path, None).await,
    ];
    for stream in &mut streams {
        stream.next().await.unwrap();
    }
    let [mut first, mut second, mut third] = streams;
    let revoke = format!("/api/v1/auth/api-keys/{id}");
    run.user.delete(&revoke).await.expect(204);
    first.rest().await;
    revoked.get(&path).await.expect(401);

    test.clock.advance_ms(25 * 60 * 60 * 1000);
    test.cluster.print(&job, b"for those who may still hear it");
    let heard = |events: &[Event]| output_of(events, 0);
    assert_eq!(heard(&second.rest().await), "");
    test.cluster.complete_pod(&job);
    assert_eq!(
        heard(&third.rest().await),
        "for those who may still hear it\n"
    );
}

#[tokio::test]
async fn logs_are_given_in_each_format_and_from_any_byte() {
    let test = TestApp::spawn().await;
    let run = finished(&test).await;
    run.events().await;
    let path = run.path("/variations/1/logs");
    let raw = run.user.get(&path).await.expect(200).body;
    assert_eq!(raw, output_of(&run.events().await, 1));
    let ranged = run.user.with_header("range", "bytes=7-");
    assert_eq!(ranged.get(&path).await.expect(206).body, raw[7..]);
    let json = run
        .user
        .get(&format!("{path}?format=json"))
        .await
        .expect(200)
        .body;
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(first["content"], raw.lines().next().unwrap());
    run.user
        .send(Method::GET, &format!("{path}?format=xml"), None)
        .await
        .expect(422);
}
