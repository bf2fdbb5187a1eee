//! Accounts, sessions and API keys.

use aideator::auth::SessionId;
use aideator::auth::audit::{Entry, Event};
use serde_json::json;

use crate::support::{Client, TestApp};

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/auth/me";
const KEYS: &str = "/api/v1/auth/api-keys";

/// Creates an API key with the fields of `request` and returns a client that uses it, and the key's id.
async fn api_key(
    user: &Client,
    anonymous: &Client,
    request: serde_json::Value,
) -> (Client, String) {
    let created = user.post(KEYS, &request).await.expect(201).json();
    let key = created["api_key"].as_str().unwrap();
    let id = created["key_info"]["id"].as_str().unwrap().to_owned();
    (anonymous.with_header("x-api-key", key), id)
}

#[tokio::test]
async fn the_first_steps_of_the_manual_work() {
    let test = TestApp::spawn().await;
    let anonymous = test.anonymous();
    let user = anonymous
        .post(
            REGISTER,
            &json!({"username": "test", "email": "Test@Example.com", "password": "TestPass123"}),
        )
        .await
        .expect(201)
        .json();
    assert_eq!(user["email"], "test@example.com");
    assert!(user["id"].as_str().unwrap().starts_with("user_"));
    assert!(user.get("password_hash").is_none());

    let login = anonymous
        .post(
            LOGIN,
            &json!({"email": "test@example.com", "password": "TestPass123"}),
        )
        .await
        .expect(200);
    let cookie = login.header("set-cookie").to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let login = login.json();
    assert_eq!(login["token_type"], "bearer");
    let token = login["access_token"].as_str().unwrap();
    let session = anonymous.with_header("authorization", &format!("Bearer {token}"));

    let request = json!({"name": "Test Key", "description": "For testing"});
    let created = session.post(KEYS, &request).await.expect(201).json();
    let key = created["api_key"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("x-api-key", key.clone()),
        ("authorization", format!("Bearer {key}")),
    ] {
        let me = anonymous
            .with_header(name, &value)
            .get(ME)
            .await
            .expect(200);
        assert_eq!(me.json(), user);
    }

    // The list shows the key without its secret, which is nowhere in the database's files either.
    let list = session.get(KEYS).await.expect(200);
    assert_eq!(list.json()[0]["name"], "Test Key");
    assert!(list.json()[0]["last_used_at"].is_string());
    assert!(!list.body.contains(&key));
    test.app.db.close().await;
    let stored = std::fs::read(&test.app.config.storage.database).unwrap();
    let holds = |text: &str| {
        stored
            .windows(text.len())
            .any(|bytes| bytes == text.as_bytes())
    };
    assert!(holds("For testing"));
    assert!(!holds(&key) && !holds("TestPass123"));
}

