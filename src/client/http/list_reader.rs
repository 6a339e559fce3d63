//! Reads a list item by item while it arrives, and shortens its large items.
//!
//! The server's list of preseeds carries all their contents, up to two million characters each, of which each may take
//! twelve bytes. One user with a few of them would make the list too large for everybody. So only one item is held whole.

use std::mem;

use bytes::Bytes;

use crate::client::http::response::ReadError;

/// Items up to this size are kept as they are.
const LARGE: usize = 64 * 1024;

/// The most that one item may have: the longest preseed, and its other fields.
const MAX_ITEM: usize = 32 * 1024 * 1024;

/// What to keep of a large item; None to keep all of it.
pub(crate) type Shorten = fn(&[u8]) -> Option<Vec<u8>>;

/// The list as far as it was read.
pub(crate) struct ListReader {
    shorten: Shorten,
    item: Vec<u8>,
    /// How many lists and objects are open.
    depth: usize,
    is_in_text: bool,
    is_escaped: bool,
}

impl ListReader {
    pub(crate) fn new(shorten: Shorten) -> ListReader {
        ListReader {
            shorten,
            item: Vec::new(),
            depth: 0,
            is_in_text: false,
            is_escaped: false,
        }
    }

    /// Reads the next part of the list, and returns what is kept of the items that end in it.
    pub(crate) fn read(&mut self, mut part: &[u8]) -> Result<Bytes, ReadError> {
        let mut kept = Vec::new();
        while !part.is_empty() {
            let length = self.token_length(part);
            let (token, rest) = part.split_at(length);
            self.item.extend_from_slice(token);
            if self.ends_item(token) {
                kept.extend(self.take_item());
            } else if self.item.len() > MAX_ITEM {
                return Err(ReadError::too_large("list has an item that", MAX_ITEM));
            }
            part = rest;
        }
        Ok(kept.into())
    }

    /// What is left at the end: nothing, if the list is complete.
    pub(crate) fn rest(self) -> Vec<u8> {
        self.item
    }

    /// The length of what can be read at once: a run of plain characters within a text, or one byte.
    fn token_length(&self, part: &[u8]) -> usize {
        if !self.is_in_text || self.is_escaped {
            return 1;
        }
        let special = part.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        special.unwrap_or(part.len()).max(1)
    }

    /// Whether an item ends with this token, or a part of the list between two items.
    fn ends_item(&mut self, token: &[u8]) -> bool {
        if self.is_escaped {
            self.is_escaped = false;
            return false;
        }
        match token {
            [b'"'] => self.is_in_text = !self.is_in_text,
            [b'\\'] => self.is_escaped = self.is_in_text,
            [b'[' | b'{'] if !self.is_in_text => {
                self.depth += 1;
                return self.depth == 1;
            }
            [b']' | b'}'] if !self.is_in_text => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth <= 1;
            }
            [b','] if !self.is_in_text => return self.depth == 1,
            _ => {}
        }
        false
    }

    fn take_item(&mut self) -> Vec<u8> {
        let item = mem::take(&mut self.item);
        match item.len() > LARGE {
            true => (self.shorten)(&item).unwrap_or(item),
            false => item,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &[u8], size: usize) -> Vec<u8> {
        let mut reader = ListReader::new(|item| {
            assert!(item.starts_with(b" {") && item.ends_with(b"}"));
            Some(b"{}".to_vec())
        });
        let mut kept = Vec::new();
        for part in list.chunks(size) {
            kept.extend(reader.read(part).ok().unwrap());
        }
        kept.extend(reader.rest());
        kept
    }

    #[test]
    fn only_large_items_are_shortened_however_the_list_is_cut() {
        let large = format!(r#"{{"a": "]}},\"\\", "b": ["{}"]}}"#, "x".repeat(LARGE));
        let list = format!(r#"[{{"a": "]}}\\"}}, {large} ,[1], {large}, {large}]"#);
        let expected = r#"[{"a": "]}\\"},{} ,[1],{},{}]"#;
        for size in [1, 2, 3, 1000, list.len()] {
            let kept = read(list.as_bytes(), size);
            assert_eq!(String::from_utf8(kept).unwrap(), expected, "{size}");
        }
    }

    #[test]
    fn what_is_no_list_is_kept() {
        for text in ["", "{}", "[", "]]", "\"", "[\"", "<h1>", "[1, 2", "null"] {
            assert_eq!(read(text.as_bytes(), 1), text.as_bytes());
        }
    }

    #[test]
    fn item_without_an_end_is_given_up() {
        let mut reader = ListReader::new(|_| None);
        assert!(reader.read(b"[\"").is_ok());
        let read = (0..=MAX_ITEM / LARGE).map(|_| reader.read(&[b'x'; LARGE]));
        assert!(read.last().unwrap().is_err());
    }
}
