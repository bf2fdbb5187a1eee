//! Subcommands that are more than a line.

mod doctor;
mod render;

pub use doctor::{Finding, doctor};
pub use render::render;
