//! Removal of secrets from texts, in whatever spelling they come.

use std::cmp::Reverse;

use crate::support::encodings;

/// The shortest secret that is looked for in hexadecimal digits and base64, in bytes: the spelling of a shorter one may be
/// any word.
const SHORTEST: usize = 6;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Finds secrets in texts, and masks them.
pub(crate) struct Redactor {
    /// In all spellings, the longest first: one may be a part of another.
    spellings: Vec<String>,
    /// For each byte, whether a secret may begin with it, in any encoding.
    first: [bool; 256],
}

impl Redactor {
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Redactor {
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty());
        let mut spellings: Vec<String> = secrets.flat_map(spellings).collect();
        spellings.sort_by_key(|spelling| Reverse(spelling.len()));
        let mut first = [false; 256];
        let bytes = spellings
            .iter()
            .filter_map(|spelling| spelling.bytes().next());
        for byte in bytes.chain(encodings::BEGINNINGS) {
            first[usize::from(byte)] = true;
        }
        Redactor { spellings, first }
    }

    /// A text with a mask in place of each secret, if it has any.
    pub(crate) fn redact(&self, text: &str, mask: &str) -> Option<String> {
        let mut clean = String::new();
        let (mut done, mut at) = (0, 0);
        while let Some(next) = self.next_candidate(text, at) {
            let firsts = encodings::first_characters(&text[next..]);
            let mut spellings = self
                .spellings
                .iter()
                .filter(|spelling| spelling.starts_with(firsts.as_slice()));
            let found = spellings.find_map(|spelling| encodings::prefix(&text[next..], spelling));
            at = next + 1;
            if let Some(length) = found {
                clean.push_str(&text[done..next]);
                clean.push_str(mask);
                at = next + length;
                done = at;
            }
        }
        (done > 0).then(|| clean + &text[done..])
    }

    /// The beginning of a text of any length, without secrets: at most `length` bytes. A secret that would be cut at the
    /// end is left out.
    pub(crate) fn beginning(&self, text: &str, length: usize, mask: &str) -> String {
        let longest = self.spellings.first().map_or(0, String::len);
        let margin = longest * encodings::LONGEST_ENCODING;
        let read = start_of(text, length + margin);
        let clean = self.redact(read, mask).unwrap_or_else(|| read.to_owned());
        let whole = match read.len() < text.len() {
            true => clean.len().saturating_sub(margin),
            false => clean.len(),
        };
        start_of(&clean, length.min(whole)).to_owned()
    }

    /// The next position at which a secret may begin. In UTF-8 no byte within a character is one that a character begins with.
    fn next_candidate(&self, text: &str, from: usize) -> Option<usize> {
        let bytes = text.as_bytes()[from..].iter();
        let next = bytes
            .take_while(|byte| !self.first[usize::from(**byte)])
            .count();
        (from + next < text.len()).then_some(from + next)
    }
}

/// The longest beginning of a text that has at most so many bytes.
fn start_of(text: &str, length: usize) -> &str {
    let mut end = length.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A secret as it is, in hexadecimal digits, and in base64, also where that encodes more than the secret.
fn spellings(secret: &str) -> Vec<String> {
    let mut spellings = vec![secret.to_owned()];
    if secret.len() < SHORTEST {
        return spellings;
    }
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    spellings.extend([hex.to_uppercase(), hex]);
    for offset in 0..3 {
        let within = base64_within(secret.as_bytes(), offset);
        spellings.extend([within.replace('+', "-").replace('/', "_"), within]);
    }
    spellings
}

/// What stands for these bytes, and for nothing else, in the base64 of a text that has them behind `offset` other bytes.
fn base64_within(bytes: &[u8], offset: usize) -> String {
    let mut shifted = vec![0; offset];
    shifted.extend(bytes);
    let bit = |at: usize| shifted[at / 8] >> (7 - at % 8) & 1;
    let first = (8 * offset).div_ceil(6);
    let digits = first..8 * shifted.len() / 6;
    let digit = |digit: usize| (6 * digit..6 * digit + 6).fold(0, |value, at| value << 1 | bit(at));
    digits
        .map(|index| char::from(BASE64[usize::from(digit(index))]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(secret: &str, text: &str) -> String {
        let redactor = Redactor::new([secret]);
        redactor
            .redact(text, "***")
            .unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn hexadecimal_and_base64_are_masked() {
        let secret = "s3cret+/t\u{f6}ken";
        for (text, expected) in [
            ("x 7333637265742b2f74c3b66b656e y", "x *** y"),
            ("x 7333637265742B2F74C3B66B656E y", "x *** y"),
            // The secret alone, "Bearer SECRET", "a:SECRET" and "SECRET:a".
            ("x czNjcmV0Ky90w7ZrZW4= y", "x ***4= y"),
            ("QmVhcmVyIHMzY3JldCsvdMO2a2Vu", "QmVhcmVyIH***"),
            ("YTpzM2NyZXQrL3TDtmtlbg==", "YTp***g=="),
            ("czNjcmV0Ky90w7ZrZW46YQ==", "***46YQ=="),
            ("x czNjcmV0Ky90w7ZrZW4%3D y", "x ***4%3D y"),
        ] {
            assert_eq!(redacted(secret, text), expected, "{text}");
        }
        assert_eq!(redacted("ab", "6162 YWI="), "6162 YWI=");
    }

    #[test]
    fn secret_at_the_end_of_a_beginning_is_left_out() {
        let secret = "token/secret";
        let redactor = Redactor::new([secret]);
        for spelling in ["token/secret", "token%252Fsecret", "dG9rZW4vc2VjcmV0"] {
            for before in 0..200 {
                // Masks are shorter than what they stand for, and shift the end.
                let text =
                    format!("{spelling} {}", ".".repeat(before)) + spelling + &"-".repeat(5000);
                let text = text.clone() + &text;
                let beginning = redactor.beginning(&text, 100, "*");
                assert!(beginning.len() <= 100);
                for part in ["tok", "ecret", "dG9", "cmV0"] {
                    assert!(!beginning.contains(part), "{beginning}");
                }
            }
        }
        assert_eq!(redactor.beginning("a token/secret", 100, "*"), "a *");
        assert_eq!(redactor.beginning("\u{fc}\u{fc}", 3, "*"), "\u{fc}");
    }
}
