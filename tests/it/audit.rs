//! The audit log: an entry for each security event, no secret in any, and bounds for all of them.

use std::collections::HashSet;

use aideator::auth::audit::{Entry, Event};
use aideator::auth::{Role, User, UserId};
use aideator::config::Registration;
use aideator::db::users::WayIn;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

const AUDIT: &str = "/api/v1/admin/audit";
const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";
const PASSWORD: &str = "/api/v1/auth/password";
const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

const A: &str = "a@example.com";
const B: &str = "b@example.com";
const C: &str = "c@example.com";

/// What is told, of whom, who came with what, whose account.
const TOLD: [(&str, &str, &str, &str); 26] = [
    ("account_registered", A, "", A),
    ("logged_in", A, "session", A),
    ("invitation_created", A, "session", A),
    ("invitation_created", A, "session", A),
    ("invitation_revoked", A, "session", A),
    ("invitation_used", B, "", B),
    ("account_registered", B, "", B),
    ("invitation_refused", "", "", ""),
    ("login_failed", "", "", ""),
    ("login_failed", "", "", B),
    ("logged_in", B, "session", B),
    ("api_key_created", B, "session", B),
    ("credential_stored", B, "session", B),
    ("webhook_created", B, "session", B),
    ("share_created", B, "key", B),
    ("password_refused", B, "session", B),
    ("password_changed", B, "session", B),
    ("share_revoked", B, "session", B),
    ("webhook_deleted", B, "session", B),
    ("credential_deleted", B, "session", B),
    ("api_key_revoked", B, "session", B),
    ("logged_out", B, "session", B),
    ("run_cancelled", A, "session", B),
    ("account_disabled", A, "session", B),
    ("account_enabled", A, "session", B),
    ("account_created", "", "", C),
];

/// The entries that a query gives, newest first.
async fn entries(admin: &Client, query: &str) -> Vec<Value> {
    let reply = admin.get(&format!("{AUDIT}?{query}")).await.expect(200);
    reply.json()["items"].as_array().unwrap().clone()
}

fn text(json: &Value) -> String {
    json.as_str().unwrap().to_owned()
}

/// Somebody comes in by an invitation, and somebody else does not; who came, their id, and the invitation's token.
async fn come_in(test: &TestApp, admin: &Client) -> (Client, String, String) {
    let anonymous = test.anonymous();
    let invite = async || {
        let made = admin.post("/api/v1/admin/invitations", &json!({})).await;
        made.expect(201).json()
    };
    let (used, revoked) = (invite().await, invite().await);
    let revoked = format!(
        "/api/v1/admin/invitations/{}",
        text(&revoked["invitation"]["id"])
    );
    admin.delete(&revoked).await.expect(204);
    let token = text(&used["invitation_token"]);
    let account = |password: &str| json!({"email": "b@example.com", "password": password, "invitation": token});
    let register = anonymous.post(REGISTER, &account("TestPass123")).await;
    let id = text(&register.expect(201).json()["id"]);
    anonymous
        .post(REGISTER, &account("TestPass123"))
        .await
        .expect(403);
    // Two passwords in the wrong field, and a wrong one in the right field.
    for email in ["MySecretPass1", "hunter2@example.com", "b@example.com"] {
        let attempt = json!({"email": email, "password": "WrongPass123"});
        anonymous.post(LOGIN, &attempt).await.expect(401);
    }
    (test.log_in("b@example.com").await, id, token)
}

