//! What surrounds every request: problems, limits, headers, the page.

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn every_error_is_a_problem() {
    let test = TestApp::spawn_with(|config| config.http.max_body_bytes = 1000).await;
    let client = test.anonymous();
    let login = "/api/v1/auth/login";
    client
        .get("/api/v1/nothing")
        .await
        .expect_problem(404, "not_found");
    client.get("/api").await.expect_problem(404, "not_found");
    client
        .send(Method::PUT, login, None)
        .await
        .expect_problem(405, "method_not_allowed");
    client
        .send(Method::POST, "/", None)
        .await
        .expect_problem(405, "method_not_allowed");
    client
        .send(Method::POST, login, None)
        .await
        .expect_problem(415, "unsupported_media_type");
    let malformed = client
        .send(Method::POST, login, Some("{\"email\":".to_owned()))
        .await;
    malformed.expect_problem(400, "bad_request");
    let large = json!({"email": "a@example.com", "password": "x".repeat(1000)});
    client
        .post(login, &large)
        .await
        .expect_problem(413, "body_too_large");
    let reply = client
        .post(login, &json!({"email": 7}))
        .await
        .expect_problem(422, "validation_failed");
    assert_eq!(reply.json()["errors"][0]["loc"], json!(["body", "email"]));
}

#[tokio::test]
async fn health_tells_liveness_from_readiness() {
    let test = TestApp::spawn().await;
    let client = test.anonymous();
    let health = client.get("/api/v1/health").await.expect(200).json();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["environment"], "development");

    let data = &test.app.config.storage.data_dir;
    let check = async |name: &str| {
        let detailed = client.get("/api/v1/health/detailed").await.json();
        let checks = detailed["checks"].as_array().unwrap().clone();
        checks
            .into_iter()
            .find(|check| check["name"] == name)
            .unwrap()["status"]
            .clone()
    };
    client.get("/api/v1/health/detailed").await.expect(200);
    assert_eq!(check("database").await, "healthy");
    assert_eq!(check("storage").await, "healthy");
    // A directory where the probe writes its file stands for a volume that cannot be written.
    std::fs::remove_file(data.join(".health")).unwrap();
    std::fs::create_dir(data.join(".health")).unwrap();
    assert_eq!(check("storage").await, "unhealthy");
    client.get("/api/v1/health/detailed").await.expect(503);
    client.get("/api/v1/health").await.expect(200);
}

#[tokio::test]
async fn requests_are_limited_per_credential_and_the_kubelet_is_not() {
    let test = TestApp::spawn_with(|config| config.auth.rate_limit_per_minute = 4).await;
    let user = test.user("a@example.com").await;
    let me = "/api/v1/auth/me";
    // Registering and logging in took two of the address's four.
    test.anonymous().get(me).await.expect(401);
    let reply = test.anonymous().get(me).await.expect(401);
    assert_eq!(reply.header("x-ratelimit-remaining"), "0");
    let reply = test
        .anonymous()
        .get(me)
        .await
        .expect_problem(429, "too_many_requests");
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(reply.header("x-ratelimit-limit"), "4");
    // An invented credential does not buy another budget; a good one has its own.
    let invented = test.anonymous().with_header("x-api-key", "aid_sk_invented");
    invented
        .get(me)
        .await
        .expect_problem(429, "too_many_requests");
    user.get(me).await.expect(200);
    for _ in 0..10 {
        test.anonymous().get("/api/v1/health").await.expect(200);
    }
}

#[tokio::test]
async fn a_request_id_is_kept_when_it_is_plain() {
    let test = TestApp::spawn().await;
    let health = async |id: &str| {
        let client = test.anonymous().with_header("x-request-id", id);
        client
            .get("/api/v1/health")
            .await
            .header("x-request-id")
            .to_owned()
    };
    assert_eq!(health("abc-123").await, "abc-123");
    let hostile = "x".repeat(65);
    assert_ne!(health(&hostile).await, hostile);
    assert_ne!(health("a b\tc").await, "a b\tc");
}

