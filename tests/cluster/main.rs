//! The product against a real cluster: what `scripts/up` left behind, through HTTP, kubectl, git and curl.
//!
//! `source .cluster/env && cargo test --test cluster`. Each test makes its own runs and accounts and may be
//! repeated; those that break things on purpose run alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account;
mod bench;
mod cancel;
mod cli;
mod fairness;
mod faults;
mod hostile;
mod inside;
mod install;
mod main_job;
mod outcomes;
mod private;
mod queue;
mod refusals;
mod rights;
mod spending;
mod support;
mod tasks;
