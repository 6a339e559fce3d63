//! Files of options: lines of `name = value` in sections, and files with a token that they name.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::ansible::{Failure, Kind, ModuleSpec, expand_path};
use crate::support::markup::is_option_name;
use crate::support::{io_error, regular_file};

const TOKENS: [&str; 2] = ["mrp_token", "token"];
const TOKEN_FILE: &str = "token_file";

/// The usual name for no file: it counts as an empty one.
const NO_FILE: &str = "/dev/null";

/// The most bytes that are read of a file.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// A file that was read. A file with a token is readable for its owner alone, and no file is writable for everybody.
pub(crate) struct OptionsFile {
    path: PathBuf,
    sections: Vec<Section>,
}

/// Whether there is a file or a link, even one that cannot be read: a broken link is reported, not skipped.
pub(crate) fn exists(path: &Path) -> bool {
    let absent = [ErrorKind::NotFound, ErrorKind::NotADirectory];
    fs::symlink_metadata(path).map_or_else(|error| !absent.contains(&error.kind()), |_| true)
}

/// The options of one section.
#[derive(Default)]
struct Section {
    /// Empty for the options before the first section.
    name: String,
    options: Map<String, Value>,
}

impl OptionsFile {
    pub(crate) fn read(path: &Path) -> Result<OptionsFile, Failure> {
        let file = TextFile::read(path)?;
        let options = OptionsFile::parse(path, &file.text)?;
        if options.sections.iter().any(Section::has_token) {
            file.require_private(path)?;
        }
        file.require_protected(path)?;
        Ok(options)
    }

    /// The options in the text of a file with this path.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<OptionsFile, Failure> {
        let sections = parse(text).map_err(|(line, problem)| {
            Failure::invalid_call(format!("line {line} of {} {problem}", path.display()))
        })?;
        Ok(OptionsFile {
            path: path.to_owned(),
            sections,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of its sections, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.sections.iter().map(|section| section.name.as_str());
        names.filter(|name| !name.is_empty())
    }

    /// The options before the first section.
    pub(crate) fn preamble(&self) -> &Map<String, Value> {
        &self.sections[0].options
    }

    /// The options of a section as they are written.
    #[cfg(feature = "cli")]
    pub(crate) fn section(&self, name: &str) -> Map<String, Value> {
        let found = self.sections.iter().find(|found| found.name == name);
        found.map_or_else(Map::new, |found| found.options.clone())
    }

    /// The options of a section. Paths are relative to this file, and the token is read from the file that `token_file` names.
    pub(crate) fn options(
        &self,
        section: &str,
        spec: &ModuleSpec,
    ) -> Result<Map<String, Value>, Failure> {
        let found = self.sections.iter().find(|found| found.name == section);
        let mut given = self.with_resolved_paths(section, spec);
        let Some(Value::String(token_file)) = given.remove(TOKEN_FILE) else {
            return Ok(given);
        };
        if found.is_some_and(Section::has_token) {
            return Err(Failure::invalid_call(format!(
                "{} has both a token and a {TOKEN_FILE}",
                self.path.display()
            )));
        }
        let token = TextFile::read(token_file.as_ref())?;
        token.require_private(token_file.as_ref())?;
        given.insert(TOKENS[0].into(), token.text.trim().into());
        Ok(given)
    }

    /// The files that a section names: the options and their paths, relative to this file.
    pub(crate) fn paths(&self, section: &str, spec: &ModuleSpec) -> Vec<(&'static str, PathBuf)> {
        let given = self.with_resolved_paths(section, spec);
        let paths = spec
            .all_options()
            .filter(|option| matches!(option.kind, Kind::Path));
        let named = paths.filter_map(|option| Some((option.name, given.get(option.name)?)));
        named
            .filter_map(|(name, path)| Some((name, PathBuf::from(path.as_str()?))))
            .collect()
    }

    fn with_resolved_paths(&self, section: &str, spec: &ModuleSpec) -> Map<String, Value> {
        let found = self.sections.iter().find(|found| found.name == section);
        let mut given = found.map_or_else(Map::new, |found| found.options.clone());
        let folder = self.path.parent().unwrap_or(Path::new(""));
        resolve_paths(&mut given, folder, spec);
        given
    }
}

impl Section {
    fn has_token(&self) -> bool {
        TOKENS.iter().any(|name| self.options.contains_key(*name))
    }
}

/// Reads lines of `[section]` and `name = value`. Blank lines and lines that begin with `#` are skipped. An error is the
/// number of the line and what is wrong with it.
fn parse(text: &str) -> Result<Vec<Section>, (usize, &'static str)> {
    let mut sections = vec![Section::default()];
    for (line, text) in (1..).zip(text.lines().map(str::trim)) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let header = text.strip_prefix('[');
        if let Some(name) = header.and_then(|text| text.strip_suffix(']')) {
            let name = name.trim().to_owned();
            if sections.iter().any(|section| section.name == name) {
                let problem = "names a section that has no name, or that an earlier line names";
                return Err((line, problem));
            }
            sections.push(Section {
                name,
                ..Section::default()
            });
            continue;
        }
        let (name, value) = text
            .split_once('=')
            // Any other text may be a token, and is not repeated in messages.
            .filter(|(name, _)| is_option_name(name.trim()))
            .ok_or((line, "is not of the form name = value"))?;
        let options = &mut sections.last_mut().expect("there is a first one").options;
        let earlier = options.insert(name.trim().to_owned(), value.trim().into());
        if earlier.is_some() {
            return Err((line, "gives an option that an earlier line gives"));
        }
    }
    for section in &mut sections {
        section.options.retain(|_, value| value != "");
    }
    Ok(sections)
}

