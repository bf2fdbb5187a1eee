//! Subcommands that are more than a line.

mod backup;
mod doctor;
mod render;

pub use backup::{Volume, backup, restore};
pub use doctor::{Finding, doctor};
pub use render::render;
