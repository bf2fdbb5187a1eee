//! What the cluster has of ours, as the watches tell it: one view per Job.
//!
//! A pod that was deleted stays in its Job's view with its last state and `gone` set, because a
//! reader that is late must still learn how its container ended.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::observe::{Job, Note, Pod};
use crate::model::{Cause, RunId, VariationKey};

/// All there is to know about one Job.
#[derive(Debug, Clone, Default)]
pub(super) struct JobView {
    pub(super) job: Option<Job>,
    /// The Job was there at some time.
    pub(super) seen: bool,
    /// Oldest first; deleted ones too.
    pub(super) pods: Vec<Pod>,
    /// The latest warning about the Job or one of its pods; it may have passed since.
    pub(super) warning: Option<Note>,
    /// When the kubelet said that it has the image, in milliseconds since the Unix epoch.
    pub(super) pulled_ms: Option<i64>,
}

/// Why the cluster does not tell us anything now: a cause for each thing that we ask it for. Empty
/// when all is well.
pub(super) type Trouble = BTreeMap<&'static str, Cause>;

impl JobView {
    /// Whether the cluster still has a pod of it.
    pub(super) fn has_pods(&self) -> bool {
        self.pods.iter().any(|pod| !pod.gone)
    }
}

/// Marks a moment: what was told before it and is not in a list made after it is gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(u64);

/// The views of all Jobs. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    cache: Mutex<Cache>,
    trouble: watch::Sender<Trouble>,
    /// Rings when a Job is told of for the first time.
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Cache {
    /// Counts what was told.
    clock: u64,
    jobs: HashMap<String, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    view: watch::Sender<JobView>,
    /// When the Job and each pod (by UID) was last told of.
    job_told: u64,
    pods_told: HashMap<String, u64>,
}

impl Cluster {
    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the cluster can be asked, now and as it changes.
    pub(super) fn trouble(&self) -> watch::Receiver<Trouble> {
        self.0.trouble.subscribe()
    }

    /// Notes that asking for `what` failed, or that it succeeded again.
    pub(super) fn answered(&self, what: &'static str, answer: Result<(), Cause>) {
        self.0.trouble.send_if_modified(|trouble| match answer {
            Ok(()) => trouble.remove(what).is_some(),
            Err(cause) => trouble.insert(what, cause.clone()) != Some(cause),
        });
    }

    /// Waits for a Job that was not told of before.
    pub(super) async fn arrival(&self) {
        self.0.arrived.notified().await;
    }

    /// The view of a Job, now and as it changes. The Job need not exist yet.
    pub(super) fn view(&self, job: &str) -> watch::Receiver<JobView> {
        let mut cache = self.cache();
        cache
            .jobs
            .entry(job.to_owned())
            .or_default()
            .view
            .subscribe()
    }

    /// Forgets Jobs that are gone and that nobody looks at.
    pub(super) fn forget_gone(&self) {
        self.cache().jobs.retain(|_, entry| {
            let view = entry.view.borrow();
            entry.view.receiver_count() > 0 || view.job.is_some() || view.has_pods()
        });
    }

    /// Notes that a Job was made some time ago: if it is not there, it was deleted.
    pub(super) fn expect(&self, job: &str) {
        let mut cache = self.cache();
        let entry = cache.jobs.entry(job.to_owned()).or_default();
        entry.view.send_modify(|view| view.seen = true);
    }

    /// The attempts whose Jobs the cluster has.
    pub(super) fn attempts(&self) -> Vec<VariationKey> {
        let cache = self.cache();
        let views = cache.jobs.values().map(|entry| entry.view.borrow());
        views
            .filter_map(|view| view.job.as_ref()?.metadata.key())
            .collect()
    }

    /// Notes that a Job was made just now, unless the watch has told of it already. Its pod may have
    /// been told of before it.
    pub(super) fn applied(&self, job: Job) {
        let told = |entry: &Entry| entry.job_told > 0;
        let known = self.cache().jobs.get(&job.metadata.name).is_some_and(told);
        if !known {
            self.job(job, false);
        }
    }

    /// Attempt and UID of the Jobs that the cluster has of a run.
    pub(super) fn jobs_of(&self, run: RunId) -> Vec<(VariationKey, String)> {
        let cache = self.cache();
        let views = cache.jobs.values().map(|entry| entry.view.borrow());
        views
            .filter_map(|view| {
                let metadata = &view.job.as_ref()?.metadata;
                let key = metadata.key().filter(|key| key.run == run)?;
                Some((key, metadata.uid.clone()))
            })
            .collect()
    }

