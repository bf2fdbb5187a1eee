//! What streams tell besides log lines.

use serde_json::Value;

/// The kind of a stored event: the SSE event name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    AgentStatus,
    AgentError,
    AgentComplete,
    /// A new attempt of a variation: what follows of it is the new attempt's.
    AgentRetry,
    LogGap,
    RunComplete,
}

impl EventKind {
    const ALL: [Self; 6] = [
        Self::AgentStatus,
        Self::AgentError,
        Self::AgentComplete,
        Self::AgentRetry,
        Self::LogGap,
        Self::RunComplete,
    ];

    /// The name in the stream and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgentStatus => "agent_status",
            Self::AgentError => "agent_error",
            Self::AgentComplete => "agent_complete",
            Self::AgentRetry => "agent_retry",
            Self::LogGap => "log_gap",
            Self::RunComplete => "run_complete",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// An event to be stored. Its number is given by the database.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub kind: EventKind,
    /// The variation it is about.
    pub index: Option<u8>,
    /// It is told after this many bytes of the variation's log.
    pub log_offset: u64,
    /// The object that is sent.
    pub data: Value,
}

/// An event as stored.
#[derive(Debug, Clone)]
pub struct Event {
    /// Counts the run's events from 1.
    pub seq: i64,
    pub kind: EventKind,
    pub index: Option<u8>,
    pub log_offset: u64,
    /// The JSON text of the object that is sent.
    pub data: String,
}
