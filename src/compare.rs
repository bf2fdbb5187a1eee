//! What lies between two variations' trees, from their patches alone: no repository, no git.
//!
//! Both patches start from the same commit. Of its files only those lines are known that a hunk of
//! either patch shows, and that is enough: outside of them the two trees are equal. Files are paired by
//! where they come from in the base, so a file that one side renamed is still compared with itself.
//!
//! Invariant: the result is a patch that `git apply` takes on the one tree and that leads to the other.
//! The exception is a binary file that both have changed: where its bytes cannot be had from the
//! patches, it says `Binary files … differ`, which `git apply` refuses.

mod parse;
mod text;
mod tree;
mod write;

use std::time::{Duration, Instant};

pub use parse::PatchSyntax;

use self::tree::Tree;

/// Changes that take longer to find are told less finely.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why two patches cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// One of them is none of git's.
    #[error(transparent)]
    Syntax(#[from] PatchSyntax),
    /// They do not start from the same files.
    #[error("the two patches show different lines of {0} in the commit that both start from")]
    Base(String),
}

/// The patch from the tree that `from` leads to, to the one that `to` leads to.
pub fn between(from: &[u8], to: &[u8]) -> Result<Vec<u8>, CompareError> {
    let (from, to) = (parse::patch(from)?, parse::patch(to)?);
    let deadline = Instant::now() + PATIENCE;
    let sections = Tree::new(&from)?.to(&Tree::new(&to)?, deadline)?;
    Ok(write::patch(sections))
}
