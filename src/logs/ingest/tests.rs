//! Each test is a story: what was stored, what is read again, what the log must be.

use super::*;
use crate::logs::LogStore;
use crate::model::{RunId, VariationKey};

struct Story {
    _dir: tempfile::TempDir,
    store: LogStore,
    key: VariationKey,
    gaps: Vec<Gap>,
    foreign: String,
}

/// A line with second `at` and `nano` in its stamp.
fn line(at: u32, nano: u32, text: &str) -> String {
    format!("2026-11-22T21:47:{at:02}.{nano:09}Z {text}\n")
}

impl Story {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: LogStore::open(dir.path()).unwrap(),
            key: VariationKey {
                run: RunId::generate(),
                index: 0,
                attempt: 0,
            },
            _dir: dir,
            gaps: Vec::new(),
            foreign: String::new(),
        }
    }

    /// One `kubectl logs` that prints `text`, given to the ingest in chunks of `chunk` bytes.
    fn read(&mut self, text: &str, clean: bool, chunk: usize) -> &mut Self {
        let mut writer = self.store.writer(self.key).unwrap();
        let tail = StoredTail::of(&writer).unwrap();
        let mut ingest = Ingest::new(&mut writer, tail);
        for part in text.as_bytes().chunks(chunk) {
            ingest.push(part).unwrap();
        }
        let end = ingest.end(clean, true).unwrap();
        self.gaps.extend(end.gaps);
        self.foreign.push_str(&end.foreign);
        self
    }

    fn stored(&self) -> String {
        String::from_utf8(std::fs::read(self.store.path(self.key)).unwrap()).unwrap()
    }
}

#[test]
fn what_is_read_again_is_stored_once_wherever_the_cut_was() {
    let whole: String = (0..14)
        .map(|i| line(i / 4, i % 3, &format!("text {}", i / 2)))
        .collect();
    let since = |stored: &str| {
        // What the kubelet gives for `--since-time`: the records from that second on.
        let last = stored.lines().last().map_or(0, |l| {
            l.get(17..19).and_then(|s| s.parse().ok()).unwrap_or(0)
        });
        whole
            .split_inclusive('\n')
            .filter(|l| l[17..19].parse::<u32>().unwrap() + 1 >= last)
            .collect::<String>()
    };
    for cut in 0..=whole.len() {
        for clean in [true, false] {
            let mut story = Story::new();
            story.read(&whole[..cut], clean, 7);
            let complete = &whole[..whole[..cut].rfind('\n').map_or(0, |i| i + 1)];
            story.read(&since(complete), true, 11);
            assert_eq!(story.stored(), whole, "cut at {cut}");
            assert_eq!(story.gaps, [], "cut at {cut}");
        }
    }
}

#[test]
fn equal_lines_are_counted() {
    let same = line(1, 5, "tick");
    let mut story = Story::new();
    story.read(&same.repeat(3), true, 1000);
    story.read(&same.repeat(5), true, 1000);
    assert_eq!(story.stored(), same.repeat(5));
    assert_eq!(story.gaps, []);
}

#[test]
fn a_line_cut_by_rotation_is_joined() {
    let mut story = Story::new();
    let first = line(
        1,
        1,
        r#"{"v":1,"seq":1,"ts":"t","type":"text","delta":"a"}"#,
    );
    let head = line(1, 2, r#"{"v":1,"seq":2,"ts":"t","type":"#);
    let rest = line(1, 3, r#""text","delta":"b"}"#);
    story.read(&format!("{first}{}", head.trim_end()), true, 1000);
    story.read(&rest, true, 1000);
    let joined = line(
        1,
        2,
        r#"{"v":1,"seq":2,"ts":"t","type":"text","delta":"b"}"#,
    );
    assert_eq!(story.stored(), first + &joined);
    assert_eq!(story.gaps, [], "the numbers prove that nothing is missing");
}

#[test]
fn a_hole_after_a_rotation_is_told_and_how_sure_it_is() {
    let numbered = |at, seq| {
        line(
            at,
            0,
            &format!(r#"{{"v":1,"seq":{seq},"ts":"t","type":"text","delta":"x"}}"#),
        )
    };
    for (next, certain) in [(2, None), (5, Some(true))] {
        let mut story = Story::new();
        story.read(&numbered(1, 1), true, 1000);
        story.read(&numbered(9, next), true, 1000);
        assert_eq!(story.stored(), numbered(1, 1) + &numbered(9, next));
        assert_eq!(story.gaps.first().map(|g| g.certain), certain);
    }
    let mut story = Story::new();
    story.read(&line(1, 0, "plain"), true, 1000);
    story.read(&line(9, 0, "plain"), true, 1000);
    assert_eq!(story.gaps.first().map(|g| g.certain), Some(false));
}

#[test]
fn texts_of_the_kubelet_are_not_content() {
    let mut story = Story::new();
    let error = "unable to retrieve container logs for containerd://4711";
    story.read(&line(1, 0, "real"), true, 1000);
    story.read(error, true, 1000);
    story.read(
        &format!("{}{error}\n{}", line(1, 0, "real"), line(2, 0, "more")),
        true,
        1000,
    );
    assert_eq!(story.stored(), line(1, 0, "real") + &line(2, 0, "more"));
    assert_eq!(story.foreign, format!("{error}\n").repeat(2));
}

#[test]
fn the_rest_of_a_long_line_at_the_start_of_a_re_read_is_known() {
    // Its first record is older than the re-read's start, its last one is not.
    let mut story = Story::new();
    let long = line(1, 0, &"x".repeat(40_000));
    let next = line(5, 0, "next");
    story.read(&format!("{long}{next}"), true, 4096);
    story.read(
        &format!("{}\n{next}{}", "x".repeat(7_000), line(6, 0, "new")),
        true,
        4096,
    );
    assert_eq!(story.stored(), long + &next + &line(6, 0, "new"));
    assert_eq!((story.gaps.len(), story.foreign.as_str()), (0, ""));
}

#[test]
fn a_line_longer_than_memory_should_hold_is_stored_as_it_comes() {
    let mut story = Story::new();
    let long = line(1, 0, &"y".repeat(3 * LONG_LINE));
    let end = line(1, 1, "end");
    story.read(&format!("{long}{end}"), true, 60_000);
    assert_eq!(story.stored(), long + &end);
}
