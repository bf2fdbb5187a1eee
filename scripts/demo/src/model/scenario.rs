//! What the model does on the sample repositories: scripts in `scenarios/REPOSITORY/TEMPERATURE.yaml`.

use std::collections::BTreeMap;

use rust_embed::RustEmbed;
use serde::Deserialize;
use serde_json::Value;

use super::reply::Call;
use super::request::ChatRequest;
use crate::samples::SAMPLES;

#[derive(RustEmbed)]
#[folder = "scenarios"]
struct Sources;

/// The scripts of every sample repository, each with the temperature that it stands for.
#[derive(Debug)]
pub struct Scenarios(BTreeMap<&'static str, Vec<(f64, Script)>>);

/// What the model says and does, answer by answer; the last answer has no calls.
pub(crate) type Script = Vec<Turn>;

/// One answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    say: String,
    /// Each a map of one tool's name to its arguments.
    #[serde(default)]
    calls: Vec<BTreeMap<String, Value>>,
}

impl Turn {
    /// The text, without the newline at the end that a block of YAML has.
    pub(crate) fn text(&self) -> &str {
        self.say.trim_end()
    }

    /// The calls in order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let pairs = self.calls.iter().flatten();
        pairs
            .map(|(name, arguments)| Call {
                name: name.clone(),
                arguments: arguments.clone(),
            })
            .collect()
    }
}

/// A script in the binary that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not a script.
    #[error("scenarios/{path} is not a script")]
    Syntax {
        /// The file.
        path: String,
        /// Where and why.
        source: serde_yaml::Error,
    },
    /// Its name is not a temperature, or its answers are not of the shape that a conversation needs.
    #[error(
        "scenarios/{0}: a script is called TEMPERATURE.yaml, its first answer lists files, its last one calls nothing"
    )]
    Shape(String),
    /// A sample without any script.
    #[error("there is no scenario for the sample {0}")]
    Missing(&'static str),
}

impl Scenarios {
    /// Reads and checks the embedded scripts.
    pub fn load() -> Result<Self, ScenarioError> {
        let mut scenarios = BTreeMap::new();
        for sample in SAMPLES {
            let scripts = scripts_of(sample.name)?;
            if scripts.is_empty() {
                return Err(ScenarioError::Missing(sample.name));
            }
            scenarios.insert(sample.name, scripts);
        }
        Ok(Self(scenarios))
    }

    /// The script for a conversation: that of the sample it is about, nearest to its temperature (the lower one of
    /// two). None where it is about another repository, or another state of a sample.
    pub(crate) fn of(&self, request: &ChatRequest) -> Option<&Script> {
        let sample = SAMPLES
            .iter()
            .find(|sample| request.mentions(sample.marker))?;
        let distance = |temperature: f64| (temperature - request.temperature()).abs();
        let scripts = self.0.get(sample.name)?.iter();
        // `min_by` keeps the first of equals, and the list is sorted; the margin is for 0.1 + 0.2.
        let nearest = scripts.min_by(|(a, _), (b, _)| {
            let (a, b) = (distance(*a), distance(*b));
            if (a - b).abs() < 1e-9 {
                std::cmp::Ordering::Equal
            } else {
                a.total_cmp(&b)
            }
        })?;
        Some(&nearest.1)
    }
}

fn scripts_of(repository: &str) -> Result<Vec<(f64, Script)>, ScenarioError> {
    let mut scripts = Vec::new();
    for path in Sources::iter() {
        let Some(name) = path
            .strip_prefix(repository)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        let shape = || ScenarioError::Shape(path.to_string());
        let temperature: f64 = name
            .strip_suffix(".yaml")
            .and_then(|number| number.parse().ok())
            .ok_or_else(shape)?;
        let source = Sources::get(&path).ok_or_else(shape)?;
        let script: Script =
            serde_yaml::from_slice(&source.data).map_err(|source| ScenarioError::Syntax {
                path: path.to_string(),
                source,
            })?;
        let lists_first = script
            .first()
            .is_some_and(|turn| turn.calls.iter().any(|call| call.contains_key("list")));
        let ends = script.last().is_some_and(|turn| turn.calls.is_empty());
        if !lists_first || !ends {
            return Err(shape());
        }
        scripts.push((temperature, script));
    }
    scripts.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    Ok(scripts)
}
