//! `--variant` of `aideator run`: the settings of one variation in a line.

use serde_json::{Map, Value, json};

use super::exit::{Failure, Outcome};

/// The fields of a variant in the API.
const SETTINGS: [&str; 6] = [
    "model",
    "temperature",
    "instructions",
    "engine",
    "command",
    "image",
];

/// `model=…,temperature=0.3` as the API writes it. A comma only divides where the name of a setting
/// follows: instructions and commands may have commas.
pub(super) fn variant(text: &str) -> Outcome<Value> {
    let mut settings: Vec<(&str, String)> = Vec::new();
    for part in text.split(',') {
        match part.split_once('=') {
            Some((name, value)) if let Some(name) = known(name) => {
                if settings.iter().any(|(known, _)| *known == name) {
                    return Err(wrong(text, &format!("`{name}` is there twice")));
                }
                settings.push((name, value.to_owned()));
            }
            _ => match settings.last_mut() {
                Some((_, value)) => {
                    value.push(',');
                    value.push_str(part);
                }
                None => return Err(wrong(text, "it does not begin with a setting")),
            },
        }
    }
    let mut fields = Map::new();
    for (name, value) in settings {
        let value = match name {
            "temperature" => match value.trim().parse::<f64>() {
                Ok(number) => json!(number),
                Err(_) => return Err(wrong(text, "the temperature is no number")),
            },
            _ => json!(value),
        };
        fields.insert(name.to_owned(), value);
    }
    Ok(fields.into())
}

fn known(name: &str) -> Option<&'static str> {
    SETTINGS.into_iter().find(|known| *known == name.trim())
}

fn wrong(text: &str, why: &str) -> Failure {
    Failure::usage(format!(
        "--variant '{text}': {why}; it looks like --variant 'model=NAME,temperature=0.3', with any of: {}",
        SETTINGS.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_from_commas_in_them() {
        for (text, fields) in [
            ("model=a/b", json!({"model": "a/b"})),
            (
                "model=m, temperature=0.5,instructions=first, x=1, then y",
                json!({"model": "m", "temperature": 0.5, "instructions": "first, x=1, then y"}),
            ),
            (
                "engine=command,command=codex exec --a=b,c",
                json!({"engine": "command", "command": "codex exec --a=b,c"}),
            ),
        ] {
            assert_eq!(variant(text).unwrap(), fields, "{text}");
        }
        for text in ["", "modle=x", "model=a,model=b", "temperature=warm"] {
            let failure = variant(text).unwrap_err();
            assert!(failure.message().contains("instructions, engine"), "{text}");
        }
    }
}
