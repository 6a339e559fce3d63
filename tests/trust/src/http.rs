//! HTTP messages as bytes: heads and bodies, read from a connection.

use std::io::{self, Read};
use std::net::TcpStream;

/// A request or an answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message {
    /// The first line and the headers, with the empty line after them.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// An answer with a body of this type.
    pub(crate) fn answer(status: u16, headers: &str, body: impl Into<Vec<u8>>) -> Message {
        let body = body.into();
        let head = format!(
            "HTTP/1.1 {status} Answer\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        Message {
            head: head.into_bytes(),
            body,
        }
    }

    /// The first line's word of this number.
    pub(crate) fn word(&self, number: usize) -> String {
        let head = String::from_utf8_lossy(&self.head);
        let line = head.lines().next().unwrap_or_default();
        line.split(' ').nth(number).unwrap_or_default().to_owned()
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or_default()
    }

    fn content_length(&self) -> usize {
        let head = String::from_utf8_lossy(&self.head);
        let lengths = head.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        lengths.last().unwrap_or(0)
    }

    /// The same answer with another body.
    pub(crate) fn with_body(&self, body: Vec<u8>) -> Message {
        Message::answer(self.status(), "Content-Type: application/json\r\n", body)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_slice(), &self.body].concat()
    }
}

/// Reads a head, byte by byte so that nothing of the body is taken; `None` where the connection ends before it.
pub(crate) fn read_head(stream: &mut TcpStream) -> Option<Message> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(Message {
        head,
        body: Vec::new(),
    })
}

/// Reads this part of a message's body: all of it, or half.
pub(crate) fn read_body(
    stream: &mut TcpStream,
    message: &mut Message,
    divisor: usize,
) -> io::Result<()> {
    message.body = vec![0; message.content_length() / divisor];
    stream.read_exact(&mut message.body)
}
