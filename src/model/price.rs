//! What models cost, as far as it is known. Unknown is `None`, never 0.

use aideator_agent::config::Prices;

/// Known models with their providers' list prices. A proxy, a discount or a price of one's own is
/// what `MODELS` is for.
const TABLE: &str = include_str!("prices.tsv");

/// Other words for a provider in front of a model's name.
const ALIASES: [(&str, &str); 3] = [
    ("google/", "gemini/"),
    ("mistralai/", "mistral/"),
    ("x-ai/", "xai/"),
];

/// The list price of a model, by `provider/name` or by its name alone. A name behind a provider that
/// the table does not have is another model at another price.
pub fn list_price(model: &str) -> Option<Prices> {
    let alias = ALIASES
        .iter()
        .find_map(|(from, to)| Some(format!("{to}{}", model.strip_prefix(from)?)));
    let wanted = alias.as_deref().unwrap_or(model);
    let mut rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    rows.find_map(|row| {
        let mut cells = row.split('\t');
        let name = cells.next()?;
        let bare = name.split_once('/').map(|(_, bare)| bare);
        if wanted != name && Some(wanted) != bare {
            return None;
        }
        Some(Prices {
            input: cells.next()?.parse().ok()?,
            output: cells.next()?.parse().ok()?,
        })
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
        assert_eq!(
            list_price("google/gemini-2.5-pro"),
            list_price("gemini-2.5-pro")
        );
        assert!(list_price("gemini-2.5-pro").is_some());
        for unknown in ["", "scripted-small", "ollama/gpt-4o-mini", "gpt-4o-min"] {
            assert_eq!(list_price(unknown), None, "{unknown}");
        }
        let cost = cost_usd(mini, 2_000_000, 1_000_000);
        assert!((cost - 0.9).abs() < 1e-9, "{cost}");
    }

    #[test]
    fn every_row_has_two_prices_above_zero() {
        for row in TABLE.lines().skip(1) {
            let name = row.split('\t').next().unwrap();
            let price = list_price(name).unwrap_or_else(|| panic!("{row}"));
            assert!(price.input > 0.0 && price.output > 0.0, "{row}");
        }
    }
}
