//! What a console printed, as lines of plain text: without the escapes that move a cursor and colour letters.

use std::iter::Peekable;
use std::str::Chars;

use crate::support::user_text::is_unprintable;

/// The lines that are not empty. Letters that were written over are gone, as on a screen.
pub(crate) fn plain_lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = Lines::default();
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => skip_escape(&mut rest, &mut lines),
            '\u{9b}' => skip_control_sequence(&mut rest, &mut lines),
            '\n' => lines.end(),
            '\r' => lines.is_at_start = true,
            '\u{8}' => drop(lines.current.pop()),
            '\t' => lines.push(' '),
            hidden if is_unprintable(hidden) => {}
            printed => lines.push(printed),
        }
    }
    lines.end();
    lines.done
}

/// The last of some lines, no more than `count` and not many more than `size` bytes. A longer line begins with a whole word.
pub(crate) fn last_lines(mut lines: Vec<String>, count: usize, size: usize) -> Vec<String> {
    let mut left = size;
    let fitting = lines.iter().rev().take(count).take_while(|line| {
        let fits = line.len() <= left;
        left = left.saturating_sub(line.len());
        fits
    });
    let kept = fitting.count();
    if kept == 0 {
        return lines
            .pop()
            .map(|line| last_words(&line, size))
            .into_iter()
            .collect();
    }
    lines.split_off(lines.len() - kept)
}

/// The end of a long line from the beginning of a word: a part of a word may be a part of a secret.
fn last_words(line: &str, size: usize) -> String {
    let mut starts = line.len().saturating_sub(size)..line.len();
    let start = starts.find(|start| line.is_char_boundary(*start));
    let end = &line[start.unwrap_or(0)..];
    end.split_once(' ')
        .map_or("", |(_, words)| words)
        .to_owned()
}

#[derive(Default)]
struct Lines {
    done: Vec<String>,
    current: String,
    /// The next letter is written over the first one.
    is_at_start: bool,
}

impl Lines {
    fn push(&mut self, character: char) {
        if self.is_at_start {
            self.current.clear();
            self.is_at_start = false;
        }
        self.current.push(character);
    }

    fn end(&mut self) {
        let line = std::mem::take(&mut self.current);
        self.is_at_start = false;
        let line = line.trim_end();
        if !line.is_empty() {
            self.done.push(line.to_owned());
        }
    }
}

fn skip_escape(rest: &mut Peekable<Chars>, lines: &mut Lines) {
    match rest.next() {
        Some('[') => skip_control_sequence(rest, lines),
        // Titles and the like, up to a bell or the escape `\`.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(character) = rest.next() {
                match character {
                    '\u{7}' | '\u{9c}' => break,
                    '\u{1b}' => {
                        rest.next_if_eq(&'\\');
                        break;
                    }
                    _ => {}
                }
            }
        }
        Some(' '..='/') => {
            while rest.next_if(|next| (' '..='/').contains(next)).is_some() {}
            rest.next();
        }
        _ => {}
    }
}

/// What follows `ESC [`. One that moves the cursor to another line ends the line.
fn skip_control_sequence(rest: &mut Peekable<Chars>, lines: &mut Lines) {
    while rest.next_if(|next| (' '..='?').contains(next)).is_some() {}
    if let Some('A' | 'B' | 'E' | 'F' | 'H' | 'd' | 'f') =
        rest.next_if(|next| ('@'..='~').contains(next))
    {
        lines.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_control_characters_are_taken_out() {
        for (printed, lines) in [
            ("a\r\n\r\nb", &["a", "b"][..]),
            ("\u{1b}[1;31mred\u{1b}[0m \u{1b}(Bx", &["red x"]),
            ("\u{1b}]0;title\u{7}a\u{1b}P1$r\u{1b}\\b", &["ab"]),
            ("one\u{1b}[2;1Htwo\u{9b}3;1Hthree", &["one", "two", "three"]),
            (" 10%\r 50%\rdone", &["done"]),
            ("ab\u{8}c\u{7}\u{0}\u{202e}\td", &["ac d"]),
            ("\u{1b}", &[]),
            ("\u{1b}[", &[]),
            ("x\u{1b}[12", &["x"]),
        ] {
            assert_eq!(plain_lines(printed.as_bytes()), lines, "{printed:?}");
        }
        assert_eq!(plain_lines(b"\xff\xfe\x80a"), ["\u{fffd}\u{fffd}\u{fffd}a"]);
    }

    #[test]
    fn last_lines_are_bounded_and_begin_with_whole_words() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(last_lines(lines("a\nb\nc"), 2, 100), ["b", "c"]);
        assert_eq!(last_lines(lines("aaaa\nbb\nccc"), 9, 5), ["bb", "ccc"]);
        assert_eq!(last_lines(lines("secret and more"), 9, 11), ["and more"]);
        assert_eq!(last_lines(lines("secretsecret"), 9, 5), [""]);
        assert!(last_lines(Vec::new(), 9, 5).is_empty());
    }
}
