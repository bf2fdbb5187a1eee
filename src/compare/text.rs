//! The difference of two texts that both come from a third, of which only parts are known.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices_deadline, group_diff_ops};

use super::parse::Hunk;

/// Lines around each change.
const CONTEXT: usize = 3;

/// The two sides show different lines at the same place.
#[derive(Debug)]
pub(super) struct OtherBase;

/// Hunks that make the first side's text the second's, as git writes them. None where they are equal.
/// After the deadline they are right, but coarse.
pub(super) fn hunks(
    from: &[Hunk<'_>],
    to: &[Hunk<'_>],
    deadline: Instant,
) -> Result<Vec<u8>, OtherBase> {
    let known = known(from, to)?;
    let (mut from, mut to) = (Side::new(from), Side::new(to));
    let mut out = Vec::new();
    for range in ranges(from.hunks, to.hunks) {
        let (old_before, new_before) =
            (from.lines_before(range.start), to.lines_before(range.start));
        let old = from.text(&range, &known);
        let new = to.text(&range, &known);
        write_range(&mut out, (old_before, &old), (new_before, &new), deadline);
    }
    Ok(out)
}

/// The text that hunks make of a text that is wholly known.
pub(super) fn applied<'a>(base: &[&'a [u8]], hunks: &[Hunk<'a>]) -> Vec<&'a [u8]> {
    let known = base.iter().copied().enumerate().collect();
    Side::new(hunks).text(&(0..base.len()), &known)
}

/// All of a text as one hunk that adds (`+`) or deletes (`-`) it.
pub(super) fn all(sign: u8, lines: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let count = lines.len();
    match (count, sign) {
        (0, _) => return out,
        (_, b'+') => out.extend_from_slice(format!("@@ -0,0 +1,{count} @@\n").as_bytes()),
        _ => out.extend_from_slice(format!("@@ -1,{count} +0,0 @@\n").as_bytes()),
    }
    for line in lines {
        put(&mut out, sign, line);
    }
    out
}

/// What either side shows of the text that both come from, by line number.
fn known<'a>(from: &[Hunk<'a>], to: &[Hunk<'a>]) -> Result<BTreeMap<usize, &'a [u8]>, OtherBase> {
    let mut known = BTreeMap::new();
    for hunk in from.iter().chain(to) {
        for (i, line) in hunk.old.iter().enumerate() {
            let earlier = known.insert(hunk.start + i, *line);
            if earlier.is_some_and(|earlier| earlier != *line) {
                return Err(OtherBase);
            }
        }
    }
    Ok(known)
}

/// The parts of the common text that are known without a gap, as wide as they go.
fn ranges(from: &[Hunk<'_>], to: &[Hunk<'_>]) -> Vec<Range<usize>> {
    let both = from.iter().chain(to);
    let mut all: Vec<Range<usize>> = both.map(|hunk| hunk.start..hunk.end()).collect();
    all.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in all {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// One side, read from its start.
struct Side<'a, 'b> {
    hunks: &'b [Hunk<'a>],
    /// How many of the hunks are behind us.
    done: usize,
    /// Lines that those have added, and lines that they have taken away.
    added: usize,
    taken: usize,
}

impl<'a, 'b> Side<'a, 'b> {
    fn new(hunks: &'b [Hunk<'a>]) -> Self {
        Self {
            hunks,
            done: 0,
            added: 0,
            taken: 0,
        }
    }

    /// How many lines of this side are before a line of the base that no hunk behind us reaches.
    fn lines_before(&self, base: usize) -> usize {
        base + self.added - self.taken
    }

    /// This side's text of a range of the base.
    fn text(&mut self, range: &Range<usize>, known: &BTreeMap<usize, &'a [u8]>) -> Vec<&'a [u8]> {
        let mut lines = Vec::new();
        let mut at = range.start;
        while let Some(hunk) = self.hunks.get(self.done)
            && hunk.start <= range.end
        {
            lines.extend(known.range(at..hunk.start).map(|(_, line)| *line));
            lines.extend_from_slice(&hunk.new);
            at = hunk.end();
            self.done += 1;
            self.added += hunk.new.len();
            self.taken += hunk.old.len();
        }
        lines.extend(known.range(at..range.end.max(at)).map(|(_, line)| *line));
        lines
    }
}

/// Writes the hunks of one range, each text with the number of lines before it.
fn write_range(
    out: &mut Vec<u8>,
    (old_before, old): (usize, &[&[u8]]),
    (new_before, new): (usize, &[&[u8]]),
    deadline: Instant,
) {
    // Equal ends stay out, so that they are context and not part of what moved. The tail first: git
    // takes a hunk without lines after its change for one at the end of the file.
    let tail = equal(old.iter().rev(), new.iter().rev()).min(CONTEXT);
    let (old_rest, new_rest) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let head = equal(old_rest.iter(), new_rest.iter()).min(CONTEXT);
    let inner = |lines: &[&[u8]]| head..lines.len() - tail;
    let ops = capture_diff_slices_deadline(
        Algorithm::Myers,
        &old[inner(old)],
        &new[inner(new)],
        Some(deadline),
    );
    if ops.iter().all(|op| matches!(op, DiffOp::Equal { .. })) {
        return;
    }
    let ops = with_ends(&ops, head, tail);
    for group in group_diff_ops(ops, CONTEXT) {
        write_group(out, &group, (old_before, old), (new_before, new));
    }
}

fn equal<'a>(
    old: impl Iterator<Item = &'a &'a [u8]>,
    new: impl Iterator<Item = &'a &'a [u8]>,
) -> usize {
    old.zip(new).take_while(|(old, new)| old == new).count()
}

/// The operations on the whole texts: those on their insides, with the equal ends again.
///
/// Places are counted anew from the lengths: similar 2.7 gives wrong ones for what is only on one side.
fn with_ends(ops: &[DiffOp], head: usize, tail: usize) -> Vec<DiffOp> {
    let mut all: Vec<DiffOp> = Vec::with_capacity(ops.len() + 2);
    let (mut old_index, mut new_index) = (0, 0);
    let mut push = |tag: DiffTag, old_len: usize, new_len: usize| {
        match (all.last_mut(), tag) {
            _ if old_len + new_len == 0 => {}
            (Some(DiffOp::Equal { len, .. }), DiffTag::Equal) => *len += old_len,
            (_, DiffTag::Equal) => all.push(DiffOp::Equal {
                old_index,
                new_index,
                len: old_len,
            }),
            _ => all.push(DiffOp::Replace {
                old_index,
                old_len,
                new_index,
                new_len,
            }),
        }
        old_index += old_len;
        new_index += new_len;
    };
    push(DiffTag::Equal, head, head);
    for op in ops {
        push(op.tag(), op.old_range().len(), op.new_range().len());
    }
    push(DiffTag::Equal, tail, tail);
    all
}

fn write_group(
    out: &mut Vec<u8>,
    group: &[DiffOp],
    (old_before, old): (usize, &[&[u8]]),
    (new_before, new): (usize, &[&[u8]]),
) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return;
    };
    let old_range = first.old_range().start..last.old_range().end;
    let new_range = first.new_range().start..last.new_range().end;
    // Lines are counted from 1; of nothing, the line before it is named.
    let start =
        |before: usize, range: &Range<usize>| before + range.start + usize::from(!range.is_empty());
    let header = format!(
        "@@ -{},{} +{},{} @@\n",
        start(old_before, &old_range),
        old_range.len(),
        start(new_before, &new_range),
        new_range.len()
    );
    out.extend_from_slice(header.as_bytes());
    for op in group {
        if matches!(op, DiffOp::Equal { .. }) {
            for line in &old[op.old_range()] {
                put(out, b' ', line);
            }
            continue;
        }
        for line in &old[op.old_range()] {
            put(out, b'-', line);
        }
        for line in &new[op.new_range()] {
            put(out, b'+', line);
        }
    }
}

fn put(out: &mut Vec<u8>, sign: u8, line: &[u8]) {
    out.push(sign);
    out.extend_from_slice(line);
    if !line.ends_with(b"\n") {
        out.extend_from_slice(b"\n\\ No newline at end of file\n");
    }
}
