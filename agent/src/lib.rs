//! What an AIdeator agent and the AIdeator server say to each other, and nothing else.
//!
//! - [`config`]: the file the server mounts into the agent's container;
//! - [`protocol`]: the lines the agent prints;
//! - [`patch`]: the change, put together again from those lines;
//! - [`prices`]: what models cost, of which both must say the same.
//!
//! Invariant: this library is pure (no IO, no async), so that the server can use it without the
//! agent's dependencies, which sit behind the feature `bin`.

pub mod config;
pub mod patch;
pub mod prices;
pub mod protocol;
