//! The demo as its users see it: git clones, a client of the model, and an agent that follows the scenarios.
#![expect(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod agent;
mod directives;
mod git;
mod model;
mod process;
mod scenarios;
mod world;
