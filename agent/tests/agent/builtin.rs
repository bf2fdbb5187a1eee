//! Engine `builtin` with models that are not as models should be.

use aideator_agent::protocol::Body;
use serde_json::{Value, json};

use crate::{calls, container::Container, provider::Response};

#[test]
fn a_model_without_tools_works_by_commands_in_fences() {
    let container = Container::new(
        &json!({"v": 1}),
        vec![
            Response::status(
                400,
                "",
                "{\"error\": {\"message\": \"gemma does not support tools\"}}",
            ),
            Response::text("I look.\n```sh\ncat a.txt\n```\nand then"),
            Response::text("```bash\nsed -i s/two/zwei/ a.txt\n```"),
            Response::text("Done: `two` is `zwei`."),
        ],
    );
    let ran = container.run();
    assert!(ran.success, "{}", ran.raw);
    assert_eq!(
        container.applied(&ran.patch().unwrap(), "a.txt"),
        "one\nzwei"
    );
    let requests = container.provider.requests();
    assert!(requests[0]["tools"].is_array() && requests[1]["tools"].is_null());
    let last = |request: &Value| {
        request["messages"].as_array().unwrap().last().unwrap()["content"].to_string()
    };
    assert!(
        last(&requests[1]).contains("You have no tools"),
        "{}",
        last(&requests[1])
    );
    assert!(
        last(&requests[2]).contains("one\\ntwo"),
        "{}",
        last(&requests[2])
    );
    assert!(
        ran.raw.contains("The model cannot call tools."),
        "people are told"
    );
}

#[test]
fn calls_of_one_answer_keep_their_order_and_a_bad_one_spoils_no_other() {
    let container = Container::new(
        &json!({"v": 1}),
        vec![
            calls(&[
                ("read", json!({"path": "a.txt"})),
                ("read", json!({"file": "a.txt"})),
                (
                    "edit",
                    json!({"path": "a.txt", "old": "two", "new": "zwei"}),
                ),
                ("read", json!({"path": "a.txt"})),
                ("list", json!({})),
            ]),
            Response::text("done"),
        ],
    );
    let ran = container.run();
    let results = ran.results();
    assert!(
        results[0].contains("2: two") && results[3].contains("2: zwei"),
        "{results:?}"
    );
    assert!(results[1].contains("unknown field `file`"), "{results:?}");
    let request = &container.provider.requests()[1];
    let ids: Vec<_> = request["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|message| message["tool_call_id"].as_str())
        .collect();
    assert_eq!(ids, ["call_0", "call_1", "call_2", "call_3", "call_4"]);
}

#[test]
fn what_failed_at_the_base_is_known_before_the_work() {
    let config = json!({"v": 1, "checks_before": true,
        "checks": ["touch made-by-check; grep -q zwei a.txt", "true"]});
    let edit = json!({"path": "a.txt", "old": "two", "new": "zwei"});
    let container = Container::new(
        &config,
        vec![calls(&[("edit", edit)]), Response::text("done")],
    );
    let ran = container.run();
    assert!(ran.success, "{}", ran.raw);
    let codes: Vec<_> = ran
        .lines
        .iter()
        .filter_map(|body| match body {
            Body::BaseCheck { exit_code, .. } => Some(("base", *exit_code)),
            Body::Check { exit_code, .. } => Some(("change", *exit_code)),
            _ => None,
        })
        .collect();
    assert_eq!(
        codes,
        [
            ("base", Some(1)),
            ("base", Some(0)),
            ("change", Some(0)),
            ("change", Some(0))
        ]
    );
    let task = container.provider.requests()[0]["messages"][1]["content"].to_string();
    assert!(
        task.contains("Without a change `touch made-by-check"),
        "{task}"
    );
    // What a check leaves at the base is no part of the change.
    assert_eq!(
        container.after(&ran.patch().unwrap(), "ls"),
        "AGENTS.md\na.txt"
    );
}
