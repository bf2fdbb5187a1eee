//! From no account to a first stream, typed as the documentation says, with curl and jq.

use serde_json::Value;

use crate::support::{in_peace, nonce, sh};

/// Each command once, in a shell that keeps what the later ones need.
const CHECKLIST: &str = r#"
# Health
curl -s $AIDEATOR_URL/api/v1/health | jq -c

# Registration
curl -s -X POST $AIDEATOR_URL/api/v1/auth/register \
  -H "Content-Type: application/json" \
  -d '{"username": "test", "email": "'$EMAIL'", "password": "TestPass123"}' | jq -c

# Login, by email
LOGIN=$(curl -s -X POST $AIDEATOR_URL/api/v1/auth/login \
  -H "Content-Type: application/json" \
  -d '{"email": "'$EMAIL'", "password": "TestPass123"}' | jq -c)
echo "$LOGIN"
TOKEN=$(jq -r .access_token <<<"$LOGIN")

# An API key
KEY=$(curl -s -X POST $AIDEATOR_URL/api/v1/auth/api-keys \
  -H "Authorization: Bearer $TOKEN" \
  -H "Content-Type: application/json" \
  -d '{"name": "Test Key", "description": "For testing"}' | jq -c)
echo "$KEY"
API_KEY=$(jq -r .api_key <<<"$KEY")

# A run
RUN=$(curl -s -X POST $AIDEATOR_URL/api/v1/runs \
  -H "X-API-Key: $API_KEY" \
  -H "Content-Type: application/json" \
  -d '{"github_url": "'$AIDEATOR_DEMO_REPO'", "prompt": "Add README", "variations": 1}' | jq -c)
echo "$RUN"
RUN_ID=$(jq -r .run_id <<<"$RUN")

# Its stream
timeout 60 curl -sN -H "X-API-Key: $API_KEY" \
  $AIDEATOR_URL/api/v1/runs/${RUN_ID}/stream | grep -E "(event:|data:)"
"#;

#[tokio::test]
async fn the_checklist_of_the_documentation_works_command_by_command() {
    let _peace = in_peace().await;
    let email = format!("{}@example.com", nonce());
    let printed = sh(&format!("EMAIL={email}\n{CHECKLIST}")).await;
    let printed = String::from_utf8(printed).unwrap();
    let mut lines = printed.lines();
    let mut answer = || -> Value { serde_json::from_str(lines.next().unwrap()).unwrap() };

    let health = answer();
    assert_eq!(health["status"], "healthy", "{health}");
    let user = answer();
    assert_eq!(user["email"], email, "{user}");
    let login = answer();
    assert_eq!(login["token_type"], "bearer", "{login}");
    let key = answer();
    assert!(key["api_key"].as_str().unwrap().starts_with("aid_sk_"));
    assert_eq!(key["key_info"]["name"], "Test Key");
    let run = answer();
    assert_eq!(run["status"], "accepted", "{run}");

    let stream: Vec<&str> = lines.collect();
    assert_eq!(stream[0], "event: heartbeat");
    let events = |name: &str| {
        stream
            .iter()
            .filter(|line| line[..] == format!("event: {name}"))
            .count()
    };
    assert!(events("agent_output") > 10, "{printed}");
    assert_eq!(events("agent_complete"), 1, "{printed}");
    assert_eq!(stream[stream.len() - 2], "event: run_complete", "{printed}");
}
