//! Jobs, pods and events, and what happens to them.

use serde_json::{Value, json};

use super::{Cluster, State};

impl State {
    pub(super) fn uid(&mut self) -> String {
        self.uids += 1;
        format!("00000000-0000-0000-0000-{:012}", self.uids)
    }

    pub(super) fn object(&self, kind: &str, name: &str) -> Option<&Value> {
        let mut all = self.objects.get(kind)?.iter();
        all.find(|object| object["metadata"]["name"] == name)
    }

    /// The Job of that name, or its pods.
    pub(super) fn owned(&self, kind: &str, job: &str) -> Vec<Value> {
        let all = self.objects.get(kind).into_iter().flatten();
        let of_job = |object: &&Value| {
            let metadata = &object["metadata"];
            metadata["name"] == job || metadata["labels"]["batch.kubernetes.io/job-name"] == job
        };
        all.filter(of_job).cloned().collect()
    }

    /// Makes or replaces an object, and tells.
    pub(super) fn put(&mut self, kind: &str, object: Value) {
        let all = self.objects.entry(kind.to_owned()).or_default();
        let known = all
            .iter_mut()
            .find(|known| known["metadata"]["name"] == object["metadata"]["name"]);
        let what = if let Some(known) = known {
            known.clone_from(&object);
            "MODIFIED"
        } else {
            all.push(object.clone());
            "ADDED"
        };
        self.history.push((kind.to_owned(), what, object));
    }

    fn remove(&mut self, kind: &str, job: &str) {
        for object in self.owned(kind, job) {
            let all = self.objects.entry(kind.to_owned()).or_default();
            all.retain(|known| known["metadata"]["name"] != object["metadata"]["name"]);
            self.history.push((kind.to_owned(), "DELETED", object));
        }
    }

    /// Pods first, as a deletion in the foreground does.
    pub(super) fn remove_job(&mut self, name: &str) {
        self.remove("pods", name);
        self.remove("jobs", name);
    }
}

/// A container's state, as in a pod's `status.containerStatuses`.
fn running() -> Value {
    json!({"running": {"startedAt": "2026-11-22T21:00:00Z"}})
}

impl Cluster {
    /// Waits until the cluster has that Job.
    #[track_caller]
    pub(crate) fn has_job(&self, job: &str) -> impl Future<Output = ()> {
        let name = job.to_owned();
        self.until(format!("Job {job}"), move |state| {
            state.object("jobs", &name).map(drop)
        })
    }

    /// Whether the cluster has an object of that name.
    pub(crate) fn has(&self, kind: &str, name: &str) -> bool {
        self.state().object(kind, name).is_some()
    }

    /// Puts a Job that nobody applied here.
    pub(crate) fn put_job(&self, job: Value) {
        self.change(|state| state.put("jobs", job));
    }

    /// Sets the Job's `status.conditions`.
    pub(crate) fn fail_job(&self, job: &str, reason: &str, message: &str) {
        self.change(|state| {
            let mut object = state.object("jobs", job).unwrap().clone();
            object["status"]["conditions"] =
                json!([{"type": "Failed", "status": "True", "reason": reason, "message": message}]);
            state.put("jobs", object);
        });
    }

    /// The Job's pod has this `status`; made if it is not there.
    pub(crate) fn pod(&self, job: &str, status: &Value) {
        self.change(|state| {
            let pod = state.owned("pods", job).pop();
            let mut pod = pod.unwrap_or_else(|| {
                let mut labels = state.object("jobs", job).unwrap()["metadata"]["labels"].clone();
                labels["batch.kubernetes.io/job-name"] = json!(job);
                let name = format!("{job}-x7k2p");
                json!({"metadata": {"name": name, "uid": state.uid(), "labels": labels}})
            });
            pod["status"] = status.clone();
            state.put("pods", pod);
        });
    }

    /// The container runs.
    pub(crate) fn run_pod(&self, job: &str) {
        self.log(job, |_| {});
        self.pod(
            job,
            &json!({"phase": "Running", "containerStatuses": [{"name": "agent", "state": running()}]}),
        );
    }

    /// The Job has a second pod, whose container runs; `kubectl logs` of it gives a log of its own.
    pub(crate) fn run_second_pod(&self, job: &str) {
        self.rotate(job, Vec::new());
        self.change(|state| {
            let mut pod = state.owned("pods", job).pop().unwrap();
            pod["metadata"]["name"] = json!(format!("{job}-y9q4z"));
            pod["metadata"]["uid"] = state.uid().into();
            pod["metadata"]["creationTimestamp"] = json!("2026-11-22T21:03:00Z");
            state.put("pods", pod);
        });
    }

    /// The container waits for this reason.
    pub(crate) fn hold_pod(&self, job: &str, reason: &str, message: &str) {
        let state = json!({"waiting": {"reason": reason, "message": message}});
        self.pod(
            job,
            &json!({"phase": "Pending", "containerStatuses": [{"name": "agent", "state": state}]}),
        );
    }

    /// The container ends: by itself with a code, or for a reason of its own or of its pod's.
    pub(crate) fn end_pod(&self, job: &str, code: i32, container: &str, pod: &str) {
        self.end_log(job);
        let state = json!({"terminated": {
            "exitCode": code, "reason": container, "startedAt": "2026-11-22T21:00:00Z",
            "finishedAt": "2026-11-22T21:05:00Z"
        }});
        let phase = if code == 0 { "Succeeded" } else { "Failed" };
        self.pod(
            job,
            &json!({"phase": phase, "reason": pod, "message": "",
                "containerStatuses": [{"name": "agent", "state": state}]}),
        );
    }

    /// The container ends with code 0.
    pub(crate) fn complete_pod(&self, job: &str) {
        self.end_pod(job, 0, "Completed", "");
    }

    /// From now on, each Job's container runs and ends as soon as the Job is there. Until it is aborted.
    pub(crate) async fn complete_every_job(self) {
        let mut changed = self.0.changed.subscribe();
        loop {
            changed.borrow_and_update();
            let waits = |state: &State, job: &str| state.owned("pods", job).is_empty();
            let waiting: Vec<String> = {
                let state = self.state();
                let jobs = state.objects.get("jobs").into_iter().flatten();
                let names = jobs.filter_map(|job| job["metadata"]["name"].as_str());
                let waiting = names.filter(|job| waits(&state, job));
                waiting.map(str::to_owned).collect()
            };
            for job in waiting {
                self.run_pod(&job);
                self.complete_pod(&job);
            }
            changed.changed().await.unwrap();
        }
    }

    /// The pods vanish; with them their log.
    pub(crate) fn remove_pods(&self, job: &str) {
        self.end_log(job);
        self.change(|state| state.remove("pods", job));
    }

    /// The Job vanishes with its pods and their log.
    pub(crate) fn remove_job(&self, job: &str) {
        self.end_log(job);
        self.change(|state| state.remove_job(job));
    }

    /// The cluster notes a warning about an object.
    pub(crate) fn warn(&self, kind: &str, name: &str, reason: &str, message: &str) {
        self.change(|state| {
            let uid = state.uid();
            state.put("events", json!({
                "metadata": {"name": uid}, "type": "Warning", "reason": reason, "message": message,
                "involvedObject": {"kind": kind, "name": name}
            }));
        });
    }
}
