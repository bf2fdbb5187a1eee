//! What the model does in a repository that it has no scenario for: it looks around and describes what it found.
//! Asked for a change, it writes the description into a file, so that there is a patch to look at.

use serde_json::json;

use super::reply::Call;
use super::request::ChatRequest;

const NOTES: &str = "SCRIPTED.md";

/// An answer: text and calls.
pub(crate) type Answer = (String, Vec<Call>);

/// Whether the task is to tell, not to change. Only the beginning counts, up to the second heading: what follows may
/// be the repository's own text.
pub(crate) fn is_question(task: &str) -> bool {
    const TELL: [&str; 5] = ["analyze", "analyse", "describe", "explain", "what does"];
    const CHANGE: [&str; 5] = ["fix", "make ", "add ", "implement", "repair"];
    let mut sections = task.trim_start().split("\n#");
    let beginning: String = sections
        .next()
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect::<String>()
        .to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| beginning.contains(word));
    has(&TELL) && !has(&CHANGE)
}

/// The next answer.
pub(crate) fn answer(request: &ChatRequest) -> Answer {
    let results = request.tool_results();
    let Some(tree) = results.first() else {
        return opening(request);
    };
    let readme = readme_in(tree);
    let mut steps: Vec<Answer> = Vec::new();
    if let Some(path) = &readme {
        let say = format!("`{path}` should say what this is.");
        steps.push((say, vec![call("read", &json!({"path": path}))]));
    }
    let description = describe(
        tree,
        readme
            .is_some()
            .then(|| results.get(1))
            .flatten()
            .map(AsRef::as_ref),
    );
    if !is_question(&request.task()) {
        let content = format!(
            "# What is here\n\n{description}\n\nWritten by AIdeator's scripted model at temperature {}: it has no \
             scenario for this repository.\n",
            request.temperature()
        );
        let say = format!(
            "I have no scenario for this repository, so I'll write down what I found in `{NOTES}`."
        );
        steps.push((
            say,
            vec![call("write", &json!({"path": NOTES, "content": content}))],
        ));
    }
    let step = request.turn().saturating_sub(1);
    // Whoever asks again after the last answer gets it once more.
    steps
        .into_iter()
        .nth(step)
        .unwrap_or((description, Vec::new()))
}

fn opening(request: &ChatRequest) -> Answer {
    if request.turn() > 0 || !request.offers("list") {
        return (
            "This is AIdeator's scripted model: it follows scripts, and needs tools to do so."
                .into(),
            Vec::new(),
        );
    }
    (
        "I'll look at what is in the repository.".into(),
        vec![call("list", &json!({"depth": 2}))],
    )
}

fn call(name: &str, arguments: &serde_json::Value) -> Call {
    Call {
        name: name.into(),
        arguments: arguments.clone(),
    }
}

/// The name of the README in a tree as the `list` tool shows it.
fn readme_in(tree: &str) -> Option<String> {
    let words = tree.split(|character: char| {
        !(character.is_ascii_alphanumeric() || "._-/".contains(character))
    });
    let mut readmes = words.filter(|word| {
        let name = word.to_ascii_lowercase();
        name == "readme"
            || name
                .strip_prefix("readme.")
                .is_some_and(|end| ["md", "rst", "txt"].contains(&end))
    });
    readmes.next().map(str::to_owned)
}

fn describe(tree: &str, readme: Option<&str>) -> String {
    let entries = tree.lines().filter(|line| !line.trim().is_empty()).count();
    let quoted = readme.map(beginning).unwrap_or_default();
    if quoted.is_empty() {
        return format!(
            "The repository has {entries} entries in its two upper levels and no README to go by."
        );
    }
    format!(
        "The repository has {entries} entries in its two upper levels. Its README begins:\n\n{quoted}"
    )
}

/// The first lines of a file as the `read` tool shows it (`N: text`), quoted.
fn beginning(file: &str) -> String {
    let lines = file.lines().filter_map(|line| {
        let (number, text) = line.trim_start().split_once(':')?;
        number.parse::<u32>().ok()?;
        Some(text.strip_prefix(' ').unwrap_or(text).trim_end())
    });
    let lines = lines.filter(|line| !line.is_empty()).take(5);
    let quoted: Vec<_> = lines
        .map(|line| format!("> {}", line.chars().take(200).collect::<String>()))
        .collect();
    quoted.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_task_itself_makes_a_question() {
        let question = "# Task\n\nAnalyze this repository and describe what it does\n\n# Repository\n\nMake file\n";
        assert!(is_question(question));
        assert!(!is_question(
            "# Task\n\nRepair it.\n\n# Repository\n\nexplain.md\n"
        ));
        assert!(!is_question("Describe the bug, then fix it."));
    }

    #[test]
    fn finds_the_readme_of_a_tree() {
        assert_eq!(
            readme_in("src/\n  main.rs\nREADME.rst  (2 kB)\n").as_deref(),
            Some("README.rst")
        );
        assert_eq!(readme_in("src/\n  readme_test.py\n"), None);
    }
}