/// What somebody did and undid who may have what opens something; all that must not be told.
async fn everything_once(test: &TestApp, admin: &Client) -> Vec<String> {
    let (user, id, token) = come_in(test, admin).await;
    let key = user
        .post("/api/v1/auth/api-keys", &json!({"name": "my-own-name"}))
        .await;
    let key = key.expect(201).json();
    let credential = json!({"kind": "provider", "token": "sk-of-a-test"});
    let stored = user
        .post("/api/v1/credentials", &credential)
        .await
        .expect(201)
        .json();
    let hook = json!({"url": "https://example.com/opens-a-channel"});
    let hook = user
        .post("/api/v1/webhooks", &hook)
        .await
        .expect(201)
        .json();
    let run = test.start_run(&user, 1).await;
    let programs = test
        .anonymous()
        .with_header("x-api-key", key["api_key"].as_str().unwrap());
    let share = programs.post(&run.path("/shares"), &json!({})).await;
    let share = share.expect(201).json();
    let change =
        |current: &str| json!({"current_password": current, "new_password": "OtherPass123"});
    user.post(PASSWORD, &change("WrongPass123"))
        .await
        .expect(403);
    user.post(PASSWORD, &change("TestPass123"))
        .await
        .expect(204);
    for path in [
        run.path(&format!("/shares/{}", text(&share["share"]["id"]))),
        format!("/api/v1/webhooks/{}", text(&hook["webhook"]["id"])),
        format!("/api/v1/credentials/{}", text(&stored["id"])),
        format!("/api/v1/auth/api-keys/{}", text(&key["key_info"]["id"])),
    ] {
        user.delete(&path).await.expect(204);
        // Nothing happens twice.
        user.delete(&path).await.expect(404);
    }
    user.post("/api/v1/auth/logout", &json!({}))
        .await
        .expect(204);
    for _ in 0..2 {
        let path = format!("/api/v1/admin/runs/{}/cancel", run.id);
        admin.post(&path, &json!({})).await.expect(202);
    }
    for verb in ["disable", "disable", "enable", "enable"] {
        let path = format!("/api/v1/admin/users/{id}/{verb}");
        admin.post(&path, &json!({})).await.expect(204);
    }
    vec![
        token,
        text(&key["api_key"]),
        text(&share["share_token"]),
        text(&hook["secret"]),
        "opens-a-channel".to_owned(),
        "sk-of-a-test".to_owned(),
        "my-own-name".to_owned(),
        "Pass123".to_owned(),
        "MySecretPass1".to_owned(),
        "mysecretpass1".to_owned(),
        "hunter2".to_owned(),
    ]
}

#[tokio::test]
async fn each_event_has_its_entry_and_no_entry_a_secret() {
    let test =
        TestApp::spawn_with(|config| config.auth.registration = Registration::Invitation).await;
    let admin = test.user("a@example.com").await;
    let secrets = everything_once(&test, &admin).await;
    let made = User {
        id: UserId::new(),
        email: C.to_owned(),
        full_name: None,
        company: None,
        role: Role::User,
        created_at: test.clock.now_ms(),
        disabled_at: None,
    };
    let entry = Entry::of_operator(Event::AccountCreated, made.created_at).about(&made.id);
    let created = test.app.db.insert_user(&made, "", &WayIn::Anybody, &entry);
    created.await.unwrap();

    let listed = admin
        .get(&format!("{AUDIT}?per_page=100"))
        .await
        .expect(200);
    for secret in &secrets {
        assert!(!listed.body.contains(secret), "{secret} in {}", listed.body);
    }
    let listed = listed.json();
    let mut all = listed["items"].as_array().unwrap().clone();
    all.reverse();
    let field = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let told: Vec<_> = all
        .iter()
        .map(|entry| {
            let credential = field(entry, "credential_id");
            let kind = credential.split('_').next().unwrap_or_default().to_owned();
            let names = [field(entry, "event"), field(entry, "actor_email")];
            (names, kind, field(entry, "account_email"))
        })
        .collect();
    let expected = TOLD.map(|(event, actor, kind, account)| {
        (
            [event.to_owned(), actor.to_owned()],
            kind.to_owned(),
            account.to_owned(),
        )
    });
    assert_eq!(told, expected);
    let events: HashSet<&str> = all.iter().map(|it| it["event"].as_str().unwrap()).collect();
    for event in Event::ALL {
        assert!(events.contains(event.as_str()), "no test has {event}");
    }
    for entry in &all {
        let by_request = entry["event"] != "account_created";
        assert_eq!(entry["address"] == "127.0.0.1", by_request, "{entry}");
        assert_eq!(entry["request_id"].is_string(), by_request, "{entry}");
    }
    let of = |event: &str| all.iter().find(|it| it["event"] == event).unwrap();
    assert_eq!(
        of("api_key_created")["detail"]["scopes"],
        "runs:read runs:create runs:cancel"
    );
    assert!(field(of("share_created"), "subject").starts_with("share_"));
    assert!(field(&of("share_created")["detail"], "run").starts_with("run-"));
    assert_eq!(of("account_registered")["detail"]["role"], "admin");
}

