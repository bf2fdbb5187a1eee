//! Lines as they leave.

use tokio::io::AsyncReadExt as _;

use aideator_agent::protocol::MAX_LINE_BYTES;

use super::*;

/// What is printed, and how long it took on the (paused) clock.
async fn printed(print: impl AsyncFnOnce(Output)) -> (Vec<Line>, Duration) {
    let (mut read, write) = tokio::io::duplex(256 << 20);
    let (output, writer) = Output::start(write, "sk-secret", TOTAL_MIB);
    let started = Instant::now();
    print(output).await;
    writer.await.unwrap().unwrap();
    let took = started.elapsed();
    let mut bytes = Vec::new();
    read.read_to_end(&mut bytes).await.unwrap();
    let mut lines = Vec::new();
    for (number, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        assert!(text.len() <= MAX_LINE_BYTES, "{}", text.len());
        let line = Line::parse(text).unwrap();
        assert_eq!(line.seq, number as u64 + 1);
        lines.push(line);
    }
    (lines, took)
}

#[tokio::test(start_paused = true)]
async fn text_is_joined_for_a_moment_and_never_with_other_lines() {
    let (lines, _) = printed(async |output| {
        output.text("a").await;
        output.text("b").await;
        sleep(Duration::from_millis(60)).await;
        output.text("c").await;
        output.status(Step::Tool, "d").await;
    })
    .await;
    let said: Vec<&Body> = lines.iter().map(|line| &line.body).collect();
    let text = |delta: &str| Body::Text {
        delta: delta.to_owned(),
    };
    let status = Body::Status {
        step: Step::Tool,
        message: "d".to_owned(),
    };
    assert_eq!(said, [&text("ab"), &text("c"), &status]);
}

#[tokio::test(start_paused = true)]
async fn long_values_are_split_or_shortened_and_nothing_is_lost_of_a_result() {
    let long = "\u{1}\"é\n😀".repeat(5000);
    let (lines, _) = printed(async |output| {
        output.text(&*long).await;
        let result = Body::ToolResult {
            id: long.clone(),
            ok: true,
            output: long.clone(),
            truncated: false,
            more: false,
        };
        output.print(result).await;
        let check = Body::Check {
            command: long.clone(),
            exit_code: None,
            seconds: 1.0,
            output_tail: format!("{long}the end"),
        };
        output.print(check).await;
        output.error("code", "wrong key: sk-secret!", true).await;
        output.finished(Outcome::Failed, &long, None).await;
    })
    .await;
    let (mut text, mut result, mut more_at_last) = (String::new(), String::new(), true);
    for line in &lines {
        match &line.body {
            Body::Text { delta } => text.push_str(delta),
            Body::ToolResult { output, more, .. } => {
                result.push_str(output);
                more_at_last = *more;
            }
            Body::Check { output_tail, .. } => {
                assert!(output_tail.starts_with('…') && output_tail.ends_with("the end"));
            }
            Body::Error { message, .. } => assert_eq!(message, "wrong key: [secret]!"),
            _ => {}
        }
    }
    assert!(text == long && result == long && !more_at_last);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_paced_and_capped_but_results_still_come() {
    let (lines, took) = printed(async |output| {
        for _ in 0..12_000 {
            output.text("x".repeat(4096)).await;
        }
        output.finished(Outcome::Succeeded, "done", None).await;
    })
    .await;
    let bytes: usize = lines
        .iter()
        .map(|line| line.to_json().unwrap().len() + 1)
        .sum();
    assert!(bytes < 33 << 20, "{bytes}");
    // 4 MiB at once, the other 28 at 1 MiB a second.
    assert!((27..30).contains(&took.as_secs()), "{took:?}");
    let last: Vec<&Body> = lines.iter().rev().take(2).map(|line| &line.body).collect();
    assert!(matches!(last[0], Body::Finished { .. }));
    assert!(matches!(last[1], Body::Error { code, .. } if code == "output_limit"));
}

#[tokio::test(start_paused = true)]
async fn the_secret_is_in_no_line_also_where_it_comes_in_pieces() {
    let (lines, took) = printed(async |output| {
        for piece in ["see sk", "-sec", "ret and s", "k-se"] {
            output.text(piece).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        output.text("t").await;
        let long = format!("{}sk-secret", "x".repeat(7160));
        output
            .print(Body::ToolResult {
                id: "a".to_owned(),
                ok: true,
                output: long.repeat(3),
                truncated: false,
                more: false,
            })
            .await;
    })
    .await;
    let (mut text, mut result) = (String::new(), String::new());
    for line in &lines {
        match &line.body {
            Body::Text { delta } => text.push_str(delta),
            Body::ToolResult { output, .. } => result.push_str(output),
            _ => {}
        }
    }
    assert_eq!(text, "see [secret] and sk-set");
    assert_eq!(result.matches("[secret]").count(), 3);
    assert!(!result.contains("sk-secret"));
    assert!(
        took < Duration::from_secs(5),
        "nothing waits for what does not come: {took:?}"
    );
}
