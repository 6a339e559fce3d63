//! The secret that identifies a user of the server.
//!
//! A token is 44 characters of base64; the server compares it as text. It is a type of its own so that no debug
//! output, error or log can show it by accident.

use std::fmt;

use crate::client::from_text::{from_text, has_comment, is_quoted};
use crate::client::{Error, ErrorKind, Result};

/// A user's API token. `Debug` and `Display` show `***`, and it cannot be serialized.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Takes the token's text; blanks around it are dropped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidToken`](crate::client::ErrorKind) when the text cannot be sent in a header. The error never
    /// repeats the text.
    pub fn new(text: &str) -> Result<Token> {
        let text = text.trim();
        let problem = if text.is_empty() {
            "the token is empty"
        } else if is_quoted(text) {
            "the token is in quotes: give it without them"
        } else if has_comment(text) {
            "the token has a comment behind it: give the token alone"
        } else if text.bytes().any(|byte| byte.is_ascii_control()) {
            "the token contains a control character, such as a line break"
        } else if !text.is_ascii() {
            "the token contains a character that is not ASCII"
        } else if text.contains(' ') {
            "the token contains a blank"
        } else {
            return Ok(Token(text.to_owned()));
        };
        Err(Error::new(ErrorKind::InvalidToken, problem))
    }

    /// The secret itself, for the one header that carries it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

from_text!(Token, Token::new);

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_shown() {
        let token = Token::new(" canary/+= \n").unwrap();
        assert_eq!(token.expose(), "canary/+=");
        assert_eq!(format!("{token} {token:?} {token:#?}"), "*** *** ***");
    }
}
