//! A run as a shell script: what was applied, to be applied again with kubectl alone.

use anyhow::Context as _;

use super::Runs;
use crate::credentials::RunKeys;
use crate::model::{Run, Variation, VariationKey};
use crate::templates::keys_secret_name;

/// Ends the manifest in the script.
const END: &str = "END_OF_MANIFEST";

impl Runs {
    /// A POSIX shell script that makes the run's Jobs on a cluster that has none of them.
    ///
    /// The Jobs are those that were applied, whatever is configured now. The Secret, which is not
    /// stored anywhere but in the cluster, is rendered again from the run.
    /// `None` where the result that the run starts from is not stored any more.
    pub async fn script(&self, run: &Run) -> anyhow::Result<Option<String>> {
        let Some(run) = &self.with_start(run.clone()).await? else {
            return Ok(None);
        };
        // The first attempts: the script makes the whole run.
        let first = |v: &Variation| VariationKey {
            attempt: 0,
            ..v.key
        };
        let keys: Vec<_> = run.variations.iter().map(first).collect();
        let commands = self.db.commands(run.id).await?;
        // A run whose Jobs had their turns one after the other was applied in parts.
        let applied: Vec<&str> = commands
            .iter()
            .filter(|command| command.argv.get(1).is_some_and(|verb| verb == "apply"))
            .filter_map(|command| command.stdin.as_deref())
            .flat_map(jobs_in)
            .collect();
        // What was entrusted to this server is not in the script, which asks for it.
        let none = RunKeys::default();
        let secret = self.templates.run(&self.agents, run, &[], &none);
        let mut manifest = secret.context("failed to render the Secret")?.manifest.yaml;
        let shape = RunKeys::shape(run);
        let whole = self.templates.run(&self.agents, run, &keys, &shape);
        let whole = whole.context("failed to render the Jobs")?.manifest.yaml;
        for key in &keys {
            let name = format!("\n  name: \"{}\"\n", key.job_name());
            let mut jobs = applied.iter().copied().chain(jobs_in(&whole));
            let job = jobs.find(|job| job.contains(&name));
            manifest.push_str("---\n");
            manifest.push_str(job.context("a Job was not rendered")?);
            manifest.push('\n');
        }
        let names: Vec<String> = keys.iter().map(VariationKey::job_name).collect();
        let namespace = self.kubectl.namespace();
        let mut needs = Vec::new();
        if !run.uses.provider {
            let name = &self.agents.openai_secret_name;
            needs.push((name.clone(), "--from-literal=api-key=YOUR_KEY".to_owned()));
        }
        if let (true, Some(key)) = (run.uses.any(), keys.first()) {
            needs.push((keys_secret_name(*key), own_keys(run)));
        }
        Ok(Some(script(run, &names, &manifest, namespace, &needs)))
    }
}

/// The documents of a manifest that are Jobs. No text of a user's is at the start of a line.
fn jobs_in(manifest: &str) -> impl Iterator<Item = &str> {
    manifest
        .split("\n---\n")
        .filter(|document| document.contains("\nkind: Job\n"))
        .map(str::trim_end)
}

/// How to make the Secret with what was entrusted to the server for this run.
fn own_keys(run: &Run) -> String {
    let mut options = Vec::new();
    if run.uses.git {
        // The form of git's credential helpers; see `templates`.
        let (protocol, host) = run.git_host().split_once("://").map_or_else(
            || (String::new(), String::new()),
            |(protocol, host)| (protocol.to_owned(), host.to_owned()),
        );
        options.push(format!(
            "--from-file=git-credential=FILE (FILE: lines protocol={protocol} host={host} username=YOU password=YOUR_TOKEN)"
        ));
    }
    if run.uses.provider {
        options.push("--from-literal=provider-key=YOUR_KEY".to_owned());
    }
    options.join(" ")
}

fn script(
    run: &Run,
    jobs: &[String],
    manifest: &str,
    namespace: &str,
    needs: &[(String, String)],
) -> String {
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
    let secrets: Vec<&str> = needs.iter().map(|(name, _)| name.as_str()).collect();
    let secrets = secrets.join(", ");
    let checks: Vec<String> = needs
        .iter()
        .map(|(name, options)| {
            format!(
                r#"if ! kubectl get secret {name} -n "$NAMESPACE" -o name; then
  echo "first: kubectl create secret generic {name} -n $NAMESPACE {options}" >&2
  exit 1
fi
"#
            )
        })
        .collect();
    let checks = checks.concat();
    format!(
        r#"#!/bin/sh
# Makes the Jobs of {id} again, with kubectl alone.
#   NAMESPACE={namespace} sh this-script
# It needs a cluster that kubectl reaches, the namespace, and Secrets that are not in it: {secrets}.
# An AIdeator server in that namespace deletes Jobs that it does not know: use another one.
set -eu
NAMESPACE=${{NAMESPACE:-{namespace}}}

{checks}
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
