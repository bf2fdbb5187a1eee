//! Random files, and random changes of them. The same seed gives the same.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// xorshift64*: good enough to shuffle, and the same everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % limit
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Names that git has to quote, names with spaces, names below one another.
const NAMES: [&str; 10] = [
    "a",
    "b.txt",
    "with space",
    "dir/c",
    "dir/d",
    "quote\"d\\",
    "tab\there",
    "ünï/cödé",
    "x b/x",
    "new\nline",
];
/// Few words, so that many lines are equal.
const WORDS: [&str; 7] = [
    "one\n", "two\n", "}\n", "\n", "crlf\r\n", "-- x\n", "\u{e4}\n",
];

/// Where links lead: nowhere, which git does not mind.
const TARGETS: [&str; 3] = ["nowhere", "no/where", "no\nwhere"];

fn text(random: &mut Random) -> Vec<u8> {
    let count = random.below(40);
    let mut bytes: Vec<u8> = (0..count)
        .flat_map(|_| random.pick(&WORDS).bytes())
        .collect();
    if random.below(4) == 0 {
        bytes.extend_from_slice(b"no newline");
    }
    bytes
}

fn binary(random: &mut Random) -> Vec<u8> {
    let length = 1 + random.below(300);
    let mut bytes: Vec<u8> = (0..length)
        .map(|_| u8::try_from(random.below(256)).unwrap())
        .collect();
    bytes[0] = 0;
    bytes
}

fn write(path: &Path, bytes: &[u8]) {
    // A file may be where a directory is to be, and the other way round.
    let blocks = |parent: &&Path| parent.is_symlink() || parent.is_file();
    for parent in path.ancestors().skip(1).filter(blocks) {
        fs::remove_file(parent).unwrap();
    }
    remove(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn remove(path: &Path) {
    if path.is_symlink() || path.is_file() {
        fs::remove_file(path).unwrap();
    } else if path.is_dir() {
        fs::remove_dir_all(path).unwrap();
    }
}

/// The files of a base commit.
pub(super) fn base_files(root: &Path, random: &mut Random) {
    for name in NAMES {
        match random.below(6) {
            0 => {}
            1 => write(&root.join(name), &binary(random)),
            2 => {
                write(&root.join(name), b"");
                remove(&root.join(name));
                symlink(random.pick(&TARGETS), root.join(name)).unwrap();
            }
            _ => write(&root.join(name), &text(random)),
        }
    }
    // Long enough to be recognised when it is renamed.
    let lines: Vec<u8> = (0..60)
        .flat_map(|i| format!("line {i}\n").into_bytes())
        .collect();
    write(&root.join("long"), &lines);
}

/// Changes some files in some way.
pub(super) fn change_some(root: &Path, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let path = root.join(random.pick(&NAMES));
        change(&path, root, random);
    }
    if random.below(2) == 0 {
        change(&root.join("long"), root, random);
    }
}

fn change(path: &Path, root: &Path, random: &mut Random) {
    let is_file = path.is_file() && !path.is_symlink();
    match random.below(9) {
        0 => remove(path),
        1 => write(path, &text(random)),
        2 => write(path, &binary(random)),
        3 => {
            write(path, b"");
            remove(path);
            symlink(random.pick(&TARGETS), path).unwrap();
        }
        4 if is_file => {
            let mode = 0o644 | (random.below(2) * 0o111);
            let mode = fs::Permissions::from_mode(u32::try_from(mode).unwrap());
            fs::set_permissions(path, mode).unwrap();
        }
        5 if is_file => rename(path, root, random),
        6 => write(&path.join("below"), &text(random)),
        _ if is_file => edit(path, random),
        _ => {}
    }
}

fn rename(path: &Path, root: &Path, random: &mut Random) {
    let bytes = fs::read(path).unwrap();
    let to: PathBuf = root.join(*random.pick(&["renamed", "moved/away", "a", "dir/c"]));
    remove(path);
    write(&to, &bytes);
    if random.below(2) == 0 {
        edit(&to, random);
    }
}

/// Some lines less, some more, some others.
fn edit(path: &Path, random: &mut Random) {
    let bytes = fs::read(path).unwrap();
    let mut lines: Vec<Vec<u8>> = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    for _ in 0..=random.below(4) {
        let at = random.below(lines.len() + 1);
        let line = random.pick(&WORDS).as_bytes().to_vec();
        match random.below(3) {
            0 => lines.insert(at, line),
            1 if at < lines.len() => drop(lines.remove(at)),
            _ if at < lines.len() => lines[at] = line,
            _ => {}
        }
    }
    fs::write(path, lines.concat()).unwrap();
}
