//! Edits, and what their errors say.

use super::*;

fn edit_text(file: &str, old: &str, new: &str, replace_all: bool) -> Result<Vec<u8>, String> {
    edit_bytes(file.as_bytes(), old, new, replace_all)
}

fn edit_bytes(file: &[u8], old: &str, new: &str, replace_all: bool) -> Result<Vec<u8>, String> {
    let arguments = Arguments {
        path: "f".to_owned(),
        old: old.to_owned(),
        new: new.to_owned(),
        replace_all,
    };
    edit(Path::new("f"), file, &arguments).map(|edited| edited.bytes)
}

#[test]
fn case_10_an_edit_changes_its_text_and_no_other_byte() {
    for (file, old, new, all, expected) in [
        ("a\nb\nc\n", "b\n", "B\nB\n", false, "a\nB\nB\nc\n"),
        ("x x x", "x", "yy", true, "yy yy yy"),
        // The file's own line endings, whatever the model sends.
        ("a\r\nb\r\nc", "a\nb", "1\n2\n3", false, "1\r\n2\r\n3\r\nc"),
        ("a\r\nb\r\n", "a\r\nb", "1\r\n2", false, "1\r\n2\r\n"),
        ("a\r\nb\nc\n", "b\nc", "B\nC", false, "a\r\nB\nC\n"),
        // A byte order mark stays.
        ("\u{feff}a\n", "a", "b", false, "\u{feff}b\n"),
        // A placeholder that was there before is text like any other.
        (
            "# ... rest of it\nx\n",
            "it\nx",
            "it\n# ...\ny",
            false,
            "# ... rest of it\n# ...\ny\n",
        ),
    ] {
        let edited = edit_text(file, old, new, all).unwrap();
        assert_eq!(String::from_utf8(edited).unwrap(), expected);
    }
    let latin1 = edit_bytes(b"caf\xe9 = 1\n", "= 1", "= 2", false).unwrap();
    assert_eq!(latin1, b"caf\xe9 = 2\n");
    assert!(edit_bytes(b"caf\xe9 = 1\n", "= 1", "= é", false).is_err());
}

#[test]
fn case_10_an_error_says_what_is_there_instead() {
    let file = "fn one() {\n    first();\n    second();\n}\n\nfn two() {\n    first();\n}\n";
    let error = |old: &str, new: &str| edit_text(file, old, new, false).unwrap_err();
    // Several: where.
    assert!(error("first();", "x").contains("2 times, at lines 2, 7."));
    // Blanks: the first line that differs, to be seen.
    let blanks = error("fn one() {\n\tfirst();\n", "x");
    assert!(blanks.contains("begins at line 1"), "{blanks}");
    assert!(
        blanks.contains("file: ····first();\n  old:  →first();"),
        "{blanks}"
    );
    assert!(blanks.contains("3:     second();"), "{blanks}");
    // One letter.
    let letter = error("    secund();", "x");
    assert!(
        letter.contains("line 3") && letter.contains("old:  ····secund();"),
        "{letter}"
    );
    // Nothing like it.
    assert!(error("class Foo:", "x").contains("No line of it is there"));
    // `read`'s numbers.
    assert!(error("2:     first();\n3:     second();", "x").contains("line numbers"));
    // Done before.
    assert!(error("    1st();\n", "    second();\n").contains("already there"));
    // Nothing, the same, a placeholder.
    assert!(error("", "x").contains("`old` is empty"));
    assert!(error("first", "first").contains("the same"));
    let lazy = error(
        "    second();\n}",
        "    second();\n    // ... rest of the code unchanged\n}",
    );
    assert!(lazy.contains("placeholder"), "{lazy}");
    // The end of the file.
    let end = error("fn two() {\n    first();\n}\nmore", "x");
    assert!(end.contains("file: (end of the file)"), "{end}");
}
