//! Conversions from text, the same for URL and token: `FromStr` for parsing, `TryFrom` for the client's builder.

/// Implements the conversions from text of a type with a function that reads it.
macro_rules! from_text {
    ($name:ident, $parse:path) => {
        impl std::str::FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<$name> {
                $parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Error;

            fn try_from(text: &str) -> Result<$name> {
                $parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<$name> {
                $parse(&text)
            }
        }
    };
}

pub(crate) use from_text;

/// Whether a text still has the quotes that a shell or YAML would have taken away.
pub(crate) fn is_quoted(text: &str) -> bool {
    text.len() >= 2
        && ['"', '\'']
            .iter()
            .any(|&quote| text.starts_with(quote) && text.ends_with(quote))
}

/// Whether a text has a comment behind it, as configuration files have them.
pub(crate) fn has_comment(text: &str) -> bool {
    text.contains(" #") || text.contains("\t#")
}
