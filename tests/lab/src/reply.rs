//! Answers: JSON in Flask's format, the framework's HTML pages, and the server's error bodies.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::session::SessionFailure;

/// The result of a handler. `Err` is an error answer, so that handlers can use `?`.
pub(crate) type HandlerResult = Result<Reply, Reply>;

const HTML: &str = "text/html";
const HTML_UTF8: &str = "text/html; charset=utf-8";

/// The recorded server's own address. It appears in the text of redirect pages.
const OWN_NAME: &str = "http://127.0.0.1:5056";

#[derive(Debug)]
pub(crate) enum Content {
    Text(Vec<u8>),
    File(PathBuf),
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) content: Content,
    /// What the error behind the answer does to the database session.
    pub(crate) session: Option<SessionFailure>,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, text: impl Into<Vec<u8>>) -> Reply {
        let headers = vec![("Content-Type".into(), content_type.into())];
        Reply {
            status,
            headers,
            content: Content::Text(text.into()),
            session: None,
        }
    }

    /// The same answer, as that to an error that affects the database session.
    pub(crate) fn failing(mut self, failure: SessionFailure) -> Reply {
        self.session = Some(failure);
        self
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Reply {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn json(status: u16, value: &Value) -> Reply {
        let mut text = String::new();
        write_json(value, 0, &mut text);
        text.push('\n');
        Reply::new(status, "application/json", text)
    }

    /// Removes blanks from JSON, as the server does for XMLHttpRequest.
    pub(crate) fn compact(mut self) -> Reply {
        let json = self
            .headers
            .iter()
            .any(|(_, value)| value == "application/json");
        if let (true, Content::Text(text)) = (json, &mut self.content) {
            let (mut inside, mut escaped) = (false, false);
            text.retain(|byte| {
                let blank = !inside && matches!(byte, b' ' | b'\n');
                inside ^= *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                !blank
            });
            text.push(b'\n');
        }
        self
    }

    /// A plain answer of the application, possibly empty.
    pub(crate) fn text(status: u16, text: impl Into<Vec<u8>>) -> Reply {
        Reply::new(status, HTML_UTF8, text)
    }

    pub(crate) fn file(path: PathBuf, modified: &str, tag: &str) -> Reply {
        let mut reply = Reply::new(200, "application/octet-stream", "")
            .with("Last-Modified", modified)
            .with("ETag", format!("\"{tag}\""))
            .with("Cache-Control", "public, max-age=43200");
        reply.content = Content::File(path);
        reply
    }

    /// An error answer of the application.
    pub(crate) fn invalid(status: u16, text: &str) -> Reply {
        Reply::error(status, "InvalidUsage", json!([text]))
    }

    pub(crate) fn forbidden() -> Reply {
        Reply::invalid(403, "Forbidden")
    }

    /// An error body. `errors` is a list for errors of the application and a text for exceptions.
    pub(crate) fn error(status: u16, class: &str, errors: Value) -> Reply {
        Reply::json(status, &json!({"error_type": class, "errors": errors}))
    }

    pub(crate) fn exception(status: u16, class: &str, text: impl Into<String>) -> Reply {
        Reply::error(status, class, Value::String(text.into()))
    }

    /// A statement that the database refused. The text says which.
    pub(crate) fn database_error(class: &str, text: impl Into<String>) -> Reply {
        Reply::exception(400, class, text).failing(SessionFailure::Statement)
    }

    /// A violated constraint. The text contains the SQL statement and its parameters, like the real server's.
    pub(crate) fn integrity(problem: &str, statement: &str, parameters: &str) -> Reply {
        let text = format!(
            "(psycopg2.IntegrityError) {problem}\n [SQL: '{statement}'] [parameters: {{{parameters}}}]"
        );
        Reply::exception(409, "IntegrityError", text).failing(SessionFailure::Statement)
    }

    pub(crate) fn unauthorized() -> Reply {
        Reply::text(401, "")
    }

    pub(crate) fn bad_request() -> Reply {
        page(
            400,
            "Bad Request",
            "The browser (or proxy) sent a request that this server could not understand.",
        )
    }

    pub(crate) fn not_found() -> Reply {
        page(
            404,
            "Not Found",
            "The requested URL was not found on the server.  \
             If you entered the URL manually please check your spelling and try again.",
        )
    }

    pub(crate) fn method_not_allowed(allow: &str) -> Reply {
        page(
            405,
            "Method Not Allowed",
            "The method is not allowed for the requested URL.",
        )
        .with("Allow", allow)
    }

    pub(crate) fn too_large() -> Reply {
        page(
            413,
            "Request Entity Too Large",
            "The data value transmitted exceeds the capacity limit.",
        )
    }

    pub(crate) fn internal_error() -> Reply {
        page(
            500,
            "Internal Server Error",
            "The server encountered an internal error and was unable to complete your request.  \
             Either the server is overloaded or there is an error in the application.",
        )
    }

    /// A redirect within the server. The page of a 301 names the whole URL, that of a 302 the path.
    pub(crate) fn redirect(status: u16, path: &str, host: &str) -> Reply {
        let target = if status == 301 {
            format!("{OWN_NAME}{path}")
        } else {
            path.to_owned()
        };
        let target = target.replace('&', "&amp;");
        let text = format!(
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>Redirecting...</title>\n\
             <h1>Redirecting...</h1>\n<p>You should be redirected automatically to target URL: \
             <a href=\"{target}\">{target}</a>.  If not click the link."
        );
        Reply::text(status, text).with("Location", format!("http://{host}{path}"))
    }
}

fn page(status: u16, name: &str, text: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<title>{status} {name}</title>\n\
         <h1>{name}</h1>\n<p>{text}</p>\n"
    );
    Reply::new(status, HTML, page)
}

/// Writes JSON with sorted keys, an indentation of two blanks, a blank after each comma, and escapes beyond ASCII.
fn write_json(value: &Value, depth: usize, out: &mut String) {
    let newline = |depth: usize, out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    match value {
        Value::String(text) => write_string(text, out),
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                newline(depth + 1, out);
                write_json(item, depth + 1, out);
            }
            newline(depth, out);
            out.push(']');
        }
        Value::Object(items) if !items.is_empty() => {
            out.push('{');
            for (index, (key, item)) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                newline(depth + 1, out);
                write_string(key, out);
                out.push_str(": ");
                write_json(item, depth + 1, out);
            }
            newline(depth, out);
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            _ => match crate::python::lone_surrogate(c) {
                Some(code) => out.push_str(&format!("\\u{code:04x}")),
                None => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            },
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_formatted_like_flask() {
        let Content::Text(text) = Reply::json(200, &json!({"b": [1, "é😀\u{1}"], "a": {}})).content
        else {
            panic!("JSON answers are texts");
        };
        let want =
            "{\n  \"a\": {}, \n  \"b\": [\n    1, \n    \"\\u00e9\\ud83d\\ude00\\u0001\"\n  ]\n}\n";
        assert_eq!(String::from_utf8(text).unwrap(), want);
    }
}
