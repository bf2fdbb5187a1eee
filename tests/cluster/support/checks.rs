//! What must hold for every finished run.

use std::collections::HashSet;

use aideator_agent::protocol::Line;
use serde_json::Value;

use super::{Api, Event, sh, sha256};

/// Checks a whole stream, as a client got it, against `kubectl logs` and against itself.
pub(crate) async fn check_streamed(api: &Api, run: &str, events: &[Event]) {
    let ids: HashSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids.len(), events.len(), "an event came twice");
    let ends: Vec<usize> = (0..events.len())
        .filter(|i| events[*i].name == "run_complete")
        .collect();
    assert_eq!(ends, [events.len() - 1], "run_complete comes once, last");
    assert_eq!(
        named(events, "log_gap").collect::<Vec<_>>(),
        [] as [&Event; 0]
    );

    let shown = api.run(run).await;
    assert_eq!(events.last().unwrap().data["status"], shown["status"]);
    for variation in shown["variations"].as_array().unwrap() {
        let index = variation["variation_id"].as_u64().unwrap();
        let own: Vec<&Event> = events
            .iter()
            .filter(|event| event.variation() == Some(index))
            .collect();
        check_states(variation, &own);
        let streamed = check_lines(variation, &own);
        if variation["status"] != "cancelled" {
            let printed = sh(&format!("kubectl logs job/agent-{run}-{index}")).await;
            assert!(
                streamed == printed,
                "variation {index} of {run}: {} bytes were streamed, kubectl logs prints {}",
                streamed.len(),
                printed.len()
            );
        }
        let raw = format!("/runs/{run}/variations/{index}/logs");
        assert!(api.get(&raw).await.expect(200).body == streamed, "{raw}");
    }
}

/// States are told once each and in order; the end is told after the last line.
fn check_states(variation: &Value, own: &[&Event]) {
    let last = own.last().unwrap();
    assert_eq!(last.name, "agent_complete", "{last:?}");
    let completes = own.iter().filter(|event| event.name == "agent_complete");
    assert_eq!(completes.count(), 1);
    assert_eq!(last.data["status"], variation["status"]);
    let told = own.iter().filter(|event| event.name == "agent_status");
    let told: Vec<_> = told
        .map(|event| {
            (
                &event.data["status"],
                &event.data["reason"],
                &event.data["message"],
            )
        })
        .collect();
    let twice = told.windows(2).find(|two| two[0] == two[1]);
    assert_eq!(twice, None, "a state was told twice: {told:?}");
    let states: Vec<&str> = told
        .iter()
        .filter(|(_, reason, _)| reason.is_null())
        .map(|(status, ..)| status.as_str().unwrap())
        .collect();
    let order = ["queued", "starting", "running", "succeeded"];
    let places = states
        .iter()
        .filter_map(|state| order.iter().position(|known| known == state));
    assert!(places.is_sorted(), "{states:?}");
}

/// Lines are numbered without a hole and weigh what the end says. Returns them.
fn check_lines(variation: &Value, own: &[&Event]) -> Vec<u8> {
    let streamed: Vec<u8> = own
        .iter()
        .filter(|event| event.name == "agent_output")
        .flat_map(|event| event.line())
        .collect();
    let said = streamed
        .split(|byte| *byte == b'\n')
        .filter_map(Line::parse);
    let numbers: Vec<u64> = said.map(|line| line.seq).collect();
    let lines = numbers.len() as u64;
    let hole = numbers.iter().zip(1..).find(|(seq, place)| *seq != place);
    assert_eq!(hole, None, "lines of {} are missing", variation["job_name"]);
    let end = &own.last().unwrap().data;
    assert_eq!(end["lines"], lines);
    assert_eq!(end["bytes"], streamed.len());
    let hash = sha256(&streamed);
    assert_eq!(end["sha256"], hash);
    assert_eq!(variation["sha256"], hash);
    streamed
}

/// The server's own comparison says that nothing is missing.
pub(crate) async fn check_verified(api: &Api, run: &str, variations: usize) {
    for index in 0..variations {
        let path = format!("/runs/{run}/variations/{index}/verify");
        let verified = api.get(&path).await.expect(200).json();
        assert_eq!(verified["verdict"], "identical", "{verified}");
        assert_eq!(verified["complete"], "yes", "{verified}");
        assert_eq!(verified["stored"], verified["kubectl"], "{verified}");
    }
}

fn named<'a>(events: &'a [Event], name: &'a str) -> impl Iterator<Item = &'a Event> {
    events.iter().filter(move |event| event.name == name)
}
