//! Which models can be picked, and what they cost.

use std::str::FromStr;

use aideator_agent::config::Prices;

use super::env::entries;

/// A model that the operator offers.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedModel {
    /// As the provider calls it.
    pub id: String,
    /// As people call it; the id unless given.
    pub label: String,
    /// The operator's own price, over the list price.
    pub price: Option<Prices>,
}

impl OfferedModel {
    /// A model of which nothing but its id is known.
    pub(super) fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            label: id.to_owned(),
            price: None,
        }
    }
}

impl FromStr for OfferedModel {
    type Err = String;

    fn from_str(entry: &str) -> Result<Self, String> {
        let mut parts = entry.split('|').map(str::trim);
        let id = parts.next().unwrap_or_default();
        let label = parts.next().filter(|label| !label.is_empty());
        let price = parts.next().map(price).transpose()?;
        if id.is_empty() || id.len() > 200 || id.chars().any(char::is_whitespace) {
            return Err(format!("`{entry}` has no model id before the first |"));
        }
        if parts.next().is_some() {
            return Err(format!("`{entry}` has more parts than id|label|in/out"));
        }
        Ok(Self {
            id: id.to_owned(),
            label: label.unwrap_or(id).to_owned(),
            price,
        })
    }
}

fn price(text: &str) -> Result<Prices, String> {
    let number = |text: &str| {
        let number: f64 = text.trim().parse().ok()?;
        (number >= 0.0 && number.is_finite()).then_some(number)
    };
    let parse = || {
        let (input, output) = text.split_once('/')?;
        Some(Prices {
            input: number(input)?,
            output: number(output)?,
        })
    };
    parse().ok_or_else(|| format!("`{text}` is no price such as 0.15/0.6, in US dollars"))
}

/// `id`, `id|label` or `id|label|in/out`, with commas between them.
pub(super) struct ModelList(pub(super) Vec<OfferedModel>);

impl FromStr for ModelList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let models = entries(text).map(str::parse);
        let models: Vec<OfferedModel> = models.collect::<Result<_, _>>()?;
        for (i, model) in models.iter().enumerate() {
            if models[..i].iter().any(|earlier| earlier.id == model.id) {
                return Err(format!("`{}` is there twice", model.id));
            }
        }
        Ok(Self(models))
    }
}

/// Words with commas between them.
pub(super) struct WordList(pub(super) Vec<String>);

impl FromStr for WordList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        entries(text)
            .map(|word| {
                if word.chars().any(char::is_whitespace) {
                    return Err(format!("`{word}` has a space in it; put commas between"));
                }
                Ok(word.to_owned())
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offered_models() {
        let list: ModelList = "gpt-4o-mini, local/qwen3|Qwen 3, x|X|0.5/1.5,"
            .parse()
            .unwrap();
        let prices = Prices {
            input: 0.5,
            output: 1.5,
        };
        let priced = OfferedModel {
            id: "x".to_owned(),
            label: "X".to_owned(),
            price: Some(prices),
        };
        assert_eq!(list.0[0], OfferedModel::named("gpt-4o-mini"));
        assert_eq!(list.0[1].label, "Qwen 3");
        assert_eq!(list.0[2], priced);
        for bad in ["|x", "a b", "a|b|c", "a|b|-1/2", "a|b|1/2|3", "a,a"] {
            assert!(bad.parse::<ModelList>().is_err(), "{bad}");
        }
    }
}
