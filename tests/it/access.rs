//! Who may do what: every endpoint of the OpenAPI file, asked with every kind of credential.

#![expect(
    clippy::disallowed_methods,
    reason = "the cluster's hand is not the server's task; the environment says whether to write"
)]

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Run, TOKEN, TestApp};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md");
const PATCH: &str = "diff --git a/a.txt b/a.txt\nnew file mode 100644\n--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+one\n";
const HEAD: &str = "# Access

What each endpoint answers to each kind of credential, asked for a run that has ended. Written and held by
`tests/it/access.rs`; after a change `UPDATE_ACCESS=1 cargo test -p aideator --test it access` writes it anew.

- **other**: a key with all scopes, of another account.
- **other session**: that account, logged in; it is no admin.
- **read**, **create**, **cancel**: the owner's keys with the scope `runs:read`, `runs:create` or `runs:cancel` alone. Where
  the key may change a run and not read it, 204 stands for the answer that it does not get.
- **other share**: a share link of another run.
- **share**: a share link of the run.
- **key**: the owner's key with all scopes.
- **session**: the owner, logged in; an admin, as the first account is.

";

struct World {
    test: TestApp,
    run: Run,
    /// By name, in the order of the columns.
    clients: Vec<(&'static str, Client)>,
    asked: usize,
    /// The id of an account that nobody here uses.
    third: String,
}

async fn key(user: &Client, anonymous: &Client, more: &Value) -> (Client, String) {
    let mut request = json!({"name": "k"});
    let fields = more.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(fields);
    let made = user.post("/api/v1/auth/api-keys", &request).await;
    let made = made.expect(201).json();
    let client = anonymous.with_header("x-api-key", made["api_key"].as_str().unwrap());
    (client, made["key_info"]["id"].as_str().unwrap().to_owned())
}

/// Whoever has a new share link of the run.
async fn share_of(anonymous: &Client, run: &Run, owner: &Client) -> Client {
    let share = owner.post(&run.path("/shares"), &json!({})).await;
    let share = share.expect(201).json();
    anonymous.with_header("x-share-token", share["share_token"].as_str().unwrap())
}

impl World {
    async fn new() -> Self {
        let test = TestApp::spawn_with(|config| {
            config.auth.rate_limit_per_minute = u32::MAX;
            config.auth.login_attempts_per_minute = u32::MAX;
        })
        .await;
        let run = test.printed([PATCH, PATCH]).await;
        let anonymous = test.anonymous();
        let (expired, _) = key(&run.user, &anonymous, &json!({"expires_in_days": 1})).await;
        test.clock.advance_ms(2 * 24 * 3600 * 1000);
        let owner = session(&anonymous, "a@example.com").await;
        let (revoked, id) = key(&owner, &anonymous, &json!({})).await;
        owner
            .delete(&format!("/api/v1/auth/api-keys/{id}"))
            .await
            .expect(204);
        let third = test.user("c@example.com").await;
        let third = third.get("/api/v1/auth/me").await;
        let stranger = test.user("b@example.com").await;
        let (other, _) = key(&stranger, &anonymous, &json!({})).await;
        let (read, _) = key(&owner, &anonymous, &json!({"scopes": ["runs:read"]})).await;
        let (create, _) = key(&owner, &anonymous, &json!({"scopes": ["runs:create"]})).await;
        let (cancel, _) = key(&owner, &anonymous, &json!({"scopes": ["runs:cancel"]})).await;
        let (all, _) = key(&owner, &anonymous, &json!({})).await;
        let share = share_of(&anonymous, &run, &owner).await;
        let second = test.start_run(&owner, 1).await;
        let other_share = share_of(&anonymous, &second, &owner).await;
        let pick = json!({"winning_variation_id": 0});
        owner.post(&run.path("/select"), &pick).await.expect(200);
        let wrong = anonymous.with_header("x-api-key", &format!("aid_sk_{}", "A".repeat(43)));
        let clients = vec![
            ("none", anonymous.clone()),
            ("wrong", wrong),
            ("expired", expired),
            ("revoked", revoked),
            ("other", other),
            ("other session", stranger),
            ("read", read),
            ("create", create),
            ("cancel", cancel),
            ("other share", other_share),
            ("share", share),
            ("key", all),
            ("session", owner.clone()),
        ];
        let run = Run { user: owner, ..run };
        Self {
            test,
            run,
            clients,
            asked: 0,
            third: third.json()["id"].as_str().unwrap().to_owned(),
        }
    }

