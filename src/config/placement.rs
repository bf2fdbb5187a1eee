//! Where in the cluster agents run: fields of their pods that only the operator knows.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::env::Env;

/// The fields an operator may set. The others are AIdeator's: with them a pod could be given rights.
const FIELDS: [(&str, Shape); 6] = [
    ("affinity", Shape::Object),
    ("imagePullSecrets", Shape::List),
    ("nodeSelector", Shape::Object),
    ("priorityClassName", Shape::Text),
    ("runtimeClassName", Shape::Text),
    ("tolerations", Shape::List),
];

#[derive(Clone, Copy)]
enum Shape {
    Object,
    List,
    Text,
}

/// Fields of a pod's `spec`, as JSON; what is inside of them is for the API server to judge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placement(pub Map<String, Value>);

impl Placement {
    pub(super) fn from_env(env: &mut Env<'_>) -> Self {
        let given = env.optional(
            "AGENT_POD",
            "JSON with fields for the agents' pods that say where they run: affinity, imagePullSecrets, nodeSelector,\npriorityClassName, runtimeClassName, tolerations. Default: none.",
        );
        given.unwrap_or_default()
    }
}

impl FromStr for Placement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let names = || FIELDS.map(|(name, _)| name).join(", ");
        let fields: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| format!("use a JSON object with any of {}: {error}", names()))?;
        for (name, value) in &fields {
            let Some((_, shape)) = FIELDS.iter().find(|(known, _)| known == name) else {
                return Err(format!("has `{name}`; only {} can be set", names()));
            };
            let (fits, word) = match shape {
                Shape::Object => (value.is_object(), "an object"),
                Shape::List => (value.is_array(), "a list"),
                Shape::Text => (value.is_string(), "a string"),
            };
            if !fits {
                return Err(format!("has a `{name}` that is not {word}"));
            }
        }
        Ok(Self(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_places_a_pod_can_be_set() {
        let given = r#"{"runtimeClassName": "gvisor", "tolerations": [{"key": "a"}]}"#;
        assert_eq!(given.parse::<Placement>().unwrap().0.len(), 2);
        for (text, said) in [
            ("gvisor", "use a JSON object"),
            (r#"{"hostNetwork": true}"#, "has `hostNetwork`"),
            (
                r#"{"serviceAccountName": "admin"}"#,
                "has `serviceAccountName`",
            ),
            (r#"{"nodeSelector": ["a"]}"#, "is not an object"),
        ] {
            let error = text.parse::<Placement>().unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
