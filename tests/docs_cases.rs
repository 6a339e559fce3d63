//! docs/cases.md and the other pages that name tests name such that exist.

use std::path::{Path, PathBuf};

const CASES: &str = include_str!("../docs/cases.md");
const OTHER_PAGES: [(&str, &str); 4] = [
    ("docs/console.md", include_str!("../docs/console.md")),
    ("docs/boot_once.md", include_str!("../docs/boot_once.md")),
    (
        "docs/troubleshooting.md",
        include_str!("../docs/troubleshooting.md"),
    ),
    (
        "docs/reporting_ready.md",
        include_str!("../docs/reporting_ready.md"),
    ),
];

/// Stands for any test where the page explains how tests are named.
const PLACEHOLDER: &str = "NAME";

/// The texts between backticks that name tests, such as `scenarios::values::NAME`.
fn named_tests(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name = |word: &&str| {
        word.chars()
            .all(|c| c.is_ascii_alphanumeric() || "_:".contains(c))
    };
    quoted
        .filter(|word| word.contains("::"))
        .filter(is_name)
        .filter(|word| !word.ends_with(&format!("::{PLACEHOLDER}")))
        .collect()
}

/// Where the file with a test may be, which is named by its folders and its own name.
fn possible_files(folders: &[&str]) -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let below = |folder: &str, parts: &[&str]| top.join(folder).join(parts.join("/"));
    let of_crate = format!("tests/{}/tests", folders[0]);
    let modules = [
        below("", folders),
        below("tests", folders),
        below(&of_crate, &folders[1..]),
    ];
    let files = modules
        .iter()
        .flat_map(|module| [module.with_extension("rs"), module.join("mod.rs")]);
    files.collect()
}

/// Whether a source has a function of this name that is a test and runs by default.
fn has_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}() {{");
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines
        .iter()
        .position(|line| *line == head)
        .is_some_and(|at| {
            let attributes = lines[..at].iter().rev();
            let attributes: Vec<_> = attributes
                .take_while(|line| line.starts_with("#["))
                .collect();
            attributes.contains(&&"#[test]")
                && !attributes.iter().any(|line| line.starts_with("#[ignore"))
        })
}

fn exists(test: &str) -> bool {
    let mut folders: Vec<&str> = test.split("::").collect();
    let name = folders.pop().unwrap_or_default();
    possible_files(&folders)
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .any(|source| has_test(&source, name))
}

fn assert_exist(page: &str, tests: &[&str]) {
    let missing: Vec<_> = tests.iter().filter(|test| !exists(test)).collect();
    assert!(missing.is_empty(), "{page} names no test: {missing:#?}");
}

#[test]
fn every_case_names_tests_that_exist() {
    let rows = CASES.lines().filter(|line| line.starts_with("| "));
    let rows: Vec<_> = rows.filter(|line| !line.starts_with("| case |")).collect();
    assert!(rows.len() > 60, "{} cases", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [_, _, tests] = cells[..] else {
            panic!("not three cells: {row}");
        };
        assert!(!named_tests(tests).is_empty(), "no test: {row}");
    }
    assert_exist("docs/cases.md", &named_tests(CASES));
}

#[test]
fn other_pages_name_tests_that_exist() {
    for (page, text) in OTHER_PAGES {
        let tests = named_tests(text);
        assert!(!tests.is_empty(), "{page}");
        assert_exist(page, &tests);
    }
}

#[test]
fn every_entry_of_the_troubleshooting_page_names_a_test() {
    let entries: Vec<&str> = OTHER_PAGES
        .iter()
        .filter(|(page, _)| page.ends_with("troubleshooting.md"))
        .flat_map(|(_, text)| text.split("\n### ").skip(1))
        .collect();
    assert!(entries.len() > 30, "{} entries", entries.len());
    let untested = entries.iter().filter(|entry| {
        let entry = entry.split("\n## ").next().unwrap_or_default();
        named_tests(entry).is_empty()
    });
    let untested: Vec<_> = untested.filter_map(|entry| entry.lines().next()).collect();
    assert!(untested.is_empty(), "no test: {untested:#?}");
}

#[test]
fn missing_and_ignored_tests_and_other_functions_are_no_tests() {
    let source = "#[test]\nfn a() {\n}\nfn b() {\n}\n#[test]\n#[ignore]\nfn c() {\n}\n";
    let found = ["a", "b", "c", "d"].map(|name| has_test(source, name));
    assert_eq!(found, [true, false, false, false]);
    assert!(exists("docs_cases::every_case_names_tests_that_exist"));
    assert!(!exists("docs_cases::no_such_test"));
}
