//! What well-known models cost and how much they read.
//!
//! The table is shipped with the agent and gets old; prices in the configuration go before it. A
//! model that is not in it costs "unknown", never nothing.

/// Made by `scripts/lib/price-table`, which says of what.
const TABLE: &str = include_str!("../prices.tsv");

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Price {
    pub(crate) input: f64,
    pub(crate) output: f64,
    /// Of input that comes from the provider's cache.
    pub(crate) cached: f64,
}

/// What is known of a model.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Known {
    pub(crate) price: Option<Price>,
    /// Tokens that it reads at most.
    pub(crate) window: Option<u64>,
}

/// Looks a model up: by its whole name, then without its prefixes, `openai/gpt-x` as `gpt-x`.
pub(crate) fn known(model: &str) -> Known {
    let mut name = model;
    loop {
        if let Some(known) = find(name) {
            return known;
        }
        match name.split_once('/') {
            Some((_, rest)) => name = rest,
            None => return Known::default(),
        }
    }
}

fn find(name: &str) -> Option<Known> {
    let line = TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find(|line| line.split('\t').next() == Some(name))?;
    let mut fields = line.split('\t').skip(1);
    let mut price = || fields.next()?.parse::<f64>().ok();
    let (input, output, cached) = (price(), price(), price());
    let window = fields.next().and_then(|window| window.parse().ok());
    let price = input.zip(output).map(|(input, output)| Price {
        input,
        output,
        cached: cached.unwrap_or(input),
    });
    Some(Known { price, window })
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
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        for line in lines {
            let known = find(line.split('\t').next().unwrap()).unwrap();
            assert!(
                known
                    .price
                    .is_none_or(|price| price.input > 0.0 && price.output > 0.0),
                "{line}"
            );
            assert!(known.price.is_some() || known.window.is_some(), "{line}");
        }
    }
}
