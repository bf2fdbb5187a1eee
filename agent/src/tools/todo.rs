//! `todo`: the model's plan, kept in sight when older messages are dropped.

use serde::Deserialize;

use super::Said;

const ITEMS: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arguments {
    items: Vec<String>,
}

pub(super) fn call(arguments: Arguments, todo: &mut Vec<String>) -> Said {
    if arguments.items.len() > ITEMS {
        return Said::failure(format!(
            "A plan has at most {ITEMS} items; this one has {}. Join small steps.",
            arguments.items.len()
        ));
    }
    *todo = arguments.items;
    Said::all(format!("Kept, {} items.", todo.len()))
}
