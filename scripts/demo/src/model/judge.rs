//! What the model says as a judge of two changes: the smaller one is better.

use serde_json::json;

use super::request::ChatRequest;

/// How the judge's prompt of AIdeator's agent begins.
const JUDGE: &str = "You compare two changes";

/// The verdict, if that is what the caller wants.
pub(crate) fn verdict(request: &ChatRequest) -> Option<String> {
    if !request.system().starts_with(JUDGE) {
        return None;
    }
    let question = request.task();
    let sizes: Vec<_> = ["A", "B"]
        .map(|label| {
            let (_, change) = question.split_once(&format!("# CHANGE_{label}\n"))?;
            let (_, diff) = change.split_once("<diff ")?;
            let (mark, diff) = diff.split_once(">\n")?;
            Some(
                diff.split_once(&format!("</diff {mark}>"))?
                    .0
                    .lines()
                    .count(),
            )
        })
        .into_iter()
        .collect::<Option<_>>()?;
    let (winner, reason) = match sizes[0].cmp(&sizes[1]) {
        std::cmp::Ordering::Less => ("A", "CHANGE_A is smaller"),
        std::cmp::Ordering::Greater => ("B", "CHANGE_B is smaller"),
        std::cmp::Ordering::Equal => ("tie", "both are of the same size"),
    };
    let reason = format!(
        "Scripted, not thought: {reason} ({} and {} lines).",
        sizes[0], sizes[1]
    );
    Some(json!({"winner": winner, "reasons": [reason], "risks": []}).to_string())
}
