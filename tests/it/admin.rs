//! Admins: who is one, what they see, and whom they let in.

use aideator::auth::UserId;
use aideator::auth::audit::{Entry, Event};
use aideator::db::usage::Spending;
use aideator::db::users::Disabled;
use aideator::model::VariationKey;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

const LOGIN: &str = "/api/v1/auth/login";
const KEYS: &str = "/api/v1/auth/api-keys";
const ME: &str = "/api/v1/auth/me";

/// What an admin reads.
const LISTS: [&str; 5] = [
    "/api/v1/admin/users",
    "/api/v1/admin/usage",
    "/api/v1/admin/runs",
    "/api/v1/admin/invitations",
    "/api/v1/admin/audit",
];

async fn id_of(user: &Client) -> String {
    let me = user.get(ME).await.expect(200).json();
    me["id"].as_str().unwrap().to_owned()
}

async fn list(admin: &Client, path: &str) -> Value {
    admin.get(path).await.expect(200).json()
}

/// A client with a new key of this user.
async fn key_of(test: &TestApp, user: &Client) -> Client {
    let made = user.post(KEYS, &json!({"name": "test"})).await.expect(201);
    let key = made.json()["api_key"].as_str().unwrap().to_owned();
    test.anonymous().with_header("x-api-key", &key)
}

#[tokio::test]
async fn the_first_account_is_the_admin_and_asks_with_a_session() {
    let test = TestApp::spawn().await;
    let admin = test.user("a@example.com").await;
    let user = test.user("b@example.com").await;
    for (client, role) in [(&admin, "admin"), (&user, "user")] {
        assert_eq!(client.get(ME).await.expect(200).json()["role"], role);
    }
    let (key, id) = (key_of(&test, &admin).await, id_of(&user).await);
    let switches = ["disable", "enable"].map(|verb| format!("/api/v1/admin/users/{id}/{verb}"));
    for client in [&user, &key] {
        for path in LISTS {
            client.get(path).await.expect_problem(403, "forbidden");
        }
        for path in &switches {
            let reply = client.post(path, &json!({})).await;
            reply.expect_problem(403, "forbidden");
        }
    }
    for path in LISTS {
        let nobody = test.anonymous().get(path).await;
        nobody.expect_problem(401, "unauthorized");
        let nowhere = admin.get(&format!("{path}?page=0")).await;
        nowhere.expect_problem(422, "validation_failed");
    }

    let all = list(&admin, LISTS[0]).await;
    assert_eq!((&all["total"], &all["pages"]), (&json!(2), &json!(1)));
    let (first, second) = (&all["items"][0], &all["items"][1]);
    assert_eq!(first["email"], "b@example.com");
    assert_eq!(
        (&first["role"], &second["role"]),
        (&json!("user"), &json!("admin"))
    );
    assert!(first["last_seen_at"].is_string() && first["disabled_at"].is_null());
    assert!(first.get("password_hash").is_none());
    let second_page = list(&admin, "/api/v1/admin/users?page=2&per_page=1").await;
    assert_eq!(second_page["items"][0]["email"], "a@example.com");
}

#[tokio::test]
async fn a_disabled_account_is_let_in_nowhere_and_its_streams_end() {
    let test = TestApp::spawn().await;
    let (admin, user) = (
        test.user("a@example.com").await,
        test.user("b@example.com").await,
    );
    let (key, id) = (key_of(&test, &user).await, id_of(&user).await);
    let run = test.start_run(&user, 1).await;
    let shared = user
        .post(&run.path("/shares"), &json!({}))
        .await
        .expect(201);
    let share = shared.json()["share_token"].as_str().unwrap().to_owned();
    let guest = test.anonymous().with_header("x-share-token", &share);
    let mut streams = Vec::new();
    for client in [&user, &key, &guest] {
        streams.push(client.stream(&run.path("/stream"), None).await);
    }

    let disable = format!("/api/v1/admin/users/{id}/disable");
    for _ in 0..2 {
        admin.post(&disable, &json!({})).await.expect(204);
    }
    for stream in &mut streams {
        stream.rest().await;
    }
    let refused = async || {
        for client in [&user, &key, &guest] {
            let reply = client.get(&run.path("")).await;
            reply.expect_problem(401, "unauthorized");
        }
    };
    refused().await;
    let login = async |email: &str| {
        let account = json!({"email": email, "password": "TestPass123"});
        test.anonymous().post(LOGIN, &account).await
    };
    let known = login("b@example.com").await;
    let unknown = login("c@example.com").await;
    assert_eq!(
        known.expect_problem(401, "unauthorized").body,
        unknown.expect_problem(401, "unauthorized").body
    );
    let listed = list(&admin, LISTS[0]).await;
    assert!(listed["items"][0]["disabled_at"].is_string());

    let enable = format!("/api/v1/admin/users/{id}/enable");
    admin.post(&enable, &json!({})).await.expect(204);
    login("b@example.com").await.expect(200);
    refused().await;
}

