//! Git, for the two things we do with it: [`checkout`] a commit, and make a [`snapshot`] of what
//! became of it.
//!
//! Both work on a directory that the repository's authors or the model's commands have written, so
//! every `git` of ours starts with an environment and options that leave nothing to configuration.

mod checkout;
mod command;
mod credential;
mod push;
mod snapshot;

pub(crate) use checkout::{Checkout, CheckoutError};
pub(crate) use credential::{answer, password};
pub(crate) use push::Commit;
pub(crate) use snapshot::{Snapshot, SnapshotError};

#[cfg(test)]
mod tests;
