//! Runs as their owner finds them again.

use serde_json::json;

use crate::support::{SHA, TestApp};

const RUNS: &str = "/api/v1/runs";

#[tokio::test]
async fn runs_are_listed_newest_first_and_only_to_their_owner() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(test.start_run(&user, 1).await.id);
    }
    let list = async |query: &str| {
        user.get(&format!("{RUNS}?{query}"))
            .await
            .expect(200)
            .json()
    };
    let page = list("per_page=2&page=2").await;
    assert_eq!(
        (&page["total"], &page["pages"], &page["page"]),
        (&json!(3), &json!(2), &json!(2))
    );
    assert_eq!(page["items"][0]["run_id"], ids[0]);
    let first = list("per_page=2").await;
    assert_eq!(
        (&first["items"][0]["run_id"], &first["items"][1]["run_id"]),
        (&json!(ids[2]), &json!(ids[1]))
    );
    assert_eq!(list("status=completed").await["total"], 0);
    assert_eq!(list("status=pending").await["total"], 3);
    for query in ["page=0", "per_page=0", "per_page=101", "status=nonsense"] {
        user.get(&format!("{RUNS}?{query}"))
            .await
            .expect_problem(422, "validation_failed");
    }
    let run = &user
        .get(&format!("{RUNS}/{}", ids[0]))
        .await
        .expect(200)
        .json();
    assert_eq!(run["base_sha"], SHA);

    let other = test.user("b@example.com").await;
    assert_eq!(other.get(RUNS).await.json()["total"], 0);
    for rest in [
        "",
        "/stream",
        "/commands",
        "/variations/0/logs",
        "/variations/0/patch",
        "/variations/0/verify",
    ] {
        let path = format!("{RUNS}/{}{rest}", ids[0]);
        other.get(&path).await.expect_problem(404, "not_found");
    }
    let path = format!("{RUNS}/{}", ids[0]);
    other.delete(&path).await.expect_problem(404, "not_found");
    let pick = json!({"winning_variation_id": 0});
    other
        .post(&format!("{path}/select"), &pick)
        .await
        .expect_problem(404, "not_found");
    for id in ["run-0", "x", "run-00000000000000000000000000000000"] {
        user.get(&format!("{RUNS}/{id}"))
            .await
            .expect_problem(404, "not_found");
    }
    assert!(
        !test
            .cluster
            .calls()
            .iter()
            .any(|call| call.verb() == "delete")
    );
}

#[tokio::test]
async fn runs_are_found_by_what_they_are_about() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let mut ids = Vec::new();
    for prompt in [
        "Add 100%_real tests",
        "Mend the README's c:\\path",
        "Rename README",
    ] {
        let mut request = test.run_request(1);
        request["prompt"] = json!(prompt);
        request["ref"] = json!("main");
        let reply = user.post(RUNS, &request).await.expect(202).json();
        ids.push(reply["run_id"].as_str().unwrap().to_owned());
    }
    let found = async |query: &str| {
        let reply = user.get(&format!("{RUNS}?{query}")).await.expect(200);
        let page = reply.json();
        let items = page["items"].as_array().unwrap().iter();
        let found: Vec<usize> = items
            .map(|run| ids.iter().position(|id| run["run_id"] == *id).unwrap())
            .collect();
        assert_eq!(page["total"], found.len());
        found
    };
    assert_eq!(found("q=readme").await, [2, 1]);
    assert_eq!(
        found("q=%20100%25_r%20").await,
        [0],
        "no pattern, but a text"
    );
    assert_eq!(found("q=0%25r").await, [0_usize; 0]);
    assert_eq!(found("q=c:%5Cpath").await, [1]);
    assert_eq!(found("q=hello.git").await, [2, 1, 0]);
    assert_eq!(found(&format!("q={}", &SHA[..12])).await, [2, 1, 0]);
    assert_eq!(found(&format!("q={}", ids[1])).await, [1]);
    assert_eq!(found("q=MAIN&status=pending").await, [2, 1, 0]);
    assert_eq!(found("q=readme&status=failed").await, [0_usize; 0]);
    assert_eq!(found("q=").await.len(), 3);
    user.get(&format!("{RUNS}?q={}", "x".repeat(201)))
        .await
        .expect_problem(422, "validation_failed");
    let other = test.user("b@example.com").await;
    assert_eq!(
        other.get(&format!("{RUNS}?q=readme")).await.json()["total"],
        0
    );
}
