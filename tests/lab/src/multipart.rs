//! Multipart forms: parsed while they arrive, with files written to the lab's folder.

use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use http_body_util::BodyDataStream;
use hyper::body::Body;
use tempfile::TempPath;

/// The fields and files of a form, by name, in the order of the body.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<(String, Upload)>,
}

pub(crate) struct Upload {
    pub(crate) filename: String,
    pub(crate) path: TempPath,
}

impl Form {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads a form and writes its files into `folder`. Returns `None` if the body is malformed.
pub(crate) async fn read<B>(body: B, boundary: &str, folder: &Path) -> Option<Form>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let mut multipart = multer::Multipart::new(BodyDataStream::new(body), boundary);
    let mut form = Form::default();
    loop {
        match multipart.next_field().await.ok()? {
            Some(part) => read_part(part, &mut form, folder).await?,
            None => return Some(form),
        }
    }
}

async fn read_part(mut part: multer::Field<'_>, form: &mut Form, folder: &Path) -> Option<()> {
    let disposition = part.headers().get("content-disposition")?;
    let disposition = String::from_utf8_lossy(disposition.as_bytes()).into_owned();
    let name = parameter(&disposition, "name")?;
    let Some(filename) = parameter(&disposition, "filename") else {
        let bytes = part.bytes().await.ok()?;
        form.fields
            .push((name, String::from_utf8_lossy(&bytes).into_owned()));
        return Some(());
    };
    let mut file = tempfile::Builder::new()
        .prefix("upload-")
        .tempfile_in(folder)
        .ok()?;
    while let Some(chunk) = part.chunk().await.ok()? {
        file.write_all(&chunk).ok()?;
    }
    form.files.push((
        name,
        Upload {
            filename: last_of_windows_path(filename),
            path: file.into_temp_path(),
        },
    ));
    Some(())
}

/// A parameter of a header such as `form-data; name="a"; filename="b"`. Of several with the same name the last counts.
pub(crate) fn parameter(header: &str, name: &str) -> Option<String> {
    let mut found = None;
    let mut rest = header;
    while let Some(semicolon) = rest.find(';') {
        rest = rest[semicolon + 1..].trim_start();
        let key = &rest[..rest.find(['=', ';']).unwrap_or(rest.len())];
        let Some(value) = rest[key.len()..].strip_prefix('=') else {
            continue;
        };
        let (value, after) = match value.trim_start().strip_prefix('"') {
            Some(quoted) => unquote(quoted, key == "filename"),
            None => unquoted(value),
        };
        if key.trim() == name {
            found = Some(value);
        }
        rest = after;
    }
    found
}

/// The text up to the next semicolon, and what follows.
fn unquoted(text: &str) -> (String, &str) {
    let (value, after) = text.split_at(text.find(';').unwrap_or(text.len()));
    (value.trim().to_owned(), after)
}

/// The text up to the closing quote, and what follows it. A backslash is an escape only before a backslash or a quote, and never
/// in a file name that begins with two backslashes.
fn unquote(quoted: &str, is_filename: bool) -> (String, &str) {
    let mut escaped = false;
    let end = quoted.bytes().position(|byte| {
        let end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        end
    });
    let (value, after) = match end {
        Some(end) => (&quoted[..end], &quoted[end + 1..]),
        None => (quoted, ""),
    };
    let value = match is_filename && value.starts_with("\\\\") {
        true => value.to_owned(),
        false => value.replace("\\\\", "\\").replace("\\\"", "\""),
    };
    (value, after)
}

/// The last part of a whole path (`C:\boot\Image`), as old browsers on Windows sent it.
fn last_of_windows_path(filename: String) -> String {
    let windows = filename.get(1..3) == Some(":\\") || filename.starts_with("\\\\");
    match filename.rsplit('\\').next() {
        Some(last) if windows => last.to_owned(),
        _ => filename,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backslash_before_other_characters_is_literal() {
        let filename = |header| parameter(header, "filename").map(last_of_windows_path);
        assert_eq!(
            filename(r#"form-data; filename="C:\boot\Image""#).unwrap(),
            "Image"
        );
        assert_eq!(
            filename(r#"form-data; filename="\\host\share\Image""#).unwrap(),
            "Image"
        );
        assert_eq!(filename(r#"form-data; filename="a\b""#).unwrap(), r"a\b");
    }

    #[test]
    fn parameter_names_match_exactly_and_the_last_one_counts() {
        let header = "form-data; name=a; Filename=\"x\"; filename*=utf-8''y; name=b";
        assert_eq!(parameter(header, "filename"), None);
        assert_eq!(parameter(header, "name").unwrap(), "b");
    }

    #[test]
    fn parameters_are_parsed_like_werkzeug() {
        let header = r#"form-data; name="file"; filename="a \"b\"; c.bin""#;
        assert_eq!(parameter(header, "filename").unwrap(), r#"a "b"; c.bin"#);
        assert_eq!(parameter(header, "name").unwrap(), "file");
        assert_eq!(
            parameter("form-data; name=q; filename=x", "filename").unwrap(),
            "x"
        );
        assert_eq!(parameter("form-data; name=\"q\"", "filename"), None);
        assert_eq!(last_of_windows_path("C:\\boot\\Image".into()), "Image");
    }
}
