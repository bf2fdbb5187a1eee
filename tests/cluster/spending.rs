//! A scripted model that spends, with a price: what a run may spend ends what goes on, with its work kept.

use std::time::Instant;

use serde_json::json;

use crate::support::{Follower, OwnServer, env, in_peace, sh};

/// US dollars for the run. A token costs a millionth of one.
const CEILING: f64 = 1.0;

#[tokio::test]
async fn a_run_stops_at_its_ceiling_and_how_much_over_is_printed() {
    let _peace = in_peace().await;
    let demo = sh(
        "kubectl get service aideator-demo -o jsonpath='{.spec.clusterIP}:{.spec.ports[0].port}'",
    )
    .await;
    let model = format!("http://{}/v1", String::from_utf8(demo).unwrap());
    let images = std::path::PathBuf::from(env("KUBECONFIG")).with_file_name("images/agent");
    let image = std::fs::read_to_string(images).unwrap_or_default();
    let settings = [
        ("AGENT_IMAGE", image.trim()),
        ("AGENT_MEMORY_REQUEST", "64Mi"),
        ("OPENAI_BASE_URL", model.as_str()),
        ("OPENAI_SECRET_NAME", "aideator-demo-key"),
        ("DEFAULT_MODEL", "scripted-small"),
        ("MODELS", "scripted-small|Scripted|1/1"),
    ];
    let Some(own) = OwnServer::spawn(&settings).await else {
        return;
    };
    let copy = "command kubectl get secret aideator-demo-key -n $INSTALLED -o json | \
        jq '{apiVersion, kind, metadata: {name: .metadata.name}, data}' | kubectl apply -f -";
    own.sh(&format!("INSTALLED={}\n{copy}", env("AIDEATOR_NAMESPACE")))
        .await;

    let variants: Vec<_> = ["[[scripted: slow]]", "[[scripted: spend tokens=1200000]]"]
        .map(|directive| json!({"instructions": directive}))
        .to_vec();
    let more = json!({"variants": variants, "variations": null, "github_url": own.repo(),
        "limits": {"max_run_cost_usd": CEILING, "max_cost_usd": 5.0, "max_total_tokens": 5_000_000}});
    let id = own
        .api
        .start("Do what is asked for this attempt.", 2, more)
        .await;
    let mut follower = Follower::new(&own.api, &id);
    let spends = |event: &crate::support::Event| {
        event.is("agent_output", 1)
            && String::from_utf8_lossy(&event.line()).contains("\"type\":\"usage\"")
    };
    follower.until(120, "what was spent", spends).await;
    let told = Instant::now();
    follower.read_to_end().await;
    let seconds = told.elapsed().as_secs_f64();

    let shown = own.api.run(&id).await;
    let slow = &shown["variations"][0];
    assert_eq!(slow["status"], "cancelled", "{slow}");
    assert_eq!(slow["reason"], "budget_exceeded", "{slow}");
    assert_eq!(slow["complete"], true, "its log has its last line: {slow}");
    let spent = shown["spent_usd"].as_f64().unwrap();
    assert!(spent >= CEILING, "{shown}");
    eprintln!(
        "ceiling ${CEILING}, spent ${spent:.6}: {:.0} tokens over; all stopped, with pods gone, {seconds:.1} s after \
         the usage line that reached it was streamed",
        (spent - CEILING) * 1e6
    );
}
