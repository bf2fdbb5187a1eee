//! Installing, upgrading, rolling back and uninstalling, as somebody who is admin of one namespace and of nothing else.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Api, Event, Follower, env, in_peace, nonce, sh, try_sh_for, within};

/// A namespace that enforces Pod Security "restricted", a volume for it, and a kubeconfig of its admin.
const PREPARE: &str = r#"
cat <<END | command kubectl ${KUBE_CONTEXT:+--context $KUBE_CONTEXT} apply -f -
apiVersion: v1
kind: Namespace
metadata:
  name: $NS
  labels: {pod-security.kubernetes.io/enforce: restricted}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: $NS}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: $NS
  local: {path: $DIR/volume}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: Exists}]}]}}
END
k() { command kubectl ${KUBE_CONTEXT:+--context $KUBE_CONTEXT} -n $NS "$@"; }
k create serviceaccount admin
k create rolebinding admin --clusterrole=admin --serviceaccount=$NS:admin
token=$(k create token admin --duration=1h)
k config view --raw --minify --flatten -o json |
  jq --arg token "$token" '.users = [{name: "sa", user: {token: $token}}] | .contexts[0].context.user = "sa"' >$DIR/kubeconfig
# The API server learns of a binding a moment after it was made.
for _ in $(seq 100); do
  ! KUBECONFIG=$DIR/kubeconfig k auth can-i create roles >/dev/null 2>&1 || break
  sleep 0.1
done
"#;

/// Waits for the server and the git server, and prints the former's address. The node learns of a Service's address a
/// moment after its pod is ready.
const WAIT: &str = r"
kubectl rollout status deployment/aideator --timeout=90s >/dev/null
kubectl rollout status deployment/aideator-demo --timeout=90s >/dev/null
git=$(kubectl get service aideator-demo -o jsonpath='{.spec.clusterIP}:{.spec.ports[0].port}')
curl -fsS -o /dev/null --retry 60 --retry-delay 1 --retry-all-errors http://$git/healthz 2>/dev/null
kubectl get service aideator -o jsonpath='{.spec.clusterIP}'
";

/// The chart before its latest change; none where the history is not here.
const PREVIOUS: &str = r#"
before=$(git log -1 --skip=1 --format=%H -- charts/aideator/templates charts/aideator/values.yaml || true)
[ -z "$before" ] || git archive "$before" charts | tar -x -C $DIR
"#;

struct Place {
    namespace: String,
    dir: TempDir,
}

impl Place {
    async fn new() -> Option<Self> {
        let state = PathBuf::from(env("KUBECONFIG")).with_file_name("");
        if !state.join("pod-logs").exists() {
            eprintln!("not run: it needs the cluster of scripts/cluster on this machine");
            return None;
        }
        let word = nonce();
        let namespace = format!("install-{}", &word[word.len() - 12..]);
        let dir = tempfile::tempdir_in(state).unwrap();
        std::fs::create_dir(dir.path().join("volume")).unwrap();
        let place = Self { namespace, dir };
        sh(&format!("{}{PREPARE}", place.variables())).await;
        Some(place)
    }

    fn variables(&self) -> String {
        let dir = self.dir.path().display();
        format!("NS={} DIR={dir}\n", self.namespace)
    }

    /// A script of the namespace's admin.
    async fn admin(&self, script: &str) -> String {
        let script = format!(
            "{}export AIDEATOR_NAMESPACE=$NS KUBECONFIG=$DIR/kubeconfig HELM_KUBECONTEXT=$KUBE_CONTEXT\n{script}",
            self.variables()
        );
        String::from_utf8(sh(&script).await).unwrap()
    }

    /// `helm upgrade --install` of the chart below a directory, with one of its values files and more settings.
    async fn helm(&self, charts: &str, values: &str, settings: &str) {
        let state = PathBuf::from(env("KUBECONFIG")).with_file_name("images");
        let image = |name: &str| {
            let text = std::fs::read_to_string(state.join(name)).unwrap();
            text.trim().to_owned()
        };
        let (repository, tag) = image("api")
            .rsplit_once(':')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let script = format!(
            "helm upgrade --install aideator {charts}/aideator -n $NS -f {charts}/values/{values}.yaml \
             --set-string image.repository={repository},image.tag={tag},agents.image={},demo.image={} \
             --set demo.enabled=true,server.registration=open,server.resources.requests.cpu=50m \
             --set persistence.keep=false,persistence.size=1Gi,persistence.storageClass=$NS \
             --set agents.resources.requests.cpu=50m,agents.resources.requests.memory=64Mi {settings}",
            image("agent"),
            image("demo")
        );
        self.admin(&script).await;
    }

