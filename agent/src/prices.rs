//! What well-known models cost and how much they read.
//!
//! The table is shipped with the agent and gets old; prices in the configuration go before it. A
//! model that is not in it costs "unknown", never nothing.

use std::{collections::HashMap, sync::LazyLock};

/// Made by `scripts/lib/price-table`, which says of what.
const TABLE: &str = include_str!("../prices.tsv");

/// By name; read once.
static KNOWN: LazyLock<HashMap<&str, Known>> = LazyLock::new(|| {
    rows()
        .map(|(name, fields)| (name, known_by(fields)))
        .collect()
});

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Tokens that the model reads.
    pub input: f64,
    /// Tokens that it writes.
    pub output: f64,
    /// Of input that comes from the provider's cache.
    pub cached: f64,
}

/// What is known of a model.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Known {
    /// Its list price.
    pub price: Option<Price>,
    /// Tokens that it reads at most.
    pub window: Option<u64>,
}

/// Looks a model up: by its whole name, then without its prefixes, `openai/gpt-x` as `gpt-x`.
pub fn known(model: &str) -> Known {
    let mut name = model;
    loop {
        if let Some(known) = KNOWN.get(name) {
            return *known;
        }
        match name.split_once('/') {
            Some((_, rest)) => name = rest,
            None => return Known::default(),
        }
    }
}

/// Each model with what is said of it.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t'))
}

fn known_by(fields: &str) -> Known {
    let mut fields = fields.split('\t');
    let mut price = || fields.next()?.parse::<f64>().ok();
    let (input, output, cached) = (price(), price(), price());
    let window = fields.next().and_then(|window| window.parse().ok());
    let price = input.zip(output).map(|(input, output)| Price {
        input,
        output,
        cached: cached.unwrap_or(input),
    });
    Known { price, window }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_model_has_a_price_and_another_has_none() {
        let mini = known("openai/gpt-4o-mini");
        assert_eq!(mini, known("gpt-4o-mini"));
        assert!(mini.price.is_some_and(|price| price.output > price.input));
        assert_eq!(mini.window, Some(128_000));
        for unknown in ["scripted-small", "", "#", "sample_spec", "my/gpt"] {
            assert_eq!(known(unknown), Known::default(), "{unknown}");
        }
        for (name, fields) in rows() {
            let known = known_by(fields);
            assert!(
                known
                    .price
                    .is_none_or(|price| price.input > 0.0 && price.output > 0.0),
                "{name}"
            );
            assert!(known.price.is_some() || known.window.is_some(), "{name}");
        }
        assert_eq!(KNOWN.len(), rows().count(), "a model is there once");
    }
}
