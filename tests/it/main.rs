//! The server as its clients meet it: a real listener, a real database, a scripted cluster.
//!
//! One binary for all integration tests, because each further one would link the whole server again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod admin;
mod audit;
mod auth;
mod backup;
mod bundle;
mod cancel;
mod causes;
mod cli;
mod compare;
mod contract;
mod credentials;
mod etags;
mod flood;
mod follow;
mod follow_up;
mod fuzz;
mod http;
mod invitations;
mod judge;
mod listing;
mod publish;
mod queue;
mod reconcile;
mod retention;
mod retry;
mod runs;
mod script;
mod shares;
mod spending;
mod start;
mod stream;
mod support;
mod tidy;
mod traces;
mod variants;
mod webhooks;
