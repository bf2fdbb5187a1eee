//! Accounts by invitation: one for each, for whom it is meant, and nothing to be learnt from a refusal.

use std::time::{Duration, Instant};

use aideator::auth::Passwords;
use aideator::config::Registration;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp};

const REGISTER: &str = "/api/v1/auth/register";
const REGISTRATION: &str = "/api/v1/auth/registration";
const INVITATIONS: &str = "/api/v1/admin/invitations";
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A server with an admin whom nobody had to invite.
async fn by_invitation() -> (TestApp, Client) {
    let test =
        TestApp::spawn_with(|config| config.auth.registration = Registration::Invitation).await;
    let admin = test.user("a@example.com").await;
    (test, admin)
}

/// The token of a new invitation, and the invitation.
async fn invite(admin: &Client, request: Value) -> (String, Value) {
    let made = admin.post(INVITATIONS, &request).await.expect(201).json();
    let token = made["invitation_token"].as_str().unwrap();
    (token.to_owned(), made["invitation"].clone())
}

async fn register(test: &TestApp, email: &str, invitation: &str) -> Reply {
    let request = json!({"email": email, "password": "TestPass123", "invitation": invitation});
    test.anonymous().post(REGISTER, &request).await
}

async fn may_register(test: &TestApp) -> Value {
    let reply = test.anonymous().get(REGISTRATION).await;
    reply.expect(200).json()["registration"].clone()
}

async fn listed(admin: &Client) -> Value {
    admin.get(INVITATIONS).await.expect(200).json()
}

#[tokio::test]
async fn the_first_account_needs_no_invitation_and_each_further_one_its_own() {
    let test =
        TestApp::spawn_with(|config| config.auth.registration = Registration::Invitation).await;
    assert_eq!(may_register(&test).await, "open");
    let admin = test.user("a@example.com").await;
    assert_eq!(may_register(&test).await, "invitation");
    let account = json!({"email": "b@example.com", "password": "TestPass123"});
    let uninvited = test.anonymous().post(REGISTER, &account).await;
    uninvited.expect_problem(403, "invitation_required");

    let (token, invitation) = invite(&admin, json!({})).await;
    assert_eq!(
        (&invitation["role"], &invitation["state"]),
        (&json!("user"), &json!("open"))
    );
    let user = register(&test, "b@example.com", &token).await.expect(201);
    assert_eq!(user.json()["role"], "user");
    let again = register(&test, "c@example.com", &token).await;
    again.expect_problem(403, "invitation_refused");

    let request = json!({"email": " D@Example.com ", "role": "admin"});
    let (token, invitation) = invite(&admin, request).await;
    assert_eq!(invitation["email"], "d@example.com");
    let user = register(&test, "d@example.com", &token).await.expect(201);
    assert_eq!(user.json()["role"], "admin");

    let all = listed(&admin).await;
    assert_eq!((&all["total"], &all["pages"]), (&json!(2), &json!(1)));
    for (item, email) in [(0, "d@example.com"), (1, "b@example.com")] {
        let item = &all["items"][item];
        assert_eq!(
            (
                &item["state"],
                &item["used_by_email"],
                &item["created_by_email"]
            ),
            (&json!("used"), &json!(email), &json!("a@example.com"))
        );
        assert!(item["used_at"].is_string());
    }
    let second_page = admin.get(&format!("{INVITATIONS}?page=2&per_page=1")).await;
    assert_eq!(second_page.json()["items"][0], all["items"][1]);

    test.app.db.close().await;
    let files = test.files();
    let holds = |text: &str| files.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(holds(invitation["prefix"].as_str().unwrap()));
    assert!(!holds(&token), "only its hash is stored");
}

#[tokio::test]
async fn one_invitation_makes_one_account_however_many_ask_at_once() {
    let (test, admin) = by_invitation().await;
    let (token, _) = invite(&admin, json!({})).await;
    let emails: Vec<String> = (0..6).map(|i| format!("guest{i}@example.com")).collect();
    let replies = join_all(emails.iter().map(|email| register(&test, email, &token))).await;
    let mut statuses: Vec<u16> = replies.iter().map(|it| it.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403, 403, 403, 403, 403]);
    let users = admin.get("/api/v1/admin/users").await.expect(200).json();
    assert_eq!(users["total"], 2);
}

