//! Git's patch format, written.

use std::fmt::Write as _;

use super::parse::File;
use super::tree::{Body, Section};

/// All sections as one patch.
pub(super) fn patch(sections: Vec<Section<'_>>) -> Vec<u8> {
    let mut out = Vec::new();
    for section in sections {
        write(&mut out, &section);
    }
    out
}

fn write(out: &mut Vec<u8>, section: &Section<'_>) {
    let (old, new) = (section.old.as_ref(), section.new.as_ref());
    let Some(any) = old.or(new) else {
        return;
    };
    let old_name = quoted(b"a/", &old.unwrap_or(any).path);
    let new_name = quoted(b"b/", &new.unwrap_or(any).path);
    line(out, &[b"diff --git ", &old_name, b" ", &new_name]);
    match (old, new) {
        (Some(old), Some(new)) => both(out, section, old, new),
        (None, Some(new)) => line(out, &[b"new file mode ", mode(new)]),
        (Some(old), None) => line(out, &[b"deleted file mode ", mode(old)]),
        (None, None) => {}
    }
    index(out, section);
    let null = || b"/dev/null".to_vec();
    let old_name = old.map_or_else(null, |_| old_name);
    let new_name = new.map_or_else(null, |_| new_name);
    match &section.body {
        Body::Text(hunks) if hunks.is_empty() => {}
        Body::Text(hunks) => {
            line(out, &[b"--- ", &old_name, tab(&old_name)]);
            line(out, &[b"+++ ", &new_name, tab(&new_name)]);
            out.extend_from_slice(hunks);
        }
        Body::Binary { forward, reverse } => {
            line(out, &[b"GIT binary patch"]);
            line(out, &[forward]);
            if let Some(reverse) = reverse {
                line(out, &[reverse]);
            }
        }
        Body::Differ => line(
            out,
            &[b"Binary files ", &old_name, b" and ", &new_name, b" differ"],
        ),
    }
}

/// What changes of a file besides its content.
fn both(out: &mut Vec<u8>, section: &Section<'_>, old: &File<'_>, new: &File<'_>) {
    if old.mode != new.mode {
        line(out, &[b"old mode ", mode(old)]);
        line(out, &[b"new mode ", mode(new)]);
    }
    if old.path != new.path {
        if matches!(&section.body, Body::Text(hunks) if hunks.is_empty()) {
            line(out, &[b"similarity index 100%"]);
        }
        line(out, &[b"rename from ", &quoted(b"", &old.path)]);
        line(out, &[b"rename to ", &quoted(b"", &new.path)]);
    }
}

/// The content's ids, where they are known and it changes.
fn index(out: &mut Vec<u8>, section: &Section<'_>) {
    let (old, new) = (section.old.as_ref(), section.new.as_ref());
    let known = old.or(new).and_then(|file| file.oid);
    let none = vec![b'0'; known.map_or(40, <[u8]>::len)];
    let id = |file: Option<&File<'_>>| match file {
        Some(file) => file.oid.map(<[u8]>::to_vec),
        None => Some(none.clone()),
    };
    let (Some(before), Some(after)) = (id(old), id(new)) else {
        return;
    };
    if before == after {
        return;
    }
    line(out, &[b"index ", &before, b"..", &after]);
    if let (Some(old), Some(new)) = (old, new)
        && old.mode == new.mode
        && let Some(mode) = new.mode
    {
        // On the same line.
        out.pop();
        line(out, &[b" ", mode]);
    }
}

fn mode<'f>(file: &File<'f>) -> &'f [u8] {
    file.mode.unwrap_or(b"100644")
}

/// Git ends a name with a space in it by a tab.
fn tab(name: &[u8]) -> &'static [u8] {
    if name.contains(&b' ') { b"\t" } else { b"" }
}

fn line(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
    out.push(b'\n');
}

/// A name as git writes it: in quotes with C's escapes where it has unusual bytes.
fn quoted(prefix: &[u8], path: &[u8]) -> Vec<u8> {
    let name = [prefix, path].concat();
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if name.iter().all(plain) {
        return name;
    }
    let mut text = String::from('"');
    for byte in name {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(byte)),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\{other:03o}");
            }
        }
    }
    text.push('"');
    text.into_bytes()
}
