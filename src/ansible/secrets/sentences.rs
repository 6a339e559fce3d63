//! Removal of secrets from our own sentences, in which only what is quoted comes from outside.
//!
//! A token such as `machine`, or a password of one letter, would be found in words that everybody may read, and the sentence
//! without them says nothing. What the server says is freed from the token before it gets into a sentence.

use std::collections::BTreeSet;

use crate::ansible::secrets::ASTERISKS;
use crate::support::redaction::Redactor;

/// The keys of a result whose texts are ours.
pub(super) const KEYS: [&str; 6] = ["action", "hint", "msg", "target", "warnings", "why"];

/// No word of ours is longer.
const LONGEST_WORD: usize = 16;

/// Whether a secret may be a word of ours, a part of one, or a number.
pub(super) fn is_like_a_word(secret: &str) -> bool {
    let is_word = secret.chars().all(char::is_alphabetic);
    let is_number = secret.chars().all(|digit| digit.is_ascii_digit());
    let is_short = secret.len() < 4 && secret.chars().all(char::is_alphanumeric);
    is_short || (secret.len() <= LONGEST_WORD && (is_word || is_number))
}

/// The secrets, and the words that are ours although they are quoted.
pub(super) struct SentenceCleaner<'a> {
    /// Those that are like words.
    pub(super) words: &'a BTreeSet<String>,
    /// For the others.
    pub(super) redactor: &'a Redactor,
    pub(super) own_words: &'a BTreeSet<&'a str>,
}

impl SentenceCleaner<'_> {
    /// A sentence with masks: everywhere for secrets that are not like our words, and for the others where they are a whole
    /// word of what is quoted.
    pub(super) fn clean(&self, sentence: &str) -> String {
        let mut clean = String::new();
        let redacted = self.redactor.redact(sentence, ASTERISKS);
        let mut rest = redacted.as_deref().unwrap_or(sentence);
        while !rest.is_empty() {
            let (own, quoted, behind) = next_quoted(rest);
            clean.push_str(own);
            clean.push_str(&self.clean_words(quoted));
            rest = behind;
        }
        clean
    }

    fn clean_words(&self, quoted: &str) -> String {
        if self.own_words.contains(quoted.trim_matches(['\'', '"'])) {
            return quoted.to_owned();
        }
        let mut clean = String::new();
        let mut rest = quoted;
        while !rest.is_empty() {
            let end = rest.find(|letter: char| !letter.is_alphanumeric());
            let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
            let is_secret = self.words.contains(word);
            clean.push_str(if is_secret { ASTERISKS } else { word });
            let separator = behind.chars().next();
            clean.extend(separator);
            rest = &behind[separator.map_or(0, char::len_utf8)..];
        }
        clean
    }
}

/// The text up to the first quotation, the quotation with its quotes, and the rest. An apostrophe stands between two letters.
fn next_quoted(text: &str) -> (&str, &str, &str) {
    let is_letter_at = |index: usize| text[index..].starts_with(char::is_alphanumeric);
    let opens = |index: usize| !text[..index].ends_with(char::is_alphanumeric);
    let quotes = text.match_indices(['\'', '"']);
    let Some((start, quote)) = quotes.into_iter().find(|(index, _)| opens(*index)) else {
        return (text, "", "");
    };
    let behind = start + quote.len();
    let mut ends = text[behind..]
        .match_indices(quote)
        .map(|(at, _)| behind + at + quote.len());
    let end = ends.find(|end| !is_letter_at(*end)).unwrap_or(text.len());
    (&text[..start], &text[start..end], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(secrets: &[&str], sentence: &str) -> String {
        let (words, others): (Vec<&str>, Vec<&str>) =
            secrets.iter().partition(|secret| is_like_a_word(secret));
        let cleaner = SentenceCleaner {
            words: &words.iter().map(|word| (*word).to_owned()).collect(),
            redactor: &Redactor::new(others),
            own_words: &BTreeSet::from(["name"]),
        };
        cleaner.clean(sentence)
    }

    #[test]
    fn own_words_are_whole_and_quoted_texts_are_masked() {
        for (secrets, sentence, expected) in [
            (
                &["machine"][..],
                "there is no machine 'machine' (near: 'machine1')",
                "there is no machine '********' (near: 'machine1')",
            ),
            (
                &["e", "12"],
                "the server's answer 'e' to it came after 12 s",
                "the server's answer '********' to it came after 12 s",
            ),
            (
                &["machine", "t0ken/machine"],
                "machine t0ken/machine \"machine\" and 'it's",
                "machine ******** \"********\" and 'it's",
            ),
            (&["secret"], "'open secret", "'open ********"),
            (
                &["name"],
                "argument 'name': 'a name'",
                "argument 'name': 'a ********'",
            ),
            (&["x"], "", ""),
        ] {
            assert_eq!(cleaned(secrets, sentence), expected);
        }
    }

    #[test]
    fn what_no_word_looks_like_is_masked_everywhere() {
        for secret in [
            "alice-token",
            "s3cretpw",
            "averyveryverylongpassword",
            "12345678901234567",
        ] {
            let sentence = format!("no answer from {secret}.");
            assert_eq!(cleaned(&[secret], &sentence), "no answer from ********.");
        }
    }
}