#[tokio::test]
async fn an_admin_is_always_left() {
    let test = TestApp::spawn().await;
    let admin = test.user("a@example.com").await;
    let id = id_of(&admin).await;
    let disable = |id: &str| format!("/api/v1/admin/users/{id}/disable");
    let own = admin.post(&disable(&id), &json!({})).await;
    own.expect_problem(409, "own_account");
    let nobody = admin.post(&disable("user_0"), &json!({})).await;
    nobody.expect_problem(404, "not_found");
    // As two admins who disable each other at once would.
    let id = UserId::from_stored(id);
    let now = test.clock.now_ms();
    let entry = Entry::of_operator(Event::AccountDisabled, now);
    let left = test.app.db.disable_user(&id, now, &entry).await;
    assert_eq!(left.unwrap(), Disabled::LastAdmin);
    admin.get(ME).await.expect(200);
}

#[tokio::test]
async fn admins_see_who_used_what_and_no_prompts() {
    let test = TestApp::spawn().await;
    let (admin, user) = (
        test.user("a@example.com").await,
        test.user("b@example.com").await,
    );
    let run = test.start_run(&user, 2).await;
    let now = test.clock.now_ms();
    let spend = async |tokens: u64, usd: Option<f64>| {
        let key = VariationKey {
            run: run.id.parse().unwrap(),
            index: 0,
            attempt: 0,
        };
        let spent = test.app.db.spend(key, Spending { tokens, usd }, now).await;
        spent.unwrap();
        let used = list(&admin, "/api/v1/admin/usage?days=1").await;
        assert_eq!(used["total"], 1);
        used["items"][0].clone()
    };
    let unknown = spend(10, None).await;
    assert_eq!(unknown["email"], "b@example.com");
    assert_eq!(
        (&unknown["runs"], &unknown["tokens"]),
        (&json!(1), &json!(10))
    );
    assert!(unknown["known_cost_usd"].is_null(), "unknown is not 0");
    assert_eq!(unknown["day"], aideator::clock::date(now));
    assert_eq!(spend(20, Some(0.0)).await["known_cost_usd"], 0.0);
    let users = list(&admin, LISTS[0]).await;
    let (used, idle) = (&users["items"][0], &users["items"][1]);
    assert_eq!(
        used["today"],
        json!({"runs": 1, "tokens": 20, "known_cost_usd": 0.0})
    );
    assert_eq!((&used["runs"], &idle["runs"]), (&json!(1), &json!(0)));
    assert!(
        idle["today"]["known_cost_usd"].is_null(),
        "nothing is not 0"
    );
    let known = spend(30, Some(0.25)).await;
    assert_eq!(
        (&known["tokens"], &known["known_cost_usd"]),
        (&json!(30), &json!(0.25))
    );
    for wrong in ["days=0", "days=367", "since=0"] {
        let reply = admin.get(&format!("/api/v1/admin/usage?{wrong}")).await;
        reply.expect_problem(422, "validation_failed");
    }

    let reply = admin.get(LISTS[2]).await.expect(200);
    assert!(!reply.body.contains("README"), "a prompt is its user's");
    let seen = &reply.json()["items"][0];
    assert_eq!(seen["run_id"], run.id);
    assert_eq!(
        (&seen["email"], &seen["variations"]),
        (&json!("b@example.com"), &json!(2))
    );
    admin
        .get(&run.path(""))
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn an_admin_cancels_anybodys_run_and_its_user_is_told_who_did() {
    let test = TestApp::spawn().await;
    let (admin, user) = (
        test.user("a@example.com").await,
        test.user("b@example.com").await,
    );
    let key = key_of(&test, &user).await;
    let counted = list(&admin, LISTS[0]).await;
    assert_eq!(counted["items"][0]["api_keys"], 1);
    let run = test.start_run(&user, 1).await;
    let cancel = format!("/api/v1/admin/runs/{}/cancel", run.id);
    for client in [&user, &key] {
        let reply = client.post(&cancel, &json!({})).await;
        reply.expect_problem(403, "forbidden");
    }
    for unknown in ["run-00000000000000000000000000000000", "nothing"] {
        let path = format!("/api/v1/admin/runs/{unknown}/cancel");
        let reply = admin.post(&path, &json!({})).await;
        reply.expect_problem(404, "not_found");
    }
    admin.post(&cancel, &json!({})).await.expect(202);
    run.events().await;
    let seen = user.get(&run.path("")).await.expect(200).json();
    assert_eq!(seen["status"], "cancelled");
    assert_eq!(seen["variations"][0]["reason"], "cancelled_by_admin");
    // What has ended stays as it is.
    admin.post(&cancel, &json!({})).await.expect(202);
}
