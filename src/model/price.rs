//! What models cost, as far as it is known. Unknown is `None`, never 0.

use aideator_agent::config::Prices;

/// The agent's own table, so that both say the same. A proxy, a discount or a price of one's own is
/// what `MODELS` is for.
const TABLE: &str = include_str!("../../agent/prices.tsv");

/// The list price of a model: by its whole name, then without its prefixes, `openai/gpt-x` as `gpt-x`.
pub fn list_price(model: &str) -> Option<Prices> {
    let mut name = model;
    loop {
        if let Some(row) = row(name) {
            let mut prices = row.split('\t').skip(1).map(str::parse);
            let (input, output) = (prices.next()?.ok()?, prices.next()?.ok()?);
            return Some(Prices { input, output });
        }
        name = name.split_once('/')?.1;
    }
}

fn row(name: &str) -> Option<&'static str> {
    let mut rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.find(|row| row.split('\t').next() == Some(name))
}

/// US dollars for so many tokens. Cached ones count in full: what a provider takes off for them is
/// not known, so this is the most that it can be.
#[expect(
    clippy::cast_precision_loss,
    reason = "a count of tokens is far below 2^52"
)]
pub fn cost_usd(prices: Prices, input_tokens: u64, output_tokens: u64) -> f64 {
    (input_tokens as f64 * prices.input + output_tokens as f64 * prices.output) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_by_its_names_and_no_other() {
        let mini = Prices {
            input: 0.15,
            output: 0.6,
        };
        assert_eq!(list_price("openai/gpt-4o-mini"), Some(mini));
        assert_eq!(list_price("gpt-4o-mini"), Some(mini));
        for unknown in ["", "#", "scripted-small", "my/gpt", "gpt-4o-min"] {
            assert_eq!(list_price(unknown), None, "{unknown}");
        }
        let cost = cost_usd(mini, 2_000_000, 1_000_000);
        assert!((cost - 0.9).abs() < 1e-9, "{cost}");
    }
}
