//! How the cluster is reached.

use std::path::{Path, PathBuf};

use super::env::Env;

/// Where a pod finds the namespace it runs in.
const SERVICE_ACCOUNT_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// The program that does everything to the cluster, and what it is always told.
#[derive(Clone, Debug)]
pub struct Kubectl {
    /// A path, or a name looked up on `PATH`.
    pub program: PathBuf,
    /// Namespace of the Jobs.
    pub namespace: String,
    /// Context of the kubeconfig; inside a pod there is none.
    pub context: Option<String>,
    /// kubectl's discovery cache; a cold or unwritable one costs requests on every call.
    pub cache_dir: PathBuf,
}

impl Kubectl {
    pub(super) fn from_env(env: &mut Env<'_>, data_dir: &Path) -> Self {
        env.section("Kubernetes");
        let program = env.read("KUBECTL", "kubectl", "The kubectl program.");
        let namespace: Option<String> = env.optional(
            "KUBERNETES_NAMESPACE",
            "Namespace of the Jobs; default: the pod's own, else aideator.",
        );
        let namespace = namespace
            .or_else(pod_namespace)
            .unwrap_or_else(|| "aideator".to_owned());
        if !is_dns_label(&namespace) {
            env.problem(
                "KUBERNETES_NAMESPACE",
                format_args!("is `{namespace}`, which is no namespace name"),
            );
        }
        Self {
            program,
            namespace,
            context: env.optional(
                "KUBE_CONTEXT",
                "Context of the kubeconfig; default: the current one.",
            ),
            cache_dir: data_dir.join("kubectl-cache"),
        }
    }

    /// The program given, in namespace `aideator`.
    pub fn for_tests(program: PathBuf, cache_dir: PathBuf) -> Self {
        Self {
            program,
            namespace: "aideator".to_owned(),
            context: None,
            cache_dir,
        }
    }
}

/// The namespace of the pod that this process runs in; outside of a pod there is no such file.
fn pod_namespace() -> Option<String> {
    let text = std::fs::read_to_string(SERVICE_ACCOUNT_NAMESPACE).ok()?;
    Some(text.trim().to_owned()).filter(|name| !name.is_empty())
}

/// RFC 1123 label, as Kubernetes wants for namespaces and label values made from names.
pub(super) fn is_dns_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}