#[tokio::test]
async fn credentials_that_are_not_good_are_refused() {
    let test = TestApp::spawn().await;
    let anonymous = test.anonymous();
    let user = test.user("a@example.com").await;

    anonymous.get(ME).await.expect_problem(401, "unauthorized");
    for (name, value) in [
        (
            "x-api-key",
            "aid_sk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        ("x-api-key", "nonsense"),
        ("authorization", "Basic dXNlcjpwYXNz"),
        ("authorization", "Bearer nonsense"),
        ("cookie", "aideator_session=nonsense"),
    ] {
        anonymous
            .with_header(name, value)
            .get(ME)
            .await
            .expect_problem(401, "unauthorized");
    }

    let (expiring, _) = api_key(
        &user,
        &anonymous,
        json!({"name": "short", "expires_in_days": 1}),
    )
    .await;
    let (revoked, id) = api_key(&user, &anonymous, json!({"name": "revoked"})).await;
    expiring.get(ME).await.expect(200);
    revoked.get(ME).await.expect(200);
    user.delete(&format!("{KEYS}/{id}")).await.expect(204);
    user.delete(&format!("{KEYS}/{id}"))
        .await
        .expect_problem(404, "not_found");
    revoked.get(ME).await.expect_problem(401, "unauthorized");
    test.clock.advance_ms(24 * 60 * 60 * 1000);
    expiring.get(ME).await.expect_problem(401, "unauthorized");
    user.get(ME).await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn logging_out_ends_the_session_everywhere() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    user.get(ME).await.expect(200);
    let reply = user
        .post("/api/v1/auth/logout", &json!({}))
        .await
        .expect(204);
    assert!(reply.header("set-cookie").contains("Max-Age=0"));
    user.get(ME).await.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn a_cookie_changes_things_only_for_our_own_page() {
    let test = TestApp::spawn().await;
    let anonymous = test.anonymous();
    test.user("a@example.com").await;
    let account = json!({"email": "a@example.com", "password": "TestPass123"});
    let login = anonymous.post(LOGIN, &account).await.expect(200);
    let cookie = login
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let browser = anonymous.with_header("cookie", &format!("theme=dark; {cookie}"));

    browser.get(ME).await.expect(200);
    let new_key = json!({"name": "from the page"});
    browser
        .post(KEYS, &new_key)
        .await
        .expect_problem(403, "cross_site");
    let evil = browser.with_header("origin", "https://evil.example");
    evil.post(KEYS, &new_key)
        .await
        .expect_problem(403, "cross_site");
    let page = browser.with_header("origin", browser.url());
    page.post(KEYS, &new_key).await.expect(201);
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_look_the_same() {
    let test = TestApp::spawn().await;
    test.user("a@example.com").await;
    let mut bodies = Vec::new();
    for (email, password) in [
        ("a@example.com", "WrongPass123"),
        ("b@example.com", "TestPass123"),
    ] {
        let attempt = json!({"email": email, "password": password});
        let reply = test.anonymous().post(LOGIN, &attempt).await;
        bodies.push(reply.expect_problem(401, "unauthorized").body);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn logins_are_throttled_apart_from_other_requests() {
    let test = TestApp::spawn_with(|config| config.auth.login_attempts_per_minute = 2).await;
    let attempt = json!({"email": "a@example.com", "password": "WrongPass123"});
    let anonymous = test.anonymous();
    anonymous.post(LOGIN, &attempt).await.expect(401);
    anonymous.post(LOGIN, &attempt).await.expect(401);
    let reply = anonymous
        .post(LOGIN, &attempt)
        .await
        .expect_problem(429, "too_many_requests");
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    anonymous.get(ME).await.expect(401);
}

#[tokio::test]
async fn an_account_is_described_and_refused_field_by_field() {
    let test = TestApp::spawn().await;
    let anonymous = test.anonymous();
    let reply = anonymous
        .post(
            REGISTER,
            &json!({"email": "nobody", "password": "weak", "company": "x".repeat(201)}),
        )
        .await
        .expect_problem(422, "validation_failed");
    let errors = reply.json()["errors"].clone();
    let fields: Vec<_> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["loc"][1].clone())
        .collect();
    assert_eq!(fields, ["email", "password", "company"]);

    let account = json!({"email": "a@example.com", "password": "TestPass123"});
    anonymous.post(REGISTER, &account).await.expect(201);
    anonymous
        .post(REGISTER, &account)
        .await
        .expect_problem(409, "email_taken");
}

#[tokio::test]
async fn registration_can_be_closed() {
    use aideator::config::Registration;
    let account = |email: &str| json!({"email": email, "password": "TestPass123"});

    let closed =
        TestApp::spawn_with(|config| config.auth.registration = Registration::Closed).await;
    let reply = closed
        .anonymous()
        .post(REGISTER, &account("a@example.com"))
        .await;
    reply.expect_problem(403, "registration_closed");

    let first = TestApp::spawn_with(|config| config.auth.registration = Registration::First).await;
    first
        .anonymous()
        .post(REGISTER, &account("a@example.com"))
        .await
        .expect(201);
    let reply = first
        .anonymous()
        .post(REGISTER, &account("b@example.com"))
        .await;
    reply.expect_problem(403, "registration_closed");
}

#[tokio::test]
async fn an_api_key_has_the_scopes_it_was_given_and_makes_no_keys() {
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let created = user
        .post(KEYS, &json!({"name": "reader", "scopes": ["runs:read"]}))
        .await
        .expect(201)
        .json();
    assert_eq!(created["key_info"]["scopes"], json!(["runs:read"]));
    let key = test
        .anonymous()
        .with_header("x-api-key", created["api_key"].as_str().unwrap());
    key.get(ME).await.expect(200);
    key.post(KEYS, &json!({"name": "more"}))
        .await
        .expect_problem(403, "forbidden");
    key.get(KEYS).await.expect_problem(403, "forbidden");

    for request in [
        json!({"name": ""}),
        json!({"name": "x", "scopes": []}),
        json!({"name": "x", "scopes": ["runs:everything"]}),
        json!({"name": "x", "expires_in_days": 0}),
    ] {
        user.post(KEYS, &request)
            .await
            .expect_problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn a_key_of_another_account_cannot_be_revoked() {
    let test = TestApp::spawn().await;
    let owner = test.user("a@example.com").await;
    let other = test.user("b@example.com").await;
    let (key, id) = api_key(&owner, &test.anonymous(), json!({"name": "mine"})).await;
    other
        .delete(&format!("{KEYS}/{id}"))
        .await
        .expect_problem(404, "not_found");
    key.get(ME).await.expect(200);
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions_and_their_streams() {
    const PASSWORD: &str = "/api/v1/auth/password";
    let test = TestApp::spawn().await;
    let user = test.user("a@example.com").await;
    let anonymous = test.anonymous();
    let account = |password: &str| json!({"email": "a@example.com", "password": password});
    let login = anonymous.post(LOGIN, &account("TestPass123")).await;
    let token = login.expect(200).json()["access_token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let elsewhere = anonymous.with_header("authorization", &bearer);
    let run = test.start_run(&user, 1).await;
    let mut open = elsewhere.stream(&run.path("/stream"), None).await;
    let (key, _) = api_key(&user, &anonymous, json!({"name": "stays"})).await;

    let change =
        |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    key.post(PASSWORD, &change("TestPass123", "OtherPass123"))
        .await
        .expect_problem(403, "forbidden");
    user.post(PASSWORD, &change("WrongPass123", "OtherPass123"))
        .await
        .expect_problem(403, "wrong_password");
    user.post(PASSWORD, &change("TestPass123", "weak"))
        .await
        .expect_problem(422, "validation_failed");
    elsewhere.get(ME).await.expect(200);
    user.post(PASSWORD, &change("TestPass123", "OtherPass123"))
        .await
        .expect(204);

    open.rest().await;
    elsewhere.get(ME).await.expect_problem(401, "unauthorized");
    user.get(ME).await.expect(200);
    key.get(ME).await.expect(200);
    let old = anonymous.post(LOGIN, &account("TestPass123")).await;
    old.expect_problem(401, "unauthorized");
    anonymous
        .post(LOGIN, &account("OtherPass123"))
        .await
        .expect(200);
}

/// A credential that was looked at before a password was changed, or an account disabled, and that is stored
/// after it, would outlive what is said to end everything.
#[tokio::test]
async fn nothing_is_made_from_what_was_true_a_moment_ago() {
    let test = TestApp::spawn().await;
    let admin = test.user("admin@example.com").await;
    let user = test.user("a@example.com").await;
    let db = &test.app.db;
    let found = || async { db.user_by_email("a@example.com").await.unwrap().unwrap() };
    let (account, old) = found().await;
    let entry = Entry::of_operator(Event::LoggedIn, 0);
    let session = async |hash: &str| {
        let id = SessionId::new();
        let made = db.insert_session(&id, &account.id, hash, 0, i64::MAX, &entry);
        made.await.unwrap().then_some(id)
    };
    let first = session(&old).await.unwrap();
    let change = json!({"current_password": "TestPass123", "new_password": "Another-1"});
    user.post("/api/v1/auth/password", &change)
        .await
        .expect(204);
    assert_eq!(session(&old).await, None);
    let (_, new) = found().await;
    let second = session(&new).await.unwrap();
    let change = async |old: &str, session: &SessionId| {
        let change = db.change_password(&account.id, (old, "hash"), session, &entry);
        change.await.unwrap()
    };
    assert!(
        !change(&old, &second).await,
        "the password is another one by now"
    );
    assert!(!change(&new, &first).await, "the session has ended");
    let disable = format!("/api/v1/admin/users/{}/disable", account.id);
    admin.post(&disable, &json!({})).await.expect(204);
    assert_eq!(session(&new).await, None);
    assert!(!change(&new, &second).await);
}
