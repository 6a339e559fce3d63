//! The removal of secrets.

use std::fmt::Write as _;

use mr_provisioner::MODULES;
use mr_provisioner::ansible::Call;
use mr_provisioner::internals;
use serde_json::{Map, Value, json};

/// Encoders one behind the other that are undone.
const DEPTH: usize = 3;

/// A shorter secret may be a part of what stands in its place.
const SHORTEST: usize = 8;

/// A secret of any characters, in any of its spellings, is gone from any text and from any place of a result.
pub fn no_spelling_is_left(secret: &str, encoders: &[u8], before: &str, after: &str) {
    let secret = secret.trim();
    // An asterisk is what a secret becomes.
    if secret.len() < SHORTEST || secret.contains('*') || secret.contains("VALUE_") {
        return;
    }
    let mut spelling = secret.to_owned();
    for (depth, encoder) in encoders.iter().take(DEPTH).enumerate() {
        spelling = encoded(&spelling, *encoder, depth == 0);
    }
    let text = format!("{before}{spelling}{after}");
    for clean in [internals::redact(secret, &text), scrubbed(secret, &text)] {
        assert!(
            !clean.contains(&spelling),
            "{secret:?} in {text:?}: {clean:?}"
        );
        assert!(!clean.contains(secret), "{secret:?} in {text:?}: {clean:?}");
    }
}

fn scrubbed(secret: &str, text: &str) -> String {
    let module = MODULES[0];
    let mut call = Call::default();
    call.options.insert("mrp_token".to_owned(), secret.into());
    let fields = Map::from_iter([(text.to_owned(), Value::Null)]);
    let result = json!({ "msg": [text], "facts": fields, "other": text });
    let clean = call.scrub(module.spec, result);
    let keys = clean["facts"].as_object().into_iter().flat_map(Map::keys);
    let texts = keys.map(String::as_str).chain(clean["other"].as_str());
    texts.collect::<Vec<_>>().join("\u{1}")
}

/// A text as one of many encoders writes it, which escapes all characters, those that it must, or every other one.
fn encoded(text: &str, encoder: u8, is_first: bool) -> String {
    if is_first {
        match encoder % 16 {
            14 => return hex(text),
            15 => return base64(text.as_bytes()),
            _ => {}
        }
    }
    let (which, share) = (encoder % 6, encoder / 6 % 3);
    let mut written = String::new();
    for (at, character) in text.chars().enumerate() {
        let must = matches!(character, '"' | '\\' | '%' | '&' | '<') || character.is_control();
        match must || share == 0 || share == 1 && at % 2 == 0 {
            true => escape(&mut written, character, which),
            false => written.push(character),
        }
    }
    written
}

fn escape(written: &mut String, character: char, encoder: u8) {
    let mut utf8 = [0; 4];
    let bytes = character.encode_utf8(&mut utf8).bytes();
    // Writing to a string cannot fail.
    let _ = match encoder {
        0 => bytes
            .into_iter()
            .try_for_each(|byte| write!(written, "%{byte:02X}")),
        1 => bytes
            .into_iter()
            .try_for_each(|byte| write!(written, "%{byte:02x}")),
        2 => character
            .encode_utf16(&mut [0; 2])
            .iter()
            .try_for_each(|unit| write!(written, "\\u{unit:04x}")),
        3 => write!(written, "&#{};", u32::from(character)),
        4 => write!(written, "&#x{:x};", u32::from(character)),
        _ => bytes
            .into_iter()
            .try_for_each(|byte| write!(written, "\\x{byte:02x}")),
    };
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}
