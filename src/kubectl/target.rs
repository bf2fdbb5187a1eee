//! What `kubectl logs` is asked for.

/// One `kubectl logs --timestamps` of the agent's container.
#[derive(Debug, Clone)]
pub struct LogTarget {
    /// `job/NAME`, or `pod/NAME` where a Job has had two pods.
    pub object: String,
    /// Stay until the container ends.
    pub follow: bool,
    /// Only records from this RFC 3339 second on.
    pub since: Option<String>,
}

impl LogTarget {
    pub(super) fn args(&self) -> Vec<String> {
        let mut args: Vec<String> = vec!["logs".into()];
        if self.follow {
            args.push("-f".into());
        }
        args.push("--timestamps".into());
        args.push(self.object.clone());
        args.push("-c".into());
        args.push("agent".into());
        if let Some(since) = &self.since {
            args.push(format!("--since-time={since}"));
        }
        args
    }
}