/// Makes paths relative to the folder of the options file, not to the working directory.
fn resolve_paths(given: &mut Map<String, Value>, folder: &Path, spec: &ModuleSpec) {
    for option in spec.all_options() {
        if let (Kind::Path, Some(Value::String(path))) = (option.kind, given.get_mut(option.name)) {
            *path = folder
                .join(expand_path(path))
                .to_string_lossy()
                .into_owned();
        }
    }
}

/// A text file with its permissions.
struct TextFile {
    text: String,
    metadata: Metadata,
}

impl TextFile {
    fn read(path: &Path) -> Result<TextFile, Failure> {
        TextFile::read_regular(path).map_err(|error| {
            Failure::invalid_call(format!(
                "cannot read {}: {}",
                path.display(),
                io_error::text(&error)
            ))
        })
    }

    fn read_regular(path: &Path) -> io::Result<TextFile> {
        if path == Path::new(NO_FILE) {
            return Ok(TextFile {
                text: String::new(),
                metadata: fs::metadata(path)?,
            });
        }
        let file = regular_file::open(path)?;
        let bytes = regular_file::contents(&file, SIZE_LIMIT)?;
        let text =
            String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))?;
        Ok(TextFile {
            // Editors of Windows begin a file with a byte order mark.
            text: text.trim_start_matches('\u{feff}').to_owned(),
            metadata: file.metadata()?,
        })
    }

    fn require_private(&self, path: &Path) -> Result<(), Failure> {
        let problem = "has a token and others can read it";
        self.require_without(0o077, path, problem, "600")
    }

    /// A user who can write the file could have the token sent to another server.
    fn require_protected(&self, path: &Path) -> Result<(), Failure> {
        if !self.metadata.is_file() {
            return Ok(());
        }
        let problem = "says where the token is sent and everybody can write it";
        self.require_without(0o002, path, problem, "o-w")
    }

    /// Fails when the file has one of these permissions, with the command that takes them away.
    fn require_without(
        &self,
        permissions: u32,
        path: &Path,
        problem: &str,
        mode: &str,
    ) -> Result<(), Failure> {
        if self.metadata.permissions().mode() & permissions == 0 {
            return Ok(());
        }
        let path = path.display().to_string();
        Err(Failure::invalid_call(format!(
            "{path} {problem}; type: chmod {mode} '{}'",
            path.replace('\'', "'\\''")
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ansible::Opt;

    #[test]
    fn reads_lines_and_sections() {
        let text = "# the lab\n\nmrp_url = http://lab/?a=b\r\n  query=(= arch \"arm64\") # no comment \ncache =\n\
             [ x ]\nquery = t\n";
        let sections = parse(text).unwrap();
        let parsed = sections
            .into_iter()
            .map(|section| (section.name, Value::from(section.options)));
        assert_eq!(
            parsed.collect::<Vec<_>>(),
            [
                (
                    String::new(),
                    json!({ "mrp_url": "http://lab/?a=b", "query": "(= arch \"arm64\") # no comment" })
                ),
                ("x".to_owned(), json!({ "query": "t" }))
            ]
        );
    }

    #[test]
    fn invalid_line_is_reported_by_number() {
        for (text, line) in [
            ("a = 1\n\nmrp\n", 3),
            ("a = 1\na = 2\n", 2),
            ("[x]\n[]\n", 2),
            ("[x]\n[y]\n[x]\n", 3),
        ] {
            assert_eq!(
                parse(text).err().map(|(line, _)| line),
                Some(line),
                "{text}"
            );
        }
    }

    #[test]
    fn paths_are_relative_to_the_options_file() {
        static SPEC: ModuleSpec = ModuleSpec {
            options: &[&[
                Opt::new("token_file", Kind::Path),
                Opt::new("cache", Kind::Path),
                Opt::new("query", Kind::Str),
            ]],
            ..ModuleSpec::EMPTY
        };
        let mut given = parse("token_file = token\ncache = /var/x\nquery = y\n")
            .unwrap()
            .remove(0)
            .options;
        resolve_paths(&mut given, Path::new("/lab"), &SPEC);
        assert_eq!(
            Value::from(given),
            json!({ "token_file": "/lab/token", "cache": "/var/x", "query": "y" })
        );
    }
}
