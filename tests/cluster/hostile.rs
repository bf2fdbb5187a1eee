//! A prompt that looks like anything but a prompt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Api, Follower, check_streamed, in_peace, nonce, sh, sha256, tool_output};

/// As long as a prompt may be, in characters.
const LONGEST: usize = 16_000;

/// Everything that shells, YAML, JSON, handlebars and terminals are fond of.
fn hostile(nonce: &str) -> String {
    let controls: String = (1..=0x1f_u8).chain([0x7f]).map(char::from).collect();
    let part = format!(
        "\" ' \\ \\\" `id` $(id) ${{y}} $y {{{{x}}}} {{{{{{raw}}}}}} {{{{#each a}}}} %s %n & | ; < > * ? ! # ~\n\
         ---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: made-by-a-prompt-{nonce}\n...\n\
         !!binary |\n: - ? & * |- >+\n\tTab\r\nCRLF\r{controls}\u{85}\u{a0}\u{2028}\u{2029}\u{feff}\u{202e}\u{fffd}\u{10ffff}\
         😀 👩‍👩‍👧 e\u{301} 漢字 \u{1b}[31mred\u{1b}[0m\n"
    );
    let command = "\n[[scripted: run sha256sum /run/aideator/prompt.txt && wc -m /run/aideator/prompt.txt]]\n<";
    let room = LONGEST - command.chars().count() - 1;
    let filled: String = part.chars().cycle().take(room).collect();
    let prompt = format!(">{filled}{command}");
    assert_eq!(prompt.chars().count(), LONGEST);
    prompt
}

#[tokio::test]
async fn a_hostile_prompt_arrives_byte_for_byte_and_makes_nothing_but_its_jobs() {
    let _peace = in_peace().await;
    let (api, nonce) = (Api::operator(), nonce());
    let prompt = hostile(&nonce);
    let id = api.start(&prompt, 2, json!({})).await;
    let mut follower = Follower::new(&api, &id);
    follower.read_to_end().await;
    check_streamed(&api, &id, &follower.events).await;

    let shown = api.run(&id).await;
    assert!(shown["prompt"] == prompt, "the API shows another prompt");
    for variation in 0..2 {
        let output = tool_output(&follower.events, variation);
        assert!(output.contains(&sha256(prompt.as_bytes())), "{output}");
    }
    let secret = sh(&format!(
        "kubectl get secret -l aideator.dev/run-id={id} -o json"
    ))
    .await;
    let secret: Value = serde_json::from_slice(&secret).unwrap();
    let stored = secret["items"][0]["data"]["prompt.txt"].as_str().unwrap();
    assert!(STANDARD.decode(stored).unwrap() == prompt.as_bytes());

    // Everything of any kind that carries the run's label, and everything that carries the prompt's name.
    let made = sh(&format!(
        "kinds=$(kubectl api-resources --verbs=list --namespaced -o name | grep -v '^events' | paste -sd,)
         kubectl get $kinds -l aideator.dev/run-id={id} -o jsonpath='{{range .items[*]}}{{.kind}}{{\"\\n\"}}{{end}}' | sort
         command kubectl ${{KUBE_CONTEXT:+--context $KUBE_CONTEXT}} get configmaps -A -o name | {{ grep {nonce} || true; }}"
    ))
    .await;
    let made = String::from_utf8(made).unwrap();
    assert_eq!(
        made.lines().collect::<Vec<_>>(),
        ["Job", "Job", "Pod", "Pod", "Secret"]
    );
}
