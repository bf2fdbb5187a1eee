//! Commands as a person types them.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests are about what kubectl, git and curl say on this host"
)]

use std::process::{Output, Stdio};

use super::{env, within};

/// kubectl as these tests mean it: the cluster and the namespace of `.cluster/env`.
const PREAMBLE: &str = r#"set -euo pipefail
kubectl() { command kubectl ${KUBE_CONTEXT:+--context "$KUBE_CONTEXT"} --namespace "$AIDEATOR_NAMESPACE" "$@"; }
"#;

/// Runs a bash script at the project's root; what it printed, byte for byte. It must succeed within two minutes.
#[track_caller]
pub(crate) fn sh(script: &str) -> impl Future<Output = Vec<u8>> {
    let (script, caller) = (script.to_owned(), std::panic::Location::caller());
    async move {
        let output = try_sh(&script).await;
        assert!(
            output.status.success(),
            "{script}\n{}{}{}\n({caller})",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        output.stdout
    }
}

/// The same, whatever it exits with.
pub(crate) async fn try_sh(script: &str) -> Output {
    try_sh_for(120, script).await
}

/// The same, within so many seconds.
pub(crate) async fn try_sh_for(seconds: u64, script: &str) -> Output {
    let command = tokio::process::Command::new("bash")
        .arg("-c")
        .arg(format!("{PREAMBLE}{script}"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("AIDEATOR_NAMESPACE", env("AIDEATOR_NAMESPACE"))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    within(seconds, script, command).await.unwrap()
}