    /// Whether something of a Job was told after `mark`: then a list made at `mark` is older news.
    fn job_is_newer(&self, name: &str, mark: Mark) -> bool {
        self.cache()
            .jobs
            .get(name)
            .is_some_and(|entry| entry.job_told > mark.0)
    }

    fn pod_is_newer(&self, pod: &Pod, mark: Mark) -> bool {
        let cache = self.cache();
        let told = |entry: &Entry| entry.pods_told.get(&pod.metadata.uid).copied();
        cache
            .jobs
            .values()
            .filter_map(told)
            .any(|told| told > mark.0)
    }

    pub(super) fn job(&self, job: Job, deleted: bool) {
        let mut cache = self.cache();
        cache.clock += 1;
        let now = cache.clock;
        let entry = cache.jobs.entry(job.metadata.name.clone()).or_default();
        if entry.job_told == 0 {
            self.0.arrived.notify_one();
        }
        entry.job_told = now;
        entry.view.send_modify(|view| {
            view.seen = true;
            view.job = (!deleted).then_some(job);
        });
    }

    pub(super) fn pod(&self, mut pod: Pod, deleted: bool) {
        let Some(job) = pod
            .metadata
            .labels
            .get("batch.kubernetes.io/job-name")
            .cloned()
        else {
            return;
        };
        pod.gone = deleted;
        let mut cache = self.cache();
        cache.clock += 1;
        let now = cache.clock;
        let entry = cache.jobs.entry(job).or_default();
        entry.pods_told.insert(pod.metadata.uid.clone(), now);
        entry.view.send_modify(|view| {
            view.seen = true;
            let same = |known: &&mut Pod| known.metadata.uid == pod.metadata.uid;
            match view.pods.iter_mut().find(same) {
                // A late list must not bring a deleted pod back.
                Some(known) if known.gone => {}
                Some(known) => *known = pod,
                None => {
                    view.pods.push(pod);
                    // A list is in the order of names.
                    view.pods.sort_by_key(|pod| pod.metadata.creation_timestamp);
                }
            }
        });
    }

    /// A warning about a Job or one of its pods, or that an image is there; anything else is passed
    /// over.
    pub(super) fn note(&self, note: Note) {
        let pulled = note.reason == "Pulled";
        if note.kind != "Warning" && !pulled {
            return;
        }
        let name = &note.involved_object.name;
        let job = match note.involved_object.kind.as_str() {
            "Job" => name.as_str(),
            // The Job controller names pods `{job}-{5 characters}`.
            "Pod" => name.rsplit_once('-').map_or(name.as_str(), |(job, _)| job),
            _ => return,
        };
        let cache = self.cache();
        if let Some(entry) = cache.jobs.get(job) {
            let at = note.last_timestamp.map(Timestamp::as_millisecond);
            entry.view.send_modify(|view| {
                if pulled {
                    view.pulled_ms = view.pulled_ms.or(at);
                } else {
                    view.warning = Some(note);
                }
            });
        }
    }

    /// Now.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.cache().clock)
    }

    /// A list of all Jobs that was asked for at `mark`: others told of before then are gone.
    pub(super) fn jobs_listed(&self, mark: Mark, jobs: Vec<Job>) {
        let names: HashSet<String> = jobs.iter().map(|job| job.metadata.name.clone()).collect();
        for job in jobs {
            if !self.job_is_newer(&job.metadata.name, mark) {
                self.job(job, false);
            }
        }
        for (name, entry) in &mut self.cache().jobs {
            let present = entry.view.borrow().job.is_some();
            if present && entry.job_told <= mark.0 && !names.contains(name) {
                entry.view.send_modify(|view| view.job = None);
            }
        }
    }

    /// The same for pods.
    pub(super) fn pods_listed(&self, mark: Mark, pods: Vec<Pod>) {
        let uids: HashSet<String> = pods.iter().map(|pod| pod.metadata.uid.clone()).collect();
        for pod in pods {
            if !self.pod_is_newer(&pod, mark) {
                self.pod(pod, false);
            }
        }
        for entry in self.cache().jobs.values_mut() {
            let told = &entry.pods_told;
            entry.view.send_if_modified(|view| {
                let mut changed = false;
                for pod in view.pods.iter_mut().filter(|pod| !pod.gone) {
                    let before = told.get(&pod.metadata.uid).is_none_or(|at| *at <= mark.0);
                    if before && !uids.contains(&pod.metadata.uid) {
                        pod.gone = true;
                        changed = true;
                    }
                }
                changed
            });
        }
    }
}
