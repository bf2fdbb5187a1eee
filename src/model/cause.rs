//! Why something is as it is.

/// The reason of a state, in Kubernetes' own word where it has one.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Cause {
    /// One word in `CamelCase`, such as `ImagePullBackOff` or `Unschedulable`.
    pub reason: String,
    /// What the cluster (or the agent) said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What happens next by itself, or what a person can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Cause {
    /// A cause with its message and no hint.
    pub fn new(reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            message: Some(message.into()).filter(|m: &String| !m.is_empty()),
            hint: None,
        }
    }

    /// The same cause with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
