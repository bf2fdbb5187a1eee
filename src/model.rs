//! What a run *is*: ids, states and their transitions. Pure: no IO, no clock, no async.
//!
//! Invariants: a terminal state is never left (a retry is a new attempt), and every state that is
//! not "all is well" carries a [`Cause`].

mod cause;
mod credential;
mod event;
mod id;
mod judge;
mod price;
mod publication;
mod run;
mod status;
mod turn;
mod webhook;

pub use cause::Cause;
pub use credential::{Credential, CredentialKind, Uses, git_host};
pub use event::{Event, EventKind, NewEvent};
pub use id::{BadRunId, RunId, VariationKey, job_name};
pub use judge::{Candidate, JUDGE, Judge, Judgement};
pub use price::{cost_usd, list_price};
pub use publication::{PUBLISHER, Published, is_variation};
pub use run::{
    CheckResult, Idempotency, NewJudge, NewRun, NewVariation, PatchStats, Run, Selection, Settled,
    Timings, Usage, Variation, VariationUpdate,
};
pub use status::{RunStatus, UnknownStatus, VariationStatus};
pub use turn::{Full, Places, QueueState, Share, Turns, Waiting, turns};
pub use webhook::{Attempt, Delivery, Then, Webhook, WebhookEvent};