#[tokio::test]
async fn a_refused_invitation_says_nothing_about_itself_or_an_account() {
    let (test, admin) = by_invitation().await;
    let (expired, _) = invite(&admin, json!({"expires_in_days": 1})).await;
    test.clock.advance_ms(DAY_MS);
    let admin = test.log_in("a@example.com").await;
    let (used, _) = invite(&admin, json!({})).await;
    register(&test, "b@example.com", &used).await.expect(201);
    let (revoked, invitation) = invite(&admin, json!({})).await;
    let path = format!("{INVITATIONS}/{}", invitation["id"].as_str().unwrap());
    for _ in 0..2 {
        admin.delete(&path).await.expect(204);
    }
    let (bound, _) = invite(&admin, json!({"email": "d@example.com"})).await;
    let unknown = format!("aid_invite_{}", "A".repeat(43));

    let mut bodies = Vec::new();
    let mut quickest = Duration::MAX;
    for token in [&expired, &used, &revoked, &bound, &unknown, "nonsense", ""] {
        // Whether the address has an account is not told either.
        for email in ["c@example.com", "b@example.com"] {
            let started = Instant::now();
            let reply = register(&test, email, token).await;
            quickest = quickest.min(started.elapsed());
            bodies.push(reply.expect_problem(403, "invitation_refused").body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    // Each took what a password's hash takes: none was refused before it.
    let passwords = Passwords::new().unwrap();
    let mut hash = Duration::MAX;
    for _ in 0..5 {
        let started = Instant::now();
        passwords.hash("TestPass123".to_owned()).await.unwrap();
        hash = hash.min(started.elapsed());
    }
    assert!(quickest > hash / 2, "{quickest:?}, a hash {hash:?}");

    // The one that is good is still good, though others and a wrong address tried it.
    let taken = invite(&admin, json!({})).await.0;
    let reply = register(&test, "b@example.com", &taken).await;
    reply.expect_problem(409, "email_taken");
    register(&test, "c@example.com", &taken).await.expect(201);
    register(&test, "D@example.com", &bound).await.expect(201);
}

#[tokio::test]
async fn an_invitation_is_made_and_revoked_by_the_rules() {
    let (test, admin) = by_invitation().await;
    for wrong in [
        json!({"email": "nobody"}),
        json!({"role": "owner"}),
        json!({"expires_in_days": 0}),
        json!({"expires_in_days": 366}),
        json!({"token": "mine"}),
    ] {
        let reply = admin.post(INVITATIONS, &wrong).await;
        reply.expect_problem(422, "validation_failed");
    }
    let (token, invitation) = invite(&admin, json!({})).await;
    register(&test, "b@example.com", &token).await.expect(201);
    let path = format!("{INVITATIONS}/{}", invitation["id"].as_str().unwrap());
    let used = admin.delete(&path).await;
    used.expect_problem(409, "invitation_used");
    let nothing = admin.delete(&format!("{INVITATIONS}/invite_0")).await;
    nothing.expect_problem(404, "not_found");
}

#[tokio::test]
async fn whom_a_disabled_admin_has_invited_does_not_come_in() {
    let (test, admin) = by_invitation().await;
    let (token, _) = invite(&admin, json!({"role": "admin"})).await;
    register(&test, "b@example.com", &token).await.expect(201);
    let other = test.log_in("b@example.com").await;
    let (token, _) = invite(&other, json!({"role": "admin"})).await;
    let me = other.get("/api/v1/auth/me").await.json();
    let disable = format!("/api/v1/admin/users/{}/disable", me["id"].as_str().unwrap());
    admin.post(&disable, &json!({})).await.expect(204);
    let reply = register(&test, "c@example.com", &token).await;
    reply.expect_problem(403, "invitation_refused");
    let states = listed(&admin).await["items"].clone();
    assert_eq!(
        (&states[0]["state"], &states[1]["state"]),
        (&json!("revoked"), &json!("used"))
    );
}

#[tokio::test]
async fn invitations_follow_what_the_operator_wants() {
    // Open: not needed, but it gives a role.
    let open = TestApp::spawn_with(|config| {
        config.http.public_url = Some("https://aideator.example.org".parse().unwrap());
    })
    .await;
    let admin = open.user("a@example.com").await;
    assert_eq!(may_register(&open).await, "open");
    let made = admin.post(INVITATIONS, &json!({"role": "admin"})).await;
    let made = made.expect(201).json();
    let token = made["invitation_token"].as_str().unwrap();
    let link = format!("https://aideator.example.org/login#invitation={token}");
    assert_eq!(made["page_url"], link);
    let wrong = register(&open, "b@example.com", "aid_invite_x").await;
    wrong.expect_problem(403, "invitation_refused");
    let user = register(&open, "b@example.com", token).await.expect(201);
    assert_eq!(user.json()["role"], "admin");

    // First: nobody could use one.
    let first = TestApp::spawn_with(|config| config.auth.registration = Registration::First).await;
    assert_eq!(may_register(&first).await, "open");
    let admin = first.user("a@example.com").await;
    assert_eq!(may_register(&first).await, "closed");
    let reply = admin.post(INVITATIONS, &json!({})).await;
    reply.expect_problem(409, "registration_closed");
    let reply = register(&first, "b@example.com", token).await;
    reply.expect_problem(403, "registration_closed");
}
