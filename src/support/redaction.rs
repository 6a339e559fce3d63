//! Removal of secrets from texts, in whatever spelling they come.

use std::cmp::Reverse;

use crate::support::encodings;

/// The shortest secret that is looked for in hexadecimal digits and in base64 of its own, in bytes: the spelling of a
/// shorter one may be any word.
const SHORTEST: usize = 4;

/// The shortest secret that is looked for within the base64 of a longer text.
const SHORTEST_WITHIN: usize = 6;

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
            let found = self.secret_at(&text[next..]);
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

    /// The length of the secret at the beginning of a text, if there is one.
    fn secret_at(&self, text: &str) -> Option<usize> {
        let prefix = |spelling: &String| encodings::prefix(text, spelling);
        if !text.starts_with(encodings::BEGINNINGS.map(char::from)) {
            return self.spellings.iter().find_map(prefix);
        }
        let firsts = encodings::first_characters(text);
        let may_begin = |spelling: &&String| spelling.starts_with(firsts.as_slice());
        self.spellings.iter().filter(may_begin).find_map(prefix)
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

/// A secret as it is, in hexadecimal digits, and in base64, also where that encodes more than the secret.
fn spellings(secret: &str) -> Vec<String> {
    let mut spellings = vec![secret.to_owned()];
    if secret.len() < SHORTEST {
        return spellings;
    }
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    spellings.extend([hex.to_uppercase(), hex]);
    if secret.len() < SHORTEST_WITHIN {
        // Its padding makes it more than a word.
        spellings.extend([padded_base64(secret.as_bytes())]);
        return spellings;
    }
    for offset in 0..3 {
        let within = base64_within(secret.as_bytes(), offset);
        spellings.extend([within.replace('+', "-").replace('/', "_"), within]);
    }
    spellings
}

/// The base64 of 4 or 5 bytes, which the last digit ends with bits that are zero.
fn padded_base64(bytes: &[u8]) -> String {
    let zeros = [bytes, &[0; 2]].concat();
    let digits = (8 * bytes.len()).div_ceil(6);
    let padding = "=".repeat(digits.next_multiple_of(4) - digits);
    base64_within(&zeros, 0)[..digits].to_owned() + &padding
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
        assert_eq!(redacted("s3cr", "73336372 czNjcg=="), "*** ***");
        assert_eq!(redacted("s3cre", "czNjcmU= czNjcm"), "*** czNjcm");
    }

    /// Pseudo-random numbers, the same in every run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1);
            (self.0 >> 33) % limit
        }

        fn text(&mut self, length: u64) -> String {
            let character = |random: &mut Random| match random.below(8) {
                0 => ['"', '\\', '%', '&', '/', '+', '=', '\''][random.below(8) as usize],
                1 => char::from_u32(0xa0 + random.below(0xd000) as u32).unwrap_or('\u{1f511}'),
                2 => char::from_u32(0x1f300 + random.below(256) as u32).unwrap_or('x'),
                _ => char::from(b'!' + random.below(94) as u8),
            };
            (0..length).map(|_| character(self)).collect()
        }

        /// A text as one of many encoders writes it, which escapes some characters or all.
        fn encoded(&mut self, text: &str) -> String {
            let (encoder, share) = (self.below(5), self.below(3));
            let mut encoded = String::new();
            for character in text.chars() {
                let must = matches!(character, '"' | '\\' | '%' | '&');
                if !must && self.below(2) < share {
                    encoded.push(character);
                    continue;
                }
                let mut bytes = [0; 4];
                let bytes = character.encode_utf8(&mut bytes).bytes();
                match encoder {
                    0 => bytes.for_each(|byte| encoded.push_str(&format!("%{byte:02X}"))),
                    1 => bytes.for_each(|byte| encoded.push_str(&format!("%{byte:02x}"))),
                    2 => {
                        for unit in character.encode_utf16(&mut [0; 2]) {
                            encoded.push_str(&format!("\\u{unit:04x}"));
                        }
                    }
                    3 => encoded.push_str(&format!("&#{};", u32::from(character))),
                    _ => encoded.push_str(&format!("&#x{:x};", u32::from(character))),
                }
            }
            encoded
        }
    }

    #[test]
    fn no_spelling_of_any_secret_is_left_in_any_text() {
        let mut random = Random(7);
        for case in 0..3000 {
            let length = 8 + random.below(40);
            let secret = random.text(length);
            let mut spelling = secret.clone();
            for _ in 0..random.below(4) {
                spelling = random.encoded(&spelling);
            }
            let (before, after) = (random.below(20), random.below(20));
            let text = random.text(before) + " " + &spelling + " " + &random.text(after);
            let clean = redacted(&secret, &text);
            assert!(!clean.contains(&spelling), "{case}: {secret:?} in {text:?}");
            assert!(clean.contains("***"), "{case}: {secret:?} in {text:?}");
        }
    }
}
