//! Git's patch format, read: <https://git-scm.com/docs/diff-format#generate_patch_text_with_p>.

use std::borrow::Cow;

/// The text is no patch that git makes.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of a patch cannot be read: {what}")]
pub struct PatchSyntax {
    line: usize,
    what: &'static str,
}

/// What happens to one file.
#[derive(Debug, Default)]
pub(super) struct Change<'a> {
    /// None where the file is new.
    pub(super) old: Option<File<'a>>,
    /// None where it is deleted.
    pub(super) new: Option<File<'a>>,
    pub(super) content: Content<'a>,
}

/// A file on one side.
#[derive(Debug, Clone, Default)]
pub(super) struct File<'a> {
    pub(super) path: Cow<'a, [u8]>,
    /// Absent where the patch does not say it: then it stays as it is.
    pub(super) mode: Option<&'a [u8]>,
    /// The content's id; absent where the content stays as it is.
    pub(super) oid: Option<&'a [u8]>,
}

/// How the content changes.
#[derive(Debug, Default)]
pub(super) enum Content<'a> {
    #[default]
    Same,
    /// Hunks in their order.
    Text(Vec<Hunk<'a>>),
    Binary {
        forward: &'a [u8],
        reverse: Option<&'a [u8]>,
    },
}

/// Lines of the old file, and what they become. Lines have their newline, where they have one.
#[derive(Debug)]
pub(super) struct Hunk<'a> {
    /// How many lines of the old file are before it.
    pub(super) start: usize,
    pub(super) old: Vec<&'a [u8]>,
    pub(super) new: Vec<&'a [u8]>,
}

impl Hunk<'_> {
    /// How many lines of the old file are before its end.
    pub(super) fn end(&self) -> usize {
        self.start + self.old.len()
    }
}

/// Every change of a patch, in its order.
pub(super) fn patch(bytes: &[u8]) -> Result<Vec<Change<'_>>, PatchSyntax> {
    let mut lines = Lines::new(bytes);
    let mut changes = Vec::new();
    while let Some(line) = lines.next() {
        let Some(names) = line.strip_prefix(b"diff --git ") else {
            return Err(lines.wrong("`diff --git` was expected"));
        };
        changes.push(change(&mut lines, without_newline(names))?);
    }
    Ok(changes)
}

/// Lines of a patch, with the number of the last.
struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    fn new(rest: &'a [u8]) -> Self {
        Self { rest, number: 0 }
    }

    fn peek(&self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let line = &self.rest[..end.map_or(self.rest.len(), |end| end + 1)];
        (!line.is_empty()).then_some(line)
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.peek()?;
        self.rest = &self.rest[line.len()..];
        self.number += 1;
        Some(line)
    }

    fn wrong(&self, what: &'static str) -> PatchSyntax {
        PatchSyntax {
            line: self.number,
            what,
        }
    }
}

fn without_newline(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// What the lines before the content say.
#[derive(Default)]
struct Header<'a> {
    old_path: Option<Cow<'a, [u8]>>,
    new_path: Option<Cow<'a, [u8]>>,
    old_mode: Option<&'a [u8]>,
    new_mode: Option<&'a [u8]>,
    oids: Option<(&'a [u8], &'a [u8])>,
    added: bool,
    deleted: bool,
}

fn change<'a>(lines: &mut Lines<'a>, names: &'a [u8]) -> Result<Change<'a>, PatchSyntax> {
    let mut header = Header::default();
    let mut content = Content::Same;
    while let Some(line) = lines.peek() {
        if line.starts_with(b"diff --git ") {
            break;
        }
        if line.starts_with(b"@@ ") {
            content = Content::Text(hunks(lines)?);
            break;
        }
        lines.next();
        if line == b"GIT binary patch\n" {
            content = binary(lines)?;
            break;
        }
        header_line(&mut header, without_newline(line)).map_err(|what| lines.wrong(what))?;
    }
    let renamed = header.old_path.zip(header.new_path);
    let same = || same_name(names).map(|name| (name.clone(), name));
    let (old_path, new_path) = renamed
        .or_else(same)
        .ok_or_else(|| lines.wrong("the file has no name"))?;
    let oids = header.oids.unzip();
    let old = File {
        path: old_path,
        mode: header.old_mode,
        oid: oids.0,
    };
    let new = File {
        path: new_path,
        mode: header.new_mode.or(header.old_mode),
        oid: oids.1,
    };
    Ok(Change {
        old: (!header.added).then_some(old),
        new: (!header.deleted).then_some(new),
        content,
    })
}

fn header_line<'a>(header: &mut Header<'a>, line: &'a [u8]) -> Result<(), &'static str> {
    let after = |prefix: &[u8]| line.strip_prefix(prefix);
    if let Some(mode) = after(b"old mode ") {
        header.old_mode = Some(mode);
    } else if let Some(mode) = after(b"new mode ") {
        header.new_mode = Some(mode);
    } else if let Some(mode) = after(b"new file mode ") {
        header.added = true;
        header.new_mode = Some(mode);
    } else if let Some(mode) = after(b"deleted file mode ") {
        header.deleted = true;
        header.old_mode = Some(mode);
    } else if let Some(name) = after(b"rename from ") {
        header.old_path = Some(unquoted(name).ok_or("a name in quotes is broken")?);
    } else if let Some(name) = after(b"rename to ") {
        header.new_path = Some(unquoted(name).ok_or("a name in quotes is broken")?);
    } else if let Some(ids) = after(b"index ") {
        let mut words = ids.splitn(2, |byte| *byte == b' ');
        let ids = words.next().unwrap_or_default();
        let dots = ids.windows(2).position(|pair| pair == b"..");
        let dots = dots.ok_or("an index line has no `..`")?;
        header.oids = Some((&ids[..dots], &ids[dots + 2..]));
        if let Some(mode) = words.next() {
            header.old_mode = Some(mode);
        }
    } else if after(b"copy ").is_some() {
        return Err("copies are not understood");
    } else if after(b"Binary files ").is_some() {
        return Err("a binary file was left out of the patch");
    }
    // `similarity index`, and the `---` and `+++` that say once more what the first line said.
    Ok(())
}

