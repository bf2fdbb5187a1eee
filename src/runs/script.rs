//! A run as a shell script: what was applied, to be applied again with kubectl alone.

use anyhow::Context as _;

use super::Runs;
use crate::model::{Run, Variation, VariationKey};

/// Ends the manifest in the script.
const END: &str = "END_OF_MANIFEST";

impl Runs {
    /// A POSIX shell script that makes the run's Jobs on a cluster that has none of them.
    ///
    /// The Jobs are those that were applied, whatever is configured now. The Secret, which is not
    /// stored anywhere but in the cluster, is rendered again from the run.
    pub async fn script(&self, run: &Run) -> anyhow::Result<String> {
        // The first attempts: the script makes the whole run.
        let first = |v: &Variation| VariationKey {
            attempt: 0,
            ..v.key
        };
        let keys: Vec<_> = run.variations.iter().map(first).collect();
        let commands = self.db.commands(run.id).await?;
        let applied = commands
            .iter()
            .find(|command| command.argv.get(1).is_some_and(|verb| verb == "apply"))
            .and_then(|command| command.stdin.as_deref()?.split_once("\n---\n"));
        let render = |keys| self.templates.run(&self.agents, run, keys);
        let manifest = if let Some((_, jobs)) = applied {
            let secret = render(&[]).context("failed to render the Secret")?;
            format!("{}---\n{jobs}", secret.manifest.yaml)
        } else {
            let rendered = render(&keys).context("failed to render the Jobs")?;
            rendered.manifest.yaml
        };
        let namespace = self.kubectl.namespace();
        let jobs: Vec<String> = keys.iter().map(VariationKey::job_name).collect();
        Ok(script(
            run,
            &jobs,
            &manifest,
            namespace,
            &self.agents.openai_secret_name,
        ))
    }
}

fn script(run: &Run, jobs: &[String], manifest: &str, namespace: &str, key_secret: &str) -> String {
    let id = run.id;
    // Every text of a user's is a JSON string or base64 on a line with its key, so no line is the
    // end of the document. Should that ever change, the end changes, too.
    let mut end = END.to_owned();
    while manifest.lines().any(|line| line == end) {
        end.push('_');
    }
    let follow: Vec<String> = jobs
        .iter()
        .map(|job| format!("  kubectl logs -f --timestamps job/{job} -c agent -n $NAMESPACE\n"))
        .collect();
    let follow = follow.concat();
    let names = jobs.join(" ");
    format!(
        r#"#!/bin/sh
# Makes the Jobs of {id} again, with kubectl alone.
#   NAMESPACE={namespace} sh this-script
# It needs a cluster that kubectl reaches, the namespace, and the Secret {key_secret} with the model's
# key in it. An AIdeator server in that namespace deletes Jobs that it does not know: use another one.
set -eu
NAMESPACE=${{NAMESPACE:-{namespace}}}

if ! kubectl get secret {key_secret} -n "$NAMESPACE" -o name; then
  echo "first: kubectl create secret generic {key_secret} -n $NAMESPACE --from-literal=api-key=YOUR_KEY" >&2
  exit 1
fi

kubectl apply --server-side --force-conflicts --field-manager aideator --validate=strict -n "$NAMESPACE" -f - <<'{end}'
{manifest}{end}

cat <<HELP
follow:
{follow}watch:
  kubectl get pods -l aideator.dev/run-id={id} -n $NAMESPACE -w
remove:
  kubectl delete job {names} -n $NAMESPACE
  kubectl delete secret agent-{id} -n $NAMESPACE
HELP
"#
    )
}