    /// The server, when it answers: a Service takes a moment more than its pod.
    async fn ready(&self) -> Api {
        let api = Api::at(&format!("http://{}:8000", self.admin(WAIT).await), None);
        let answers = async {
            // Not just any answer: before the Service's address is known on the node, whoever is behind its gateway may give one.
            while api.try_get("/health").await != Some(200) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        within(30, "the server answers", answers).await;
        api
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let script = format!(
            "kubectl ${{KUBE_CONTEXT:+--context $KUBE_CONTEXT}} delete namespace/{0} namespace/{0}-agents pv/{0} --ignore-not-found --wait=false",
            self.namespace
        );
        #[expect(
            clippy::disallowed_methods,
            reason = "nothing asynchronous runs in a drop"
        )]
        let _ = std::process::Command::new("bash")
            .args(["-c", &script])
            .stdout(std::process::Stdio::null())
            .status();
    }
}

#[tokio::test]
async fn an_admin_of_a_namespace_installs_upgrades_rolls_back_and_leaves_nothing() {
    let _peace = in_peace().await;
    let Some(place) = Place::new().await else {
        return;
    };
    place.admin(PREVIOUS).await;
    let previous = place.dir.path().join("charts");
    let previous = if previous.exists() {
        previous.display().to_string()
    } else {
        eprintln!("there is no history here: upgrading from the same chart");
        "charts".to_owned()
    };
    place.helm(&previous, "production", "").await;
    let api = place.ready().await.new_account().await;
    let key = place
        .admin("kubectl get secret aideator-secret -o jsonpath='{.data}'")
        .await;
    let repo = "http://aideator-demo:8080/git/parse-duration.git";
    let body = json!({"github_url": repo, "prompt": "[[scripted: say lines=450 rate=15]]", "variations": 2});
    let run = api.post("/runs", &body).await.expect(202).json()["run_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut follower = Follower::new(&api, &run);
    follower.until_lines(2, 20).await;

    // Upgraded in mid-run: the new server adopts what runs.
    place.helm("charts", "production", "").await;
    place.ready().await;
    let shown = api.run(&run).await;
    assert_eq!(shown["status"], "running", "the upgrade was not in mid-run");
    check_backup(&place, &run).await;
    follower.read_to_end().await;
    assert_eq!(api.run(&run).await["status"], "completed");
    check_logs(&api, &run, &follower, &place).await;
    let kept = place
        .admin("kubectl get secret aideator-secret -o jsonpath='{.data}'")
        .await;
    assert_eq!(kept, key, "upgrades keep the key that signs sessions");

    // Rolled back: the runs are still there.
    place
        .admin("helm rollback aideator 1 -n $NS --wait --timeout 90s")
        .await;
    place.ready().await;
    assert_eq!(api.run(&run).await["status"], "completed");

    // docs/operations.md, "Uninstall".
    place.admin("helm uninstall aideator -n $NS --wait --timeout 90s\nkubectl delete jobs,secrets -l app.kubernetes.io/managed-by=aideator --wait").await;
    let gone = async {
        loop {
            let left = left_over(&place).await;
            if left.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    within(60, "nothing of ours is left", gone).await;
}

#[tokio::test]
async fn staging_installs_and_runs_an_agent() {
    let _peace = in_peace().await;
    let Some(place) = Place::new().await else {
        return;
    };
    place.helm("charts", "staging", "").await;
    let api = place.ready().await.new_account().await;
    let repo = "http://aideator-demo:8080/git/parse-duration.git";
    let body = json!({"github_url": repo, "prompt": "[[scripted: answer done]]", "variations": 1});
    let accepted = api.post("/runs", &body).await.expect(202).json();
    let run = accepted["run_id"].as_str().unwrap();
    Follower::new(&api, run).read_to_end().await;
    assert_eq!(api.run(run).await["status"], "completed");
}

/// A second namespace for the agents, and what charts/values/everything.yaml says is there.
const EVERYTHING: &str = r#"
k() { command kubectl ${KUBE_CONTEXT:+--context $KUBE_CONTEXT} "$@"; }
k create namespace $NS-agents
k label namespace $NS-agents pod-security.kubernetes.io/enforce=restricted
k -n $NS-agents create rolebinding admin --clusterrole=admin --serviceaccount=$NS:admin
# Who may limit agents is not their namespace's admin.
k -n $NS-agents create role limits --verb='*' --resource=resourcequotas,limitranges
k -n $NS-agents create rolebinding limits --role=limits --serviceaccount=$NS:admin
k -n $NS create secret generic otel-headers --from-literal=headers=authorization=none
for _ in $(seq 100); do
  ! KUBECONFIG=$DIR/kubeconfig k -n $NS-agents auth can-i create roles >/dev/null 2>&1 || break
  sleep 0.1
done
"#;

/// Without the kinds of the Prometheus operator and the Gateway API, which the cluster has not.
#[tokio::test]
async fn everything_switched_on_installs_and_agents_wait_for_their_queue() {
    let _peace = in_peace().await;
    let Some(place) = Place::new().await else {
        return;
    };
    sh(&format!("{}{EVERYTHING}", place.variables())).await;
    let settings = "--set agents.namespace=$NS-agents,metrics.serviceMonitor.enabled=false \
        --set metrics.rules.enabled=false,httpRoute.enabled=false";
    place.helm("charts", "everything", settings).await;
    let api = place.ready().await.new_account().await;
    let repo = format!(
        "http://aideator-demo.{}.svc:8080/git/parse-duration.git",
        place.namespace
    );
    let body = json!({"github_url": repo, "prompt": "Wait for your queue.", "variations": 2});
    let accepted = api.post("/runs", &body).await.expect(202).json();
    let run = accepted["run_id"].as_str().unwrap();
    let mut held = 0;
    Follower::new(&api, run)
        .until(60, "both agents held by their queue", |event| {
            held += usize::from(event.data["reason"] == "JobSuspended");
            held == 2
        })
        .await;
    let jobs = "kubectl -n $NS-agents get jobs -l kueue.x-k8s.io/queue-name=agents \
        -o jsonpath='{.items[*].spec.template.spec.runtimeClassName}'";
    assert_eq!(place.admin(jobs).await, "gvisor gvisor");
    let here = "kubectl get jobs -o name";
    assert_eq!(place.admin(here).await, "", "agents have their namespace");
    api.delete(&format!("/runs/{run}")).await.expect(202);
}

/// What is in the namespace but for what Kubernetes and this test put there.
async fn left_over(place: &Place) -> String {
    let script = r"
kinds=$(kubectl api-resources --verbs=list --namespaced -o name | grep -vE '^(events|endpoints$|controllerrevisions)' | paste -sd,)
kubectl get $kinds --ignore-not-found -o name |
  { grep -vxE 'configmap/kube-root-ca.crt|serviceaccount/(default|admin)|rolebinding.rbac.authorization.k8s.io/admin|event.*' || true; }";
    let script = format!("AIDEATOR_NAMESPACE={}\n{script}", place.namespace);
    String::from_utf8(sh(&script).await).unwrap()
}

/// What was streamed over the upgrade is what kubectl prints, and the server says so itself.
async fn check_logs(api: &Api, run: &str, follower: &Follower, place: &Place) {
    for index in 0..2 {
        let streamed: Vec<u8> = follower
            .events
            .iter()
            .filter(|event| event.is("agent_output", index))
            .flat_map(Event::line)
            .collect();
        let printed = place
            .admin(&format!("kubectl logs job/agent-{run}-{index}"))
            .await;
        assert!(
            streamed == printed.as_bytes(),
            "{} bytes were streamed, {} printed",
            streamed.len(),
            printed.len()
        );
        let verify = format!("/runs/{run}/variations/{index}/verify");
        let verified = api.get(&verify).await.expect(200).json();
        assert_eq!(verified["verdict"], "identical", "{verified}");
        assert_eq!(verified["complete"], "yes", "{verified}");
    }
}

/// docs/operations.md, "Back up": in mid-run, and what comes of it is whole.
async fn check_backup(place: &Place, run: &str) {
    place.admin("kubectl exec deployment/aideator -- aideator backup >$DIR/backup.tar\ntar -xf $DIR/backup.tar -C $DIR\ncd $DIR/aideator-backup && sha256sum --quiet -c SHA256SUMS").await;
    let kept = place.dir.path().join("aideator-backup");
    assert!(kept.join("aideator.db").exists());
    for index in 0..2 {
        let log = std::fs::read_to_string(kept.join(format!("logs/{run}/{index}.log"))).unwrap();
        assert!(log.ends_with('\n') && log.lines().count() >= 20, "{log}");
    }
}

/// The pod of a Job, with everything out of it that is a name or differs by nature.
fn comparable(job: &Value, more: &[&str]) -> Value {
    let mut pod = job["spec"]["template"]["spec"].clone();
    let container = &mut pod["containers"][0];
    let env = container["env"].as_array_mut().unwrap();
    // Which run it is, and where the prompt comes from: a file, or the environment.
    env.retain(|var| {
        !["RUN_ID", "VARIATION_ID", "REPO_URL", "BASE_SHA", "PROMPT"]
            .contains(&var["name"].as_str().unwrap())
    });
    container["volumeMounts"]
        .as_array_mut()
        .unwrap()
        .retain(|mount| mount["name"] != "input");
    pod["volumes"]
        .as_array_mut()
        .unwrap()
        .retain(|volume| volume["name"] != "input");
    let annotations = job["spec"]["template"]["metadata"]["annotations"].clone();
    let spec: Vec<&Value> = more.iter().map(|field| &job["spec"][field]).collect();
    json!({"pod": pod, "annotations": annotations, "job": spec})
}

/// The chart's agent-job-dev-test and the server's Jobs, the latter as the server would make them with the settings
/// that the chart gives it.
#[tokio::test]
async fn the_chart_and_the_server_make_the_same_pod() {
    let _peace = in_peace().await;
    let render = r#"
git=http://$(kubectl get service aideator-demo -o jsonpath='{.spec.clusterIP}'):8080
helm template aideator charts/aideator -n aideator --kube-version 1.34.0 -f charts/values/everything.yaml \
  --set "server.allowedGitHosts={$git}" --set agents.image=aideator-agent:x --set agents.kueueQueue= \
  --set metrics.serviceMonitor.enabled=false,metrics.rules.enabled=false,httpRoute.enabled=false |
  command kubectl create --dry-run=client --validate=false -o json -f - | jq -s . >$DIR/chart.json
jq -r '[.. | objects | select(.kind == "Deployment" and .metadata.name == "aideator")][0].spec.template.spec.containers[0].env[]
  | select(.value) | "\(.name)=\(.value)"' $DIR/chart.json >$DIR/env
mapfile -t vars <$DIR/env
echo '{"github_url":"'$git'/git/parse-duration.git","prompt":"Describe what it does","variations":1}' |
  env -i "${vars[@]}" "$(dirname $KUBECONFIG)/binaries/aideator" render >$DIR/server.yaml
kubectl create --dry-run=client --validate=false -o json -f $DIR/server.yaml | jq -s . >$DIR/server.json
"#;
    let dir = tempfile::tempdir().unwrap();
    let output = try_sh_for(60, &format!("DIR={}\n{render}", dir.path().display())).await;
    assert!(output.status.success(), "{output:?}");
    let job = |file: &str| -> Value {
        let text = std::fs::read(dir.path().join(file)).unwrap();
        let all: Vec<Value> = serde_json::from_slice(&text).unwrap();
        let jobs: Vec<Value> = all
            .into_iter()
            .filter(|object| object["kind"] == "Job")
            .collect();
        let [job] = &jobs[..] else { panic!("{jobs:?}") };
        job.clone()
    };
    let same = [
        "backoffLimit",
        "completions",
        "parallelism",
        "podReplacementPolicy",
        "activeDeadlineSeconds",
        "ttlSecondsAfterFinished",
    ];
    let (chart, server) = (
        comparable(&job("chart.json"), &same),
        comparable(&job("server.json"), &same),
    );
    assert_eq!(chart["pod"]["runtimeClassName"], "gvisor", "{chart:#}");
    assert_eq!(format!("{chart:#}"), format!("{server:#}"));
}
