//! What can be done about a cause, in a sentence. Given only where it is true of every such case.

use crate::model::Cause;

/// Adds what can be done about it.
pub(super) fn advise(cause: Cause) -> Cause {
    let message = cause.message.as_deref().unwrap_or("");
    let hint = match cause.reason.as_str() {
        "Unschedulable" => {
            "It starts by itself when a node has room. To need less: lower agents.resources.requests; \
             to have more: add a node."
        }
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
            "Check AGENT_IMAGE (agents.image in the chart) and that the node can pull it: \
             `kubectl describe pod` shows the registry's answer."
        }
        "CreateContainerConfigError" if message.contains("secret") => {
            "The Secret with the model's key is missing: kubectl create secret generic openai-secret \
             --from-literal=api-key=\"$OPENAI_API_KEY\"."
        }
        "CreateContainerConfigError"
        | "CreateContainerError"
        | "RunContainerError"
        | "StartError" => {
            "The container cannot run as configured; the message says what is missing."
        }
        "FailedCreate" if message.contains("exceeded quota") => {
            "The namespace's ResourceQuota is used up. It starts by itself when other pods end."
        }
        "FailedCreate" if message.contains("violates PodSecurity") => {
            "The namespace's Pod Security level refuses the agent's pod; the message names the field."
        }
        "FailedCreate" => {
            "The Job controller may not create the pod and tries again; the message says why."
        }
        "OOMKilled" => "It needed more memory than agents.resources.limits.memory allows.",
        "DeadlineExceeded" => {
            "It took longer than its limit; ask for more with limits.timeout_seconds."
        }
        // `Usage of EmptyDir volume "tmp" exceeds the limit "1Gi".`, and the like of what the container writes elsewhere.
        "Evicted" if message.contains("exceeds the ") => {
            "It wrote more than it may; the message names the volume and its limit."
        }
        "Evicted" => "The node ran out of a resource; `kubectl describe node` says of which.",
        "JobSuspended" => {
            "Somebody holds the Job back, such as a queue; it starts when `kubectl get job` shows it resumed."
        }
        "ClusterUnreachable" => {
            "This is the last that was seen; agents run on meanwhile, and their logs are read when the \
             API server answers again. Try: kubectl get --raw /readyz."
        }
        "Forbidden" | "Unauthorized" => {
            "The server's service account may not do this any more; `aideator doctor` shows what it \
             needs, and `helm upgrade` gives it back."
        }
        "FailedMount" => "A volume is not there yet; the kubelet tries again.",
        _ => return cause,
    };
    cause.hint(hint)
}
