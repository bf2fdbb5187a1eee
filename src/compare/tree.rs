//! Two trees from the same base, and for each file what lies between them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::CompareError;
use super::parse::{Change, Content, File, Hunk};
use super::text;

/// What a patch makes of the base.
pub(super) struct Tree<'a> {
    /// By the file's path in the base.
    changed: BTreeMap<&'a [u8], &'a Change<'a>>,
    /// New files, by path.
    added: BTreeMap<&'a [u8], &'a Change<'a>>,
}

/// What happens to one file on the way from tree to tree.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) old: Option<File<'a>>,
    pub(super) new: Option<File<'a>>,
    pub(super) body: Body<'a>,
}

#[derive(Debug)]
pub(super) enum Body<'a> {
    /// Hunks as they are written; empty where the content stays.
    Text(Vec<u8>),
    Binary {
        forward: &'a [u8],
        reverse: Option<&'a [u8]>,
    },
    /// The bytes cannot be had from the patches.
    Differ,
}

/// A file as one tree has it.
struct State<'a, 'c> {
    file: File<'a>,
    content: &'c Content<'a>,
}

/// How git writes that nothing is left of a binary file.
const NOTHING: &[u8] = b"literal 0\nHcmV?d00001\n";
const SAME: Content<'static> = Content::Same;

impl<'a> Tree<'a> {
    pub(super) fn new(changes: &'a [Change<'a>]) -> Result<Self, CompareError> {
        let (mut changed, mut added) = (BTreeMap::new(), BTreeMap::new());
        for change in changes {
            let (map, file) = match (&change.old, &change.new) {
                (Some(old), _) => (&mut changed, old),
                (None, Some(new)) => (&mut added, new),
                (None, None) => continue,
            };
            if map.insert(&*file.path, change).is_some() {
                return Err(CompareError::Base(shown(&file.path)));
            }
        }
        Ok(Self { changed, added })
    }

    /// What leads from this tree to the other.
    pub(super) fn to(
        &self,
        other: &Self,
        deadline: Instant,
    ) -> Result<Vec<Section<'a>>, CompareError> {
        let mut sections = Vec::new();
        let paths: BTreeSet<_> = self.changed.keys().chain(other.changed.keys()).collect();
        for path in paths {
            let pair = (self.changed.get(*path), other.changed.get(*path));
            let changes = [pair.0, pair.1];
            let base = changes.into_iter().flatten().find_map(|c| c.old.as_ref());
            let base = base.cloned().unwrap_or_default();
            let base = changes
                .into_iter()
                .flatten()
                .fold(base, |base, change| known_of_base(base, change));
            let (from, to) = (state(pair.0, &base), state(pair.1, &base));
            match (from, to) {
                (Some(from), Some(to)) => sections.push(modified(&from, &to, deadline)?),
                (None, Some(to)) => sections.extend(pair.0.map(|gone| created(gone, &to))),
                (Some(from), None) => sections.extend(pair.1.map(|gone| deleted(gone, &from))),
                (None, None) => {}
            }
        }
        let paths: BTreeSet<_> = self.added.keys().chain(other.added.keys()).collect();
        for path in paths {
            let empty = File::default();
            let from = self.added.get(*path).and_then(|c| state(Some(c), &empty));
            let to = other.added.get(*path).and_then(|c| state(Some(c), &empty));
            both_new(from, to, deadline, &mut sections)?;
        }
        sections.retain(|section| !section.is_nothing());
        sections.sort_by(|a, b| a.place().cmp(&b.place()));
        Ok(sections)
    }
}

/// What a patch tells of a file that it shares with the other, where the other does not.
fn known_of_base<'a>(base: File<'a>, change: &'a Change<'a>) -> File<'a> {
    let Some(old) = &change.old else {
        return base;
    };
    File {
        mode: base.mode.or(old.mode),
        oid: base.oid.or(old.oid),
        ..base
    }
}

/// The file as a change leaves it; none where it is deleted. No change leaves it as in the base.
fn state<'a, 'c>(change: Option<&&'c Change<'a>>, base: &File<'a>) -> Option<State<'a, 'c>>
where
    'a: 'c,
{
    let Some(change) = change else {
        return Some(State {
            file: base.clone(),
            content: &SAME,
        });
    };
    let new = change.new.as_ref()?;
    let file = File {
        path: new.path.clone(),
        mode: new.mode.or(base.mode),
        oid: new.oid.or(base.oid),
    };
    Some(State {
        file,
        content: &change.content,
    })
}

/// Paths are for people: any bytes, shown as text.
fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn hunks<'a, 'c>(content: &'c Content<'a>) -> Option<&'c [Hunk<'a>]> {
    match content {
        Content::Same => Some(&[]),
        Content::Text(hunks) => Some(hunks),
        Content::Binary { .. } => None,
    }
}

/// Data that needs no other file.
fn literal(data: &[u8]) -> Option<&[u8]> {
    Some(data).filter(|data| data.starts_with(b"literal "))
}

