//! The parts of Kubernetes objects that we look at, as the API documents them
//! (<https://kubernetes.io/docs/reference/kubernetes-api/>). Unknown fields are ignored.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::model::VariationKey;

/// `metadata` of any object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) uid: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) creation_timestamp: Option<Timestamp>,
    pub(super) deletion_timestamp: Option<Timestamp>,
}

impl Metadata {
    /// The attempt that our labels name; `None` when they are not ours.
    pub(super) fn key(&self) -> Option<VariationKey> {
        let label = |name: &str| self.labels.get(name);
        Some(VariationKey {
            run: label("aideator.dev/run-id")?.parse().ok()?,
            index: label("aideator.dev/variation-id")?.parse().ok()?,
            attempt: label("aideator.dev/attempt")?.parse().ok()?,
        })
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) reason: String,
    pub(super) message: String,
    #[serde(rename = "lastTransitionTime")]
    pub(super) at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    pub(super) metadata: Metadata,
    pub(super) status: JobStatus,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct JobStatus {
    #[serde(deserialize_with = "null_is_empty")]
    pub(super) conditions: Vec<Condition>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pod {
    pub(super) metadata: Metadata,
    pub(super) status: PodStatus,
    /// Set by us: the API server has it no more.
    #[serde(skip)]
    pub(super) gone: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodStatus {
    pub(super) phase: String,
    pub(super) reason: String,
    pub(super) message: String,
    #[serde(deserialize_with = "null_is_empty")]
    pub(super) conditions: Vec<Condition>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(super) container_statuses: Vec<ContainerStatus>,
    #[serde(deserialize_with = "null_is_empty")]
    pub(super) init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContainerStatus {
    pub(super) name: String,
    pub(super) state: ContainerState,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContainerState {
    pub(super) waiting: Option<Waiting>,
    pub(super) running: Option<Running>,
    pub(super) terminated: Option<Terminated>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Waiting {
    pub(super) reason: String,
    pub(super) message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Running {
    pub(super) started_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Terminated {
    pub(super) exit_code: i32,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
}

impl Pod {
    /// The state of the agent's container.
    pub(super) fn container(&self) -> Option<&ContainerState> {
        let statuses = &self.status.container_statuses;
        statuses
            .iter()
            .find(|c| c.name == "agent")
            .map(|c| &c.state)
    }

    /// The state of the container that clones before the agent's, where there is one.
    pub(super) fn cloner(&self) -> Option<&ContainerState> {
        let statuses = &self.status.init_container_statuses;
        statuses.first().map(|c| &c.state)
    }

    /// Whether nothing of it runs any more.
    pub(super) fn has_ended(&self) -> bool {
        self.gone || matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    /// When the scheduler gave it a node, in milliseconds since the Unix epoch.
    pub(super) fn scheduled_ms(&self) -> Option<i64> {
        let condition = self.condition("PodScheduled")?;
        (condition.status == "True").then(|| condition.at.map(Timestamp::as_millisecond))?
    }

    pub(super) fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|c| c.kind == kind)
    }
}

/// A Kubernetes `Event`: something that happened to an object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Note {
    pub(super) involved_object: Involved,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) last_timestamp: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Involved {
    pub(super) kind: String,
    pub(super) name: String,
}

/// One line of `kubectl get -w --output-watch-events -o json`.
#[derive(Debug, Deserialize)]
pub(super) struct WatchEvent {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) object: Value,
}

/// kubectl prints empty lists as `null` now and then.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