/// The name in `a/NAME b/NAME`.
fn same_name(names: &[u8]) -> Option<Cow<'_, [u8]>> {
    if names.starts_with(b"\"") {
        // Both are equally long, with a space between them.
        let name = unquoted(names.get(..names.len() / 2)?)?;
        return Some(name.get(2..)?.to_vec().into());
    }
    // `a/`, the name, a space, `b/`, the name.
    let length = names.len().checked_sub(5)? / 2;
    let name = names.get(2..2 + length)?;
    let twice = [b"a/", name, b" b/", name].concat();
    (twice == names).then_some(Cow::Borrowed(name))
}

/// A name as git writes it: in quotes with C's escapes where it has unusual bytes.
fn unquoted(name: &[u8]) -> Option<Cow<'_, [u8]>> {
    let Some(inner) = name.strip_prefix(b"\"") else {
        return Some(Cow::Borrowed(name));
    };
    let mut inner = inner.strip_suffix(b"\"")?.iter().copied();
    let mut plain = Vec::new();
    while let Some(byte) = inner.next() {
        plain.push(match byte {
            b'\\' => match inner.next()? {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                digit @ b'0'..=b'3' => {
                    let octal = [digit, inner.next()?, inner.next()?];
                    u8::from_str_radix(std::str::from_utf8(&octal).ok()?, 8).ok()?
                }
                other @ (b'"' | b'\\') => other,
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain.into())
}

fn hunks<'a>(lines: &mut Lines<'a>) -> Result<Vec<Hunk<'a>>, PatchSyntax> {
    let mut hunks: Vec<Hunk<'a>> = Vec::new();
    while let Some(line) = lines.peek().filter(|line| line.starts_with(b"@@ ")) {
        lines.next();
        let numbers = numbers(line).ok_or_else(|| lines.wrong("a hunk's numbers are broken"))?;
        let hunk = hunk(lines, numbers)?;
        if hunks.last().is_some_and(|last| last.end() > hunk.start) {
            return Err(lines.wrong("hunks overlap"));
        }
        hunks.push(hunk);
    }
    Ok(hunks)
}

/// Start and length on the old side, and the length on the new one.
fn numbers(line: &[u8]) -> Option<(usize, usize, usize)> {
    let line = std::str::from_utf8(line.strip_prefix(b"@@ -")?.split(|b| *b == b'@').next()?);
    let (old, new) = line.ok()?.trim_end().split_once(" +")?;
    let pair = |text: &str| -> Option<(usize, usize)> {
        let (start, length) = text.split_once(',').unwrap_or((text, "1"));
        // No file has more lines, and what is computed from them must not overflow.
        let number = |text: &str| usize::try_from(text.parse::<u32>().ok()?).ok();
        Some((number(start)?, number(length)?))
    };
    let ((start, old), (_, new)) = (pair(old)?, pair(new)?);
    // Lines are counted from 1; of nothing, the line before it is named.
    let before = if old == 0 {
        start
    } else {
        start.checked_sub(1)?
    };
    Some((before, old, new))
}

fn hunk<'a>(
    lines: &mut Lines<'a>,
    (start, old, new): (usize, usize, usize),
) -> Result<Hunk<'a>, PatchSyntax> {
    let mut hunk = Hunk {
        start,
        old: Vec::new(),
        new: Vec::new(),
    };
    while hunk.old.len() < old || hunk.new.len() < new {
        let line = lines.next().ok_or_else(|| lines.wrong("a hunk is cut"))?;
        let mut text = &line[1..];
        if lines.peek().is_some_and(|next| next.starts_with(b"\\")) {
            lines.next();
            text = without_newline(text);
        }
        match line[0] {
            b' ' => {
                hunk.old.push(text);
                hunk.new.push(text);
            }
            b'-' => hunk.old.push(text),
            b'+' => hunk.new.push(text),
            _ => return Err(lines.wrong("a line of a hunk begins with something else")),
        }
    }
    if hunk.old.len() == old && hunk.new.len() == new {
        Ok(hunk)
    } else {
        Err(lines.wrong("a hunk has more lines than it says"))
    }
}

fn binary<'a>(lines: &mut Lines<'a>) -> Result<Content<'a>, PatchSyntax> {
    let forward = blob(lines)?.ok_or_else(|| lines.wrong("a binary patch is empty"))?;
    let reverse = blob(lines)?;
    Ok(Content::Binary { forward, reverse })
}

/// `literal N` or `delta N` with its data, up to its empty line, if there is one.
fn blob<'a>(lines: &mut Lines<'a>) -> Result<Option<&'a [u8]>, PatchSyntax> {
    let is_blob = |line: &[u8]| line.starts_with(b"literal ") || line.starts_with(b"delta ");
    if !lines.peek().is_some_and(is_blob) {
        return Ok(None);
    }
    let start = lines.rest;
    let mut length = 0;
    loop {
        let line = lines
            .next()
            .ok_or_else(|| lines.wrong("a binary patch is cut"))?;
        if line == b"\n" {
            return Ok(Some(&start[..length]));
        }
        length += line.len();
    }
}
