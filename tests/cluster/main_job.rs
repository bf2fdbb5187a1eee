//! The main job: three variations on the sample, streamed, compared with kubectl, applied with git.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::support::{
    Api, Event, Follower, check_streamed, check_verified, env, in_peace, sh, tool_output, try_sh,
};

/// A finished run, as a client saw it live.
struct Finished {
    id: String,
    shown: Value,
    events: Vec<Event>,
}

/// One run for all tests of this file: none of them changes it.
static FINISHED: OnceCell<Finished> = OnceCell::const_new();

async fn finished() -> &'static Finished {
    FINISHED
        .get_or_init(|| async {
            let api = Api::operator();
            let prompt = "Make the failing tests pass: what is not a duration must be an error, and so must overflow.";
            let id = api.start(prompt, 3, json!({"checks": ["python3 -m unittest"]})).await;
            let mut follower = Follower::new(&api, &id);
            follower.read_to_end().await;
            let shown = api.run(&id).await;
            Finished { id, shown, events: follower.events }
        })
        .await
}

#[tokio::test]
async fn the_stream_is_what_kubectl_logs_prints() {
    let _peace = in_peace().await;
    let (api, run) = (Api::operator(), finished().await);
    assert_eq!(run.shown["status"], "completed", "{}", run.shown);
    check_streamed(&api, &run.id, &run.events).await;
    check_verified(&api, &run.id, 3).await;
}

/// What one variation sees: lines of several variations may interleave differently each time.
fn by_variation(events: &[Event]) -> BTreeMap<Option<u64>, Vec<(&str, &Value)>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for event in events {
        let own = all.entry(event.variation()).or_default();
        own.push((event.name.as_str(), &event.data));
    }
    all
}

#[tokio::test]
async fn a_client_that_comes_back_gets_exactly_the_rest() {
    let _peace = in_peace().await;
    let (api, run) = (Api::operator(), finished().await);
    let mut replay = Follower::new(&api, &run.id);
    replay.read_to_end().await;
    assert_eq!(by_variation(&replay.events), by_variation(&run.events));
    let total = run.events.len();
    for at in [0, 1, total / 4, total / 2, total - 2] {
        let mut rest = Follower::after(&api, &run.id, Some(run.events[at].id.clone()));
        rest.read_to_end().await;
        assert_eq!(
            by_variation(&rest.events),
            by_variation(&run.events[at + 1..]),
            "after event {at} of {total}"
        );
    }
    let last = &run.events[total - 1].id;
    let path = format!("/runs/{}/stream?after={last}", run.id);
    assert_eq!(api.get(&path).await.expect(204).body, b"");
}

#[tokio::test]
async fn a_patch_applies_to_a_fresh_clone_and_the_tests_tell_the_good_from_the_bad() {
    let _peace = in_peace().await;
    let run = finished().await;
    let (clone, base) = (
        env("AIDEATOR_DEMO_CLONE"),
        run.shown["base_sha"].as_str().unwrap(),
    );
    for variation in run.shown["variations"].as_array().unwrap() {
        let (index, temperature) = (&variation["variation_id"], &variation["temperature"]);
        let repaired = temperature == 0.3;
        let dir = tempfile::tempdir().unwrap();
        let (dir, id) = (dir.path().display(), &run.id);
        sh(&format!(
            r#"git clone --quiet "{clone}" {dir}/repo && cd {dir}/repo && git checkout --quiet {base}
            curl -fsS "$AIDEATOR_URL/api/v1/runs/{id}/variations/{index}/patch" -H "X-API-Key: $AIDEATOR_API_KEY" | git apply
            test -n "$(git status --porcelain)""#
        ))
        .await;
        let tests = try_sh(&format!("cd {dir}/repo && python3 -m unittest")).await;
        let report = String::from_utf8_lossy(&tests.stderr).into_owned();
        assert_eq!(tests.status.success(), repaired, "{temperature}: {report}");
        assert!(report.contains("Ran "), "{report}");
        // The agent's own check said the same.
        let check = &variation["checks"].as_array().unwrap().last().unwrap()["exit_code"];
        assert_eq!(check == 0, repaired, "{variation}");
    }
    assert_eq!(run.shown["variations"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_pick_is_kept_can_be_changed_and_taken_back() {
    let _peace = in_peace().await;
    let (api, run) = (Api::operator(), finished().await);
    let path = format!("/runs/{}/select", run.id);
    for winner in [2, 0, 0] {
        let picked = api
            .post(&path, &json!({"winning_variation_id": winner}))
            .await;
        assert_eq!(picked.expect(200).json()["winning_variation_id"], winner);
        assert_eq!(api.run(&run.id).await["winning_variation_id"], winner);
    }
    api.delete(&path).await.expect(200);
    assert_eq!(api.run(&run.id).await["winning_variation_id"], Value::Null);
}

#[tokio::test]
async fn a_ref_becomes_one_commit_for_all() {
    let _peace = in_peace().await;
    let api = Api::operator();
    // An annotated tag has an id of its own; what it names is the commit.
    let tag = r#"git ls-remote "$AIDEATOR_DEMO_CLONE" 'refs/tags/v0.1.0^{}' | cut -f1"#;
    let commit = String::from_utf8(sh(tag).await).unwrap().trim().to_owned();
    for name in ["v0.1.0", &commit] {
        let id = api
            .start(
                "[[scripted: run git rev-parse HEAD]]",
                2,
                json!({"ref": name}),
            )
            .await;
        let mut follower = Follower::new(&api, &id);
        follower.read_to_end().await;
        check_streamed(&api, &id, &follower.events).await;
        assert_eq!(api.run(&id).await["base_sha"], commit, "{name}");
        for variation in 0..2 {
            let printed = tool_output(&follower.events, variation);
            assert!(printed.contains(&commit), "{name}: {printed}");
        }
    }
}
