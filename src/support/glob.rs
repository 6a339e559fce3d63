//! Glob patterns with `*` and `?`.

/// A pattern for a whole text: `*` matches any number of characters, `?` exactly one, every other character itself. Upper
/// and lower case differ.
#[derive(Clone, Debug)]
pub struct Glob(Vec<char>);

impl Glob {
    /// Every text is a pattern.
    pub fn new(pattern: &str) -> Glob {
        Glob(pattern.chars().collect())
    }

    /// Whether the pattern matches the whole text.
    pub fn matches(&self, text: &str) -> bool {
        // For each length, whether the pattern up to now matches the text's first characters of that number.
        let text: Vec<char> = text.chars().collect();
        let mut matched = vec![false; text.len() + 1];
        matched[0] = true;
        for character in &self.0 {
            if *character == '*' {
                let from = matched.iter().position(|is_match| *is_match);
                matched[from.unwrap_or(text.len() + 1)..].fill(true);
                continue;
            }
            for end in (1..=text.len()).rev() {
                matched[end] =
                    matched[end - 1] && (*character == '?' || *character == text[end - 1]);
            }
            matched[0] = false;
        }
        matched[text.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_any_text_and_question_marks_one_character() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("qdc*", "qdc01", true),
            ("qdc*", "aqdc01", false),
            ("*01", "qdc01", true),
            ("q*c*1", "qdcc01", true),
            ("q*c*2", "qdcc01", false),
            ("qdc0?", "qdc01", true),
            ("qdc0?", "qdc0", false),
            ("?", "ä", true),
            ("**?**", "", false),
            ("qdc01", "QDC01", false),
            ("[ab]{c}\\", "[ab]{c}\\", true),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn many_stars_do_not_take_exponential_time() {
        let pattern = "a*".repeat(200) + "b";
        assert!(!Glob::new(&pattern).matches(&"a".repeat(2000)));
    }
}
