//! What is kept, and what happens when there is no room for more.

use std::time::Duration;

use serde_json::json;

use crate::support::{Run, TestApp};

/// A finished run whose log has a MiB.
async fn finished(test: &TestApp, user: &crate::support::Client) -> Run {
    let run = test.start_run(user, 1).await;
    let job = &run.jobs[0];
    test.cluster.has_job(job).await;
    test.cluster.run_pod(job);
    test.cluster.print(job, &vec![b'x'; 1 << 20]);
    test.cluster.complete_pod(job);
    run.events().await;
    run
}

#[tokio::test]
async fn the_oldest_runs_go_when_their_logs_take_too_much_room() {
    let test = TestApp::spawn_with(|config| config.agents.job_ttl_seconds = 0).await;
    let user = test.user("a@example.com").await;
    let (old, young) = (finished(&test, &user).await, finished(&test, &user).await);
    // Its Job is there still: somebody may look at it.
    for run in [&old, &young] {
        let deleted = test
            .cluster
            .called(1, |call| call.has(&run.jobs[0]) && call.verb() == "delete");
        deleted.await;
    }
    let waiting = test.start_run(&user, 1).await;
    let mut stopped = test.stop().await;
    // Room for one of them, and for what is unfinished.
    stopped.config.storage.keep.bytes = (1 << 20) + (1 << 19);
    let test = stopped.start().await;
    let gone = async {
        while user.at(&test).get(&old.path("")).await.status != 404 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gone)
        .await
        .expect("the oldest goes");
    let (young, waiting) = (young.at(&test), waiting.at(&test));
    assert_eq!(young.verify(0).await["stored"]["lines"], 1);
    assert_eq!(waiting.show().await["status"], "pending");
    let list = young.user.get("/api/v1/runs").await.expect(200).json();
    assert_eq!(list["total"], 2);
    assert!(
        !test.app.store.path(key(&old)).exists(),
        "its log is gone, too"
    );
}

/// Between a look for what is due and its deletion, its owner may have begun to use it again.
#[tokio::test]
async fn a_run_that_is_retried_just_now_is_not_forgotten() {
    let test = TestApp::spawn_with(|config| config.agents.job_ttl_seconds = 0).await;
    let user = test.user("a@example.com").await;
    let run = finished(&test, &user).await;
    let id = run.id.parse().unwrap();
    let due = async {
        while test.app.db.forgettable_runs().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let due = tokio::time::timeout(Duration::from_secs(10), due);
    due.await.expect("its Job is deleted");
    // What is begun and not done has not happened.
    drop(test.app.db.begin_forgetting(id).await.unwrap().unwrap());
    user.post(&run.path("/variations/0/retry"), &json!({}))
        .await
        .expect(202);
    assert!(test.app.db.begin_forgetting(id).await.unwrap().is_none());
    run.show().await;
}

fn key(run: &Run) -> aideator::model::VariationKey {
    aideator::model::VariationKey {
        run: run.id.parse().unwrap(),
        index: 0,
        attempt: 0,
    }
}

#[tokio::test]
async fn a_disk_that_is_nearly_full_takes_no_new_runs() {
    let test = TestApp::spawn().await;
    let (run, job) = test.running().await;
    run.applied().await;
    let mut stopped = test.stop().await;
    stopped.config.storage.min_free = u64::MAX;
    let test = stopped.start().await;
    let run = run.at(&test);
    let reply = run.user.post("/api/v1/runs", &test.run_request(1)).await;
    let problem = reply.expect_problem(507, "insufficient_storage").json();
    assert!(problem["detail"].as_str().unwrap().contains("DATA_DIR"));
    assert_eq!(
        run.user.get("/api/v1/runs").await.json()["total"],
        json!(1),
        "nothing was begun"
    );
    let health = test
        .anonymous()
        .get("/api/v1/health/detailed")
        .await
        .expect(200);
    assert!(health.body.contains("new runs are refused"));

    test.cluster.print(&job, b"what runs goes on");
    test.cluster.complete_pod(&job);
    run.events().await;
    assert_eq!(run.show().await["status"], "completed");
}
