//! The command line against the installed server, and its transcript in `docs/cli.md`.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{env, in_peace, nonce, sh};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");
const BEGIN: &str = "<!-- transcript: written by tests/cluster/cli.rs -->\n";
const END: &str = "<!-- end of transcript -->\n";
const PROMPT: &str =
    "Make the failing tests pass: what is not a duration must be an error, and so must overflow.";
/// Lines of a command's output that the transcript shows, from its begin and to its end.
const SHOWN: (usize, usize) = (14, 22);

/// A shell whose commands are noted with what they print.
struct Shell {
    dir: tempfile::TempDir,
    clone: String,
    text: String,
}

impl Shell {
    /// Runs a command line in the clone, with `aideator` on PATH; its standard output and error.
    async fn run(&mut self, line: &str) -> String {
        let bin = Path::new(env!("CARGO_BIN_EXE_aideator")).parent().unwrap();
        let script = format!("export PATH={}:$PATH; {line}", bin.display());
        let said = sh(&format!("cd {} && {{ {script}; }} 2>&1", self.clone)).await;
        let said = String::from_utf8(said).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        let (first, last) = SHOWN;
        let shown = if lines.len() > first + last + 1 {
            let end = lines.len() - last;
            let left = end - first;
            let mark = format!("… ({left} lines)");
            [&lines[..first], &[&mark], &lines[end..]]
                .concat()
                .join("\n")
        } else {
            said.trim_end().to_owned()
        };
        let _ = write!(self.text, "$ {line}\n{shown}\n");
        said
    }
}

#[tokio::test]
async fn a_person_s_way_from_a_prompt_to_a_changed_clone() {
    let _peace = in_peace().await;
    let dir = tempfile::tempdir().unwrap();
    let clone = dir.path().join("clone").to_str().unwrap().to_owned();
    sh(&format!(
        "git clone -q {} {clone}",
        env("AIDEATOR_DEMO_CLONE")
    ))
    .await;
    let mut shell = Shell {
        dir,
        clone,
        text: String::new(),
    };
    // By its marker the run is found among those that other tests make at the same time.
    let marker = nonce();
    let said = shell.run(&format!(
        "aideator run --repo $AIDEATOR_DEMO_REPO -n 2 --check \"python3 -m unittest\" \"{PROMPT} {marker}\" --wait"
    )).await;
    let id = said.split(':').next().unwrap().to_owned();
    assert!(
        id.starts_with("run-") && said.contains("1| check `python3 -m unittest`: passed"),
        "{said}"
    );
    assert!(said.contains("\nrun completed\n"), "{said}");
    let verified = shell.run(&format!("aideator verify {id}")).await;
    assert_eq!(
        verified.matches(", complete: yes, ").count(),
        2,
        "{verified}"
    );
    shell.run(&format!("aideator patch {id} 2 --from 1")).await;
    let listed = shell.run(&format!("aideator runs --search {marker}")).await;
    assert!(listed.starts_with(&id), "{listed}");
    shell.run(&format!("aideator pick {id} 1 --apply")).await;
    let tested = shell
        .run("git diff --stat && python3 -m unittest 2>&1 | tail -1")
        .await;
    assert!(tested.ends_with("OK\n"), "{tested}");
    write_down(&shell, &id, &marker);
}

/// Renews the block of the document when asked to.
#[expect(clippy::disallowed_methods, reason = "the switch of the documents")]
fn write_down(shell: &Shell, id: &str, marker: &str) {
    if std::env::var_os("UPDATE_TRANSCRIPT").is_none() {
        return;
    }
    let home = shell.dir.path().to_str().unwrap();
    let text = shell
        .text
        .replace(id, "run-01a2…")
        .replace(&format!("--search {marker}"), "--search failing")
        .replace(&format!(" {marker}"), "")
        .replace(home, "~");
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let new = format!("{before}{BEGIN}\n```console\n{text}```\n\n{END}{after}");
    std::fs::write(DOCUMENT, new).unwrap();
}