/// A file that both trees have.
fn modified<'a>(
    from: &State<'a, '_>,
    to: &State<'a, '_>,
    deadline: Instant,
) -> Result<Section<'a>, CompareError> {
    use Content::{Binary, Same, Text};
    let ids = (from.file.oid, to.file.oid);
    let equal = ids.0.is_some() && ids.0 == ids.1;
    let body = match (from.content, to.content) {
        _ if equal => Body::Text(Vec::new()),
        (Same | Text(_), Same | Text(_)) => {
            let hunks = |content| hunks(content).unwrap_or_default();
            let hunks = text::hunks(hunks(from.content), hunks(to.content), deadline);
            Body::Text(hunks.map_err(|_| CompareError::Base(shown(&from.file.path)))?)
        }
        (Same, Binary { forward, reverse }) => binary(ids, Some(forward), *reverse),
        (Binary { forward, reverse }, Same) => binary(ids, *reverse, Some(forward)),
        (Binary { forward: back, .. }, Binary { forward, .. }) => {
            binary(ids, literal(forward), literal(back))
        }
        (Text(_), Binary { forward, .. }) => binary(ids, literal(forward), None),
        (Binary { .. }, Text(_)) => Body::Differ,
    };
    Ok(Section {
        old: Some(from.file.clone()),
        new: Some(to.file.clone()),
        body,
    })
}

/// Git takes binary data only with both ids before it.
fn binary<'a>(
    ids: (Option<&[u8]>, Option<&[u8]>),
    forward: Option<&'a [u8]>,
    reverse: Option<&'a [u8]>,
) -> Body<'a> {
    match (forward, ids) {
        (Some(forward), (Some(_), Some(_))) => Body::Binary { forward, reverse },
        _ => Body::Differ,
    }
}

/// A file of the base that `gone` deletes and the other tree has.
fn created<'a>(gone: &Change<'a>, to: &State<'a, '_>) -> Section<'a> {
    let body = match (whole(gone, to.content), &gone.content, to.content) {
        (Some(lines), _, _) => Body::Text(text::all(b'+', &lines)),
        (None, Content::Binary { reverse, .. }, Content::Same) => {
            new_binary(to.file.oid, reverse.and_then(literal))
        }
        (None, _, Content::Binary { forward, .. }) => new_binary(to.file.oid, literal(forward)),
        _ => Body::Differ,
    };
    Section {
        old: None,
        new: Some(to.file.clone()),
        body,
    }
}

fn new_binary<'a>(oid: Option<&[u8]>, data: Option<&'a [u8]>) -> Body<'a> {
    binary((oid, oid), data, Some(NOTHING))
}

/// A file of the base that this tree has and `gone` deletes.
fn deleted<'a>(gone: &Change<'a>, from: &State<'a, '_>) -> Section<'a> {
    let body = if let Some(lines) = whole(gone, from.content) {
        Body::Text(text::all(b'-', &lines))
    } else {
        let data = match (&gone.content, from.content) {
            (Content::Binary { reverse, .. }, Content::Same) => *reverse,
            (_, Content::Binary { forward, .. }) => Some(*forward),
            _ => None,
        };
        let ids = (from.file.oid, from.file.oid);
        binary(ids, Some(NOTHING), data.and_then(literal))
    };
    Section {
        old: Some(from.file.clone()),
        new: None,
        body,
    }
}

/// All lines of a changed file, whose base is known because the other side deletes it.
fn whole<'a>(gone: &Change<'a>, content: &Content<'a>) -> Option<Vec<&'a [u8]>> {
    let base = hunks(&gone.content)?.first();
    let base = base.map(|hunk| hunk.old.as_slice()).unwrap_or_default();
    Some(text::applied(base, hunks(content)?))
}

/// A file that the base does not have.
fn both_new<'a>(
    from: Option<State<'a, '_>>,
    to: Option<State<'a, '_>>,
    deadline: Instant,
    sections: &mut Vec<Section<'a>>,
) -> Result<(), CompareError> {
    if let (Some(from), Some(to)) = (&from, &to) {
        // File, link or submodule; then text or not.
        let kind = |state: &State<'a, '_>| state.file.mode.and_then(|mode| mode.get(..3));
        let is_text = |state: &State<'_, '_>| hunks(state.content).is_some();
        if kind(from) == kind(to) && is_text(from) == is_text(to) {
            sections.push(modified(from, to, deadline)?);
            return Ok(());
        }
    }
    // What becomes another kind of file is deleted and made anew, as git does it.
    let nothing = Change::default();
    sections.extend(from.map(|from| deleted(&nothing, &from)));
    sections.extend(to.map(|to| created(&nothing, &to)));
    Ok(())
}

impl Section<'_> {
    fn is_nothing(&self) -> bool {
        let (Some(old), Some(new)) = (&self.old, &self.new) else {
            return false;
        };
        let content = matches!(&self.body, Body::Text(hunks) if hunks.is_empty());
        content && old.path == new.path && old.mode == new.mode
    }

    /// By path, and what goes before what comes to the same place.
    fn place(&self) -> (&[u8], bool) {
        let file = self.new.as_ref().or(self.old.as_ref());
        let path = file.map(|file| &*file.path).unwrap_or_default();
        (path, self.new.is_some())
    }
}