#[tokio::test]
async fn failed_logins_are_counted_by_the_hour_and_a_flood_of_them_is_bounded() {
    let test = TestApp::spawn_with(|config| config.http.trust_forwarded_for = true).await;
    let admin = test.user("a@example.com").await;
    // To the hour, so that no hour ends meanwhile.
    test.clock
        .advance_ms(HOUR_MS - test.clock.now_ms() % HOUR_MS);
    let attempt = async |address: &str, email: &str| {
        let attempt = json!({"email": email, "password": "WrongPass123"});
        let client = test.anonymous().with_header("x-forwarded-for", address);
        client.post(LOGIN, &attempt).await.expect(401);
    };
    for address in ["2001:db8::1", "2001:db8::2", "192.0.2.1"] {
        attempt(address, "nobody@example.com").await;
        attempt(address, "a@example.com").await;
    }
    attempt("192.0.2.1", "somebody.else@example.com").await;
    let failed = entries(&admin, "event=login_failed").await;
    let told = failed.iter().map(|it| {
        let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        (
            text("address"),
            text("account_email"),
            it["times"].as_i64().unwrap(),
        )
    });
    let expected = [
        ("192.0.2.1", "a@example.com", 1),
        ("192.0.2.1", "", 2),
        ("2001:db8::", "a@example.com", 2),
        ("2001:db8::", "", 2),
    ];
    let expected = expected.map(|(at, email, times)| (at.to_owned(), email.to_owned(), times));
    assert_eq!(told.collect::<Vec<_>>(), expected);

    test.clock.advance_ms(HOUR_MS);
    attempt("192.0.2.1", "a@example.com").await;
    assert_eq!(entries(&admin, "event=login_failed").await.len(), 5);

    // From many networks at once.
    for i in 0..300_u32 {
        let address = std::net::IpAddr::from((0x0a00_0000 + i).to_be_bytes());
        let entry = Entry {
            address: Some(address),
            network: Some(address),
            ..Entry::of_operator(Event::LoginFailed, test.clock.now_ms())
        };
        test.app.db.count_attempt(&entry).await.unwrap();
    }
    attempt("192.0.2.1", "a@example.com").await;
    let hour = aideator::clock::rfc3339(test.clock.now_ms());
    let query = format!("event=login_failed&per_page=100&from={hour}");
    let mut counted = entries(&admin, &query).await;
    counted.extend(entries(&admin, &format!("{query}&page=2")).await);
    let times = counted.iter().map(|it| it["times"].as_i64().unwrap());
    assert_eq!(times.sum::<i64>(), 302, "none is left out");
    let total = admin.get(&format!("{AUDIT}?{query}")).await.json()["total"].clone();
    assert_eq!(total, 101);
    assert!(counted[0]["address"].is_null());
    assert_eq!(counted[0]["times"], 201);
}

#[tokio::test]
async fn the_log_is_asked_by_account_event_and_time() {
    let test = TestApp::spawn().await;
    let admin = test.user("a@example.com").await;
    test.clock.advance_ms(HOUR_MS);
    let later = aideator::clock::rfc3339(test.clock.now_ms());
    let user = test.user("b@example.com").await;
    let id = user.get("/api/v1/auth/me").await.json()["id"].clone();
    let disable = format!("/api/v1/admin/users/{}/disable", id.as_str().unwrap());
    admin.post(&disable, &json!({})).await.expect(204);

    let events = async |query: String| {
        let found = entries(&admin, &query).await.into_iter();
        let events = found.map(|it| it["event"].as_str().unwrap().to_owned());
        events.collect::<Vec<_>>()
    };
    let of_user = events(format!("user={}", id.as_str().unwrap())).await;
    assert_eq!(
        of_user,
        ["account_disabled", "logged_in", "account_registered"]
    );
    let logins = events("event=logged_in".to_owned()).await;
    assert_eq!(logins.len(), 2);
    assert_eq!(events(format!("to={later}")).await.len(), 2);
    assert_eq!(events(format!("from={later}")).await.len(), 3);
    assert_eq!(
        events(format!("from={later}&event=logged_in")).await.len(),
        1
    );
    let second = events("per_page=2&page=2".to_owned()).await;
    assert_eq!(second, ["account_registered", "logged_in"]);
    for wrong in [
        "from=yesterday",
        "to=1",
        "event=nothing",
        "page=0",
        "cursor=x",
    ] {
        let reply = admin.get(&format!("{AUDIT}?{wrong}")).await;
        reply.expect_problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn old_entries_are_forgotten() {
    let test = TestApp::spawn().await;
    test.clock.advance_ms(-31 * DAY_MS);
    test.user("a@example.com").await;
    test.clock.advance_ms(31 * DAY_MS);
    let admin = test.log_in("a@example.com").await;
    assert_eq!(entries(&admin, "").await.len(), 3);
    let mut stopped = test.stop().await;
    stopped.config.storage.keep.audit_days = 30;
    let test = stopped.start().await;
    let admin = admin.at(&test);
    let forgotten = async {
        while entries(&admin, "").await.len() > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), forgotten)
        .await
        .expect("the old ones go");
    assert_eq!(entries(&admin, "").await[0]["event"], "logged_in");
}
