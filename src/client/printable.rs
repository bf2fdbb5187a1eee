//! Others' words, made safe for a terminal.
//!
//! What agents, repositories and servers say may hold commands to the terminal (set the title, move
//! the cursor, write to the clipboard) and characters that reorder what is read. None of them is
//! passed on.

use std::borrow::Cow;

use anstream::adapter::strip_str;

/// The text without escape sequences and control characters; those that overwrite, hide or reorder
/// text are shown as `�`. Newlines stay, a tab becomes four spaces.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| c == '\n' || is_plain(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    // Colours are common and mean no harm: they go without a trace.
    for c in strip_str(text).to_string().replace("\r\n", "\n").chars() {
        match c {
            '\n' => out.push(c),
            '\t' => out.push_str("    "),
            c if is_plain(c) => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    Cow::Owned(out)
}

/// The same on one line.
pub(super) fn one_line(text: &str) -> String {
    printable(text).replace('\n', " ")
}

/// Neither a control character (Cc) nor one that is invisible or changes the order of others.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_or_hides_gets_through() {
        for (text, shown) in [
            ("plain, grün\nand 日本", "plain, grün\nand 日本"),
            ("\u{1b}[31mred\u{1b}[0m\tx\r\n", "red    x\n"),
            ("\u{1b}]0;title\u{7}a\u{1b}]52;c;Zm9v\u{1b}\\b", "ab"),
            ("over\rwritten\u{8}", "over�written"),
            ("user\u{202e}nimda\u{2066}", "user�nimda�"),
            ("zero\u{200b}width\u{feff}", "zero�width�"),
            ("\u{9b}31mC1", "�31mC1"),
        ] {
            assert_eq!(printable(text), shown, "{text:?}");
        }
        assert_eq!(one_line("a\nb"), "a b");
        let every: String = ('\0'..=char::MAX).collect();
        let shown = printable(&every);
        assert!(shown.chars().all(|c| c == '\n' || is_plain(c)));
    }
}