#[tokio::test]
async fn the_page_is_served_by_its_rules() {
    let page = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = page.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("index.html", "<script>start()</script>");
    write("stream.html", "stream");
    write("404.html", "lost");
    write("_next/static/a.js", "start");
    let test =
        TestApp::spawn_with(|config| config.http.web_dir = Some(page.path().to_owned())).await;
    let client = test.anonymous();

    let index = client.get("/").await.expect(200);
    assert!(index.header("content-security-policy").contains("'sha256-"));
    assert_eq!(index.header("cache-control"), "no-cache");
    let again = client.with_header("if-none-match", index.header("etag"));
    assert_eq!(again.get("/").await.expect(304).body, "");

    client.get("/stream?run=run-1").await.expect(200);
    assert_eq!(
        client
            .get("/runs/run-1")
            .await
            .expect(302)
            .header("location"),
        "/stream?run=run-1"
    );
    assert_eq!(client.get("/nothing").await.expect(404).body, "lost");
    let asset = client.get("/_next/static/a.js").await.expect(200);
    assert!(asset.header("cache-control").contains("immutable"));
    assert!(asset.header("content-type").starts_with("text/javascript"));
    client.get("/..%2f..%2fetc/passwd").await.expect(404);
}

#[tokio::test]
async fn the_documentation_comes_from_the_binary() {
    let test = TestApp::spawn().await;
    let client = test.anonymous();
    client.get("/docs/").await.expect(200);
    let served = client.get("/api/v1/openapi.json").await.expect(200).json();
    let printed: serde_json::Value =
        serde_json::from_str(&aideator::api::docs::file().unwrap()).unwrap();
    assert_eq!(served, printed);
    assert!(served["paths"]["/api/v1/auth/login"]["post"].is_object());
}

#[tokio::test]
async fn what_is_counted_can_be_scraped() {
    let test = TestApp::spawn_with(|config| config.limits.places.all = Some(1)).await;
    aideator::telemetry::metrics::init().unwrap();
    let (run, job) = test.running().await;
    run.applied().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = test.app.clone();
    app.lifecycle
        .spawn_core("metrics", aideator::serve_metrics(app.clone(), listener));
    let scraper = test.anonymous().of(&url);
    let next = test.start_run(&run.user, 1).await;
    next.told("queued", "WaitingForTurn").await;
    let text = scraper.get("/metrics").await.expect(200).body;
    for line in [
        "aideator_queue_waiting 1\n",
        "aideator_places_taken 1\n",
        "aideator_places_limit 1\n",
        "aideator_variations_held_up{reason=\"WaitingForTurn\"} 1\n",
        "aideator_queue_wait_seconds_bucket{outcome=\"turn\",le=\"86400\"}",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    let oldest = "aideator_queue_oldest_wait_seconds ";
    let oldest = text.lines().find_map(|line| line.strip_prefix(oldest));
    assert!(oldest.unwrap().parse::<f64>().unwrap() > 0.0, "{text}");
    let mut stream = run.user.stream(&run.path("/stream"), None).await;
    test.cluster.print(&job, b"one");
    test.cluster.complete_pod(&job);
    stream.rest().await;
    let timings = run.variation(0).await["timings"].clone();
    for step in [
        "applied",
        "started",
        "first_line",
        "first_sent",
        "ended",
        "settled",
    ] {
        assert!(
            timings[format!("{step}_at")].is_string(),
            "{step}: {timings}"
        );
    }

    let text = scraper.get("/metrics").await.expect(200).body;
    for line in [
        "aideator_queue_waiting 0\n",
        "aideator_variations{status=\"succeeded\"} 1",
        "aideator_runs{status=\"completed\"} 1",
        "aideator_runs_ended_total{status=\"completed\"}",
        "aideator_run_duration_seconds_count",
        "aideator_variation_stage_seconds_count{stage=\"first_sent\"}",
        "aideator_variations_settled_total{status=\"succeeded\",reason=\"\"}",
        "aideator_kubectl_calls_total{verb=\"apply\",outcome=\"success\"}",
        "aideator_log_stored_bytes_total",
        "route=\"/api/v1/runs/{id}/stream\"",
    ] {
        assert!(text.contains(line), "{line} in\n{text}");
    }
    assert!(!text.contains(&run.id), "no names of runs");
}
