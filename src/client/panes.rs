//! A run on a terminal: a pane for each variation, with its status, its time and its last lines.

use std::collections::VecDeque;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::narrate::Said;

const TICK: Duration = Duration::from_millis(120);
/// Lines of a pane, where there is room.
const MOST_LINES: usize = 6;

const AT_WORK: &str = "{spinner} {prefix} {elapsed:>4} {wide_msg}";
/// A bar that is finished would stay on the screen.
const AT_REST: &str = "  {prefix} {wide_msg}";

/// The panes of a run. When they are dropped, the terminal is as it was.
pub(super) struct Panes {
    all: MultiProgress,
    each: Vec<Pane>,
    /// What concerns all of them.
    below: ProgressBar,
}

struct Pane {
    head: ProgressBar,
    rows: Vec<ProgressBar>,
    last: VecDeque<String>,
    ended: bool,
}

impl Panes {
    /// For so many variations, in so many rows.
    pub(super) fn new(variations: usize, height: usize, target: ProgressDrawTarget) -> Self {
        let all = MultiProgress::with_draw_target(target);
        let room = height.saturating_sub(2) / variations.max(1);
        let rows = room.saturating_sub(1).min(MOST_LINES);
        let each = (0..variations).map(|index| Pane::new(&all, index, rows));
        let each = each.collect();
        let below = all.add(ProgressBar::no_length().with_style(style("{wide_msg}")));
        Self { all, each, below }
    }

    /// Shows what was said.
    pub(super) fn say(&mut self, said: &Said) {
        let pane = said
            .variation
            .and_then(|index| self.each.get_mut(usize::from(index)));
        match pane {
            Some(pane) => pane.say(&said.text),
            None => self.below.set_message(said.text.clone()),
        }
    }

    /// A variation's status; one that has ended stands still.
    pub(super) fn status(&mut self, variation: u8, status: &str, ended: bool) {
        if let Some(pane) = self.each.get_mut(usize::from(variation)) {
            pane.status(status, ended);
        }
    }

    /// Something about the connection; an empty text takes it away.
    pub(super) fn note(&self, text: &str) {
        self.below.set_message(text.to_owned());
    }
}

impl Drop for Panes {
    fn drop(&mut self) {
        // That the terminal is gone is no news to anybody.
        let _ = self.all.clear();
    }
}

impl Pane {
    fn new(all: &MultiProgress, index: usize, rows: usize) -> Self {
        let head = all.add(ProgressBar::no_length().with_style(style(AT_WORK)));
        head.set_prefix((index + 1).to_string());
        head.set_message("queued");
        head.enable_steady_tick(TICK);
        let row = |_| all.add(ProgressBar::no_length().with_style(style("    {wide_msg}")));
        let rows: Vec<ProgressBar> = (0..rows).map(row).collect();
        for row in &rows {
            row.tick();
        }
        Self {
            head,
            rows,
            last: VecDeque::new(),
            ended: false,
        }
    }

    fn say(&mut self, text: &str) {
        self.last.push_back(text.replace('\n', " "));
        if self.last.len() > self.rows.len() {
            self.last.pop_front();
        }
        for (row, text) in self.rows.iter().zip(&self.last) {
            row.set_message(text.clone());
        }
    }

    fn status(&mut self, status: &str, ended: bool) {
        if ended {
            self.ended = true;
            self.head.disable_steady_tick();
            self.head.set_style(style(AT_REST));
            let seconds = self.head.elapsed().as_secs();
            self.head.set_message(format!("{seconds:>3}s {status}"));
            return;
        }
        if std::mem::take(&mut self.ended) {
            // It is tried again.
            self.head.reset_elapsed();
            self.head.set_style(style(AT_WORK));
            self.head.enable_steady_tick(TICK);
        }
        self.head.set_message(status.to_owned());
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("templates are ours")
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;

    use super::*;

    #[test]
    fn each_variation_has_its_place_and_long_lines_do_not_wrap() {
        let term = InMemoryTerm::new(10, 40);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(term.clone()), 255);
        let mut panes = Panes::new(2, 10, target);
        let said = |variation, text: &str| Said {
            variation,
            text: text.to_owned(),
        };
        for i in 0..5 {
            panes.say(&said(Some(1), &format!("line {i}")));
        }
        panes.say(&said(Some(0), &"wide ".repeat(20)));
        panes.say(&said(Some(7), "nobody's"));
        panes.status(0, "running", false);
        panes.status(1, "succeeded", true);
        std::thread::sleep(Duration::from_millis(20));
        panes.note("reconnecting");
        let lines: Vec<String> = term
            .contents()
            .lines()
            .map(|it| it.trim_end().to_owned())
            .collect();
        let shown = |line: usize| lines.get(line).map_or("", String::as_str);
        assert!(shown(0).contains("1   0s running"), "{lines:#?}");
        assert_eq!(shown(1).len(), 40, "{lines:#?}");
        assert!(shown(4).contains("2   0s succeeded"), "{lines:#?}");
        assert_eq!(
            lines[5..],
            ["    line 2", "    line 3", "    line 4", "reconnecting"]
        );
        drop(panes);
        assert_eq!(term.contents(), "");
    }
}
