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
        let mut lengths = head.lines().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        lengths.next_back().unwrap_or(0)
    }

    /// The same answer with another body.
    pub(crate) fn with_body(&self, body: Vec<u8>) -> Message {
        Message::answer(self.status(), "Content-Type: application/json\r\n", body)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head.as_slice(), &self.body].concat()
    }
}

/// A connection with what was read ahead of it.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    ahead: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Connection {
        // Small messages must not wait for the acknowledgement of the previous one. Without this they are only slower.
        let _ = stream.set_nodelay(true);
        Connection {
            stream,
            ahead: Vec::new(),
        }
    }

    /// Reads a head; `None` where the connection ends before it.
    pub(crate) fn read_head(&mut self) -> Option<Message> {
        loop {
            let end = self.ahead.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = end {
                let rest = self.ahead.split_off(end + 4);
                return Some(Message {
                    head: std::mem::replace(&mut self.ahead, rest),
                    body: Vec::new(),
                });
            }
            self.read_more().ok()?;
        }
    }

    /// Reads this part of a message's body: all of it, or half.
    pub(crate) fn read_body(&mut self, message: &mut Message, divisor: usize) -> io::Result<()> {
        let length = message.content_length() / divisor;
        while self.ahead.len() < length {
            self.read_more()?;
        }
        let rest = self.ahead.split_off(length);
        message.body = std::mem::replace(&mut self.ahead, rest);
        Ok(())
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut bytes = [0; 8192];
        match self.stream.read(&mut bytes)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.ahead.extend_from_slice(&bytes[..count]);
                Ok(())
            }
        }
    }
}
