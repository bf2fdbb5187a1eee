//! What models cost, as far as it is known. Unknown is `None`, never 0.

use aideator_agent::config::Prices;
use aideator_agent::prices::known;

/// The list price of a model, by the agent's own table. A proxy, a discount or a price of one's own is
/// what `MODELS` is for.
pub fn list_price(model: &str) -> Option<Prices> {
    let price = known(model).price?;
    Some(Prices {
        input: price.input,
        output: price.output,
    })
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