    /// The address of something that is there: what a request may delete is made for it.
    async fn address(&self, path: &str) -> String {
        let made = |what: &'static str, body: Value| async move {
            let reply = self.run.user.post(what, &body).await;
            reply.json()
        };
        let path = path.replace(
            "{variation}",
            if path.ends_with("/retry") { "2" } else { "0" },
        );
        if let Some((before, "")) = path.split_once("{share}") {
            let share = self
                .run
                .user
                .post(&self.run.path("/shares"), &json!({}))
                .await
                .json();
            let before = before.replace("{id}", &self.run.id);
            return format!("{before}{}", share["share"]["id"].as_str().unwrap());
        }
        let id = match &*path {
            "/api/v1/auth/api-keys/{id}" => {
                let made = made("/api/v1/auth/api-keys", json!({"name": "k"})).await;
                made["key_info"]["id"].as_str().unwrap().to_owned()
            }
            "/api/v1/credentials/{id}" => {
                let credential = json!({"kind": "provider", "token": "sk-of-a-test"});
                let made = made("/api/v1/credentials", credential).await;
                made["id"].as_str().unwrap().to_owned()
            }
            "/api/v1/admin/invitations/{id}" => {
                let made = made("/api/v1/admin/invitations", json!({})).await;
                made["invitation"]["id"].as_str().unwrap().to_owned()
            }
            _ if path.starts_with("/api/v1/webhooks/") => {
                // There may be so many, so each is used until it is deleted.
                let there = self.run.user.get("/api/v1/webhooks").await.json();
                if let Some(id) = there[0]["id"].as_str() {
                    return path.replace("{id}", id);
                }
                let made = made("/api/v1/webhooks", webhook()).await;
                made["webhook"]["id"].as_str().unwrap().to_owned()
            }
            _ if path.starts_with("/api/v1/admin/users/") => self.third.clone(),
            _ if path.starts_with("/api/v1/runs/") || path.starts_with("/api/v1/admin/runs/") => {
                self.run.id.clone()
            }
            _ => "nothing".to_owned(),
        };
        path.replace("{id}", &id)
    }

    /// A body that is good.
    fn body(&mut self, path: &str) -> Value {
        self.asked += 1;
        match path.strip_prefix("/api/v1").unwrap_or(path) {
            "/auth/register" => {
                json!({"email": format!("new{}@example.com", self.asked), "password": "TestPass123"})
            }
            "/auth/login" => json!({"email": "a@example.com", "password": "TestPass123"}),
            "/auth/password" => {
                json!({"current_password": "TestPass123", "new_password": "TestPass123"})
            }
            "/auth/api-keys" => json!({"name": "k"}),
            "/credentials" => json!({"kind": "provider", "token": "sk-of-a-test"}),
            "/webhooks" => webhook(),
            "/runs" => self.test.run_request(1),
            "/runs/{id}/publish" => {
                json!({"branch": "b", "git_credential": {"username": "me", "token": TOKEN}})
            }
            "/runs/{id}/select" => json!({"winning_variation_id": 0}),
            _ => json!({}),
        }
    }

    /// Waits for the end of the run's judge or publisher.
    async fn ended(&self, agent: &str) {
        let path = self.run.path(&format!("/stream?variation={agent}"));
        self.run.user.stream(&path, None).await.rest().await;
    }

    async fn status(&mut self, method: &Method, path: &str, column: usize) -> u16 {
        let (name, client) = self.clients[column].clone();
        let client = match (path, name) {
            // It ends its session.
            ("/api/v1/auth/logout", "session") => {
                session(&self.test.anonymous(), "a@example.com").await
            }
            ("/api/v1/auth/logout", "other session") => {
                session(&self.test.anonymous(), "b@example.com").await
            }
            _ => client,
        };
        let mut address = self.address(path).await;
        if path == "/api/v1/repos/check" {
            address = format!("{address}?url={}", self.test.repo);
        }
        let body = self.body(path);
        let body = (*method == Method::POST).then(|| body.to_string());
        let reply = client.send(method.clone(), &address, body).await;
        // What was begun comes to its end, for whoever is next.
        if path.ends_with("/retry") || path.ends_with("/cancel") {
            self.run.events().await;
        }
        if path.ends_with("/judge") && reply.status == 202 {
            self.ended("255").await;
        }
        if path.ends_with("/publish") && reply.status.is_success() {
            self.ended("254").await;
        }
        reply.status.as_u16()
    }
}

/// One that resolves without asking anybody, and is sent nothing.
fn webhook() -> Value {
    json!({"url": "https://localhost/"})
}

async fn session(anonymous: &Client, email: &str) -> Client {
    let account = json!({"email": email, "password": "TestPass123"});
    let login = anonymous.post("/api/v1/auth/login", &account).await;
    let token = login.expect(200).json();
    let token = token["access_token"].as_str().unwrap();
    anonymous.with_header("authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn every_endpoint_answers_each_credential_as_the_table_says() {
    let openapi: Value = serde_json::from_str(&aideator::api::docs::file().unwrap()).unwrap();
    let mut world = World::new().await;
    let hand = tokio::spawn(world.test.cluster.clone().complete_every_job());
    let names: Vec<&str> = world.clients.iter().map(|(name, _)| *name).collect();
    let mut table = format!("{HEAD}| endpoint | {} |\n", names.join(" | "));
    writeln!(table, "|---|{}", "---|".repeat(names.len())).unwrap();
    for (path, operations) in openapi["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            write!(table, "| {method} `{path}` |").unwrap();
            for (column, name) in names.iter().enumerate() {
                let asked = world.status(&method, path, column);
                let Ok(status) = tokio::time::timeout(Duration::from_secs(30), asked).await else {
                    panic!("no end: {method} {path} as {name}");
                };
                write!(table, " {status} |").unwrap();
            }
            table.push('\n');
        }
    }
    hand.abort();
    if std::env::var_os("UPDATE_ACCESS").is_some() {
        std::fs::write(FILE, &table).unwrap();
    }
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        committed == table,
        "docs/access.md is not what the server does; its head says how to write it anew:\n{table}"
    );
}
