//! The only spawner of processes, and the only way to the cluster: the `kubectl` program.
//!
//! Every call is written into a [`Journal`] with its arguments, its manifest (secrets redacted),
//! exit code and duration, so that an operator can see and repeat it. Arguments are arrays, never a
//! shell line; manifests travel by standard input; standard input is otherwise closed, because
//! kubectl would ask for a user name; every call but a follow or a watch has a deadline.

mod call;
mod error;
mod journal;
mod stream;
mod target;

pub use error::KubectlError;
pub use journal::{CommandEnd, CommandId, CommandStart, Journal, JournalEntry};
pub use stream::{Ended, KubectlStream};
pub use target::LogTarget;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use crate::config;
use crate::model::RunId;

/// Identifies us to server-side apply.
const FIELD_MANAGER: &str = "aideator";

/// A handle on the `kubectl` program, one namespace and one cluster. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Kubectl(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    program: PathBuf,
    namespace: String,
    context: Option<String>,
    cache_dir: PathBuf,
    journal: Journal,
}

/// What `kubectl apply` gets on standard input.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// One or more YAML documents.
    pub yaml: String,
    /// The same with the values of Secrets replaced: what people are shown.
    pub redacted: String,
}

impl Kubectl {
    /// A handle that journals to `journal`.
    pub fn new(config: &config::Kubectl, journal: Journal) -> Self {
        Self(Arc::new(Inner {
            program: config.program.clone(),
            namespace: config.namespace.clone(),
            context: config.context.clone(),
            cache_dir: config.cache_dir.clone(),
            journal,
        }))
    }

    /// The namespace that everything happens in.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// `kubectl apply --server-side`: the objects as the cluster has them now.
    ///
    /// Server-side, because client-side apply copies whole Secrets into an annotation. The conflict
    /// flag makes a second apply after a crash a repetition, whoever touched the object since.
    pub async fn apply(&self, run: RunId, manifest: &Manifest) -> Result<Vec<Value>, KubectlError> {
        let args = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "--field-manager",
            FIELD_MANAGER,
            "--validate=strict",
            "-o",
            "json",
            "-f",
            "-",
        ];
        let out = self.call(Some(run), &args, Some(manifest)).await?;
        items(&out)
    }

    /// `kubectl get KIND -l SELECTOR -o json`: all matching objects.
    pub async fn list(&self, kind: &str, selector: &str) -> Result<Vec<Value>, KubectlError> {
        let out = self
            .call(None, &["get", kind, "-l", selector, "-o", "json"], None)
            .await?;
        items(&out)
    }

    /// `kubectl patch KIND NAME --type=merge`.
    pub async fn patch(
        &self,
        run: RunId,
        kind: &str,
        name: &str,
        patch: &Value,
    ) -> Result<(), KubectlError> {
        let patch = patch.to_string();
        let args = [
            "patch", kind, name, "--type", "merge", "-p", &patch, "-o", "name",
        ];
        self.call(Some(run), &args, None).await.map(drop)
    }

    /// `kubectl delete KIND NAME`; not finding it is success. Does not wait for its end.
    pub async fn delete(
        &self,
        run: Option<RunId>,
        kind: &str,
        name: &str,
        cascade: Cascade,
    ) -> Result<(), KubectlError> {
        let args = [
            "delete",
            kind,
            name,
            "--ignore-not-found",
            "--wait=false",
            cascade.flag(),
            "-o",
            "name",
        ];
        self.call(run, &args, None).await.map(drop)
    }

    /// `kubectl get KIND NAME`: whether there is one.
    pub async fn exists(&self, kind: &str, name: &str) -> Result<bool, KubectlError> {
        let args = ["get", kind, name, "--ignore-not-found", "-o", "name"];
        Ok(!self.call(None, &args, None).await?.is_empty())
    }

    /// `kubectl version -o json`: the client's and the server's version.
    pub async fn version(&self) -> Result<Versions, KubectlError> {
        let out = self.call(None, &["version", "-o", "json"], None).await?;
        let value: Value = serde_json::from_slice(&out).map_err(KubectlError::decode)?;
        let git = |side: &str| {
            value[side]["gitVersion"]
                .as_str()
                .unwrap_or("unknown")
                .to_owned()
        };
        Ok(Versions {
            client: git("clientVersion"),
            server: git("serverVersion"),
        })
    }

    /// `kubectl auth can-i VERB RESOURCE`.
    pub async fn can_i(&self, verb: &str, resource: &str) -> Result<bool, KubectlError> {
        match self
            .call(None, &["auth", "can-i", verb, resource], None)
            .await
        {
            Ok(_) => Ok(true),
            // It says "no" with exit code 1 and nothing on standard error.
            Err(KubectlError::Exit { stderr, .. }) if stderr.trim().is_empty() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// `kubectl get KIND -w`: a line of JSON for each change, starting with what is there.
    pub fn watch(&self, kind: &str, filter: &[&str]) -> Result<KubectlStream, KubectlError> {
        let mut args = vec!["get", kind, "-w", "--output-watch-events", "-o", "json"];
        args.extend(filter);
        self.stream(None, &args)
    }

    /// `kubectl logs --timestamps`, with `-f` or without.
    pub fn logs(&self, run: RunId, target: &LogTarget) -> Result<KubectlStream, KubectlError> {
        let args = target.args();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.stream(Some(run), &args)
    }
}

/// What happens to the pods of a deleted Job.
#[derive(Debug, Clone, Copy)]
pub enum Cascade {
    /// They go first, then the Job.
    Foreground,
    /// The Job goes first.
    Background,
}

impl Cascade {
    fn flag(self) -> &'static str {
        match self {
            Self::Foreground => "--cascade=foreground",
            Self::Background => "--cascade=background",
        }
    }
}

/// Versions of the two sides.
#[derive(Debug, Clone)]
pub struct Versions {
    pub client: String,
    pub server: String,
}

/// The objects in kubectl's JSON output: one, a `List`, or several one after the other.
fn items(out: &[u8]) -> Result<Vec<Value>, KubectlError> {
    let mut all = Vec::new();
    for value in serde_json::Deserializer::from_slice(out).into_iter::<Value>() {
        let mut value = value.map_err(KubectlError::decode)?;
        match value.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => all.extend(items),
            _ => all.push(value),
        }
    }
    Ok(all)
}
