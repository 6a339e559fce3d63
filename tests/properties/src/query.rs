//! The query language: the library writes it, and the simulated server reads it.

use mr_provisioner::client::Query;
use mrp_lab::found_names;

/// The longest text that the library reads back, in characters.
const LONGEST: usize = 4096;

/// A query for machines by their names finds these and no others, whatever the names are, and is read back as it was
/// built.
pub fn built_query_selects_what_it_says(names: &[String], is_part: bool, all: bool) {
    if names.iter().any(|name| name.contains('\0')) {
        // The client refuses it before anything is sent.
        return;
    }
    let one = |name: &String| match is_part {
        true => Query::name_contains(name),
        false => Query::name_is(name),
    };
    let queries = names.iter().map(one);
    let query = if all {
        Query::and(queries)
    } else {
        Query::or(queries)
    };
    let text = query.to_string();
    if text.chars().count() <= LONGEST {
        assert_eq!(Query::parse(&text).ok(), Some(query), "{text:?}");
    }
    let selects = |machine: &str, name: &String| match is_part {
        true => machine.contains(name.as_str()),
        false => machine == name,
    };
    let candidates = candidates(names);
    let candidates: Vec<&str> = candidates.iter().map(String::as_str).collect();
    let selected = candidates.iter().copied().filter(|machine| {
        let mut each = names.iter().map(|name| selects(machine, name));
        names.is_empty()
            || if all {
                each.all(|is| is)
            } else {
                each.any(|is| is)
            }
    });
    let selected: Vec<&str> = selected.collect();
    assert_eq!(found_names(&text, &candidates), Ok(selected), "{text:?}");
}

/// Names that are like these: themselves, longer ones, and what wildcards and escapes would make of them.
fn candidates(names: &[String]) -> Vec<String> {
    let like = |name: &String| {
        [
            name.clone(),
            format!("a{name}b"),
            name.replace(['%', '_'], "x"),
            name.replace('\\', ""),
            name.to_uppercase(),
        ]
    };
    let mut candidates: Vec<String> = names.iter().flat_map(like).collect();
    candidates.push(names.concat());
    candidates
}

/// A filter that the library accepts is one that the server accepts, and means the same once it is written anew.
pub fn accepted_filter_is_accepted_by_the_server(text: &str) {
    let Ok(query) = Query::parse(text) else {
        return;
    };
    let written = query.to_string();
    let names = ["", "qdc01", "a"];
    let found = found_names(&written, &names);
    assert!(found.is_ok(), "{text:?} as {written:?}: status {found:?}");
    if written.chars().count() <= LONGEST {
        assert_eq!(
            Query::parse(&written).ok(),
            Some(query),
            "{text:?} as {written:?}"
        );
    }
}
