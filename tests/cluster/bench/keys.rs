//! What 10,000 API keys cost.

use std::time::Instant;

use serde_json::json;

use super::client::percentile;
use super::row;
use super::start::micros;
use crate::support::OwnServer;

const ACCOUNTS: usize = 100;
/// So many may one account have.
const EACH: usize = 100;
const REQUESTS: usize = 2000;

pub(super) async fn measure(own: &OwnServer) {
    let few = requests(own).await;
    for _ in 0..ACCOUNTS {
        let account = own.api.new_session().await;
        for _ in 0..EACH {
            let key = json!({"name": "one of many"});
            account.post("/auth/api-keys", &key).await.expect(201);
        }
    }
    let many = requests(own).await;
    row::at_most(
        "GET /auth/me with 10,000 API keys, p50",
        many,
        &format!("{few:.2} ms with one key"),
        1.0,
        "ms",
    );
}

async fn requests(own: &OwnServer) -> f64 {
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let began = Instant::now();
        own.api.get("/auth/me").await.expect(200);
        times.push(micros(began.elapsed()));
    }
    percentile(&mut times, 50)
}
