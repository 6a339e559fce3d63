//! Commands in the words of other clients, and the line to type instead.

use std::ffi::OsString;

use crate::cli::command_request::shell_quoted;
use crate::cli::commands;

/// Words for what a command is about, with the word here.
const NOUNS: &[(&str, &str)] = &[
    ("images", "image"),
    ("kernel", "image"),
    ("initrd", "image"),
    ("preseeds", "preseed"),
    ("kickstart", "preseed"),
    ("profile", "preseed"),
    ("machines", "machine"),
    ("host", "machine"),
    ("hosts", "machine"),
    ("node", "machine"),
    ("nodes", "machine"),
    ("system", "machine"),
    ("server", "machine"),
    ("interfaces", "interface"),
    ("network", "net"),
    ("labs", "lab"),
];

/// Words for what a command does, between blanks, with the command; `*` is what it is about.
const VERBS: &[(&str, &[&str])] = &[
    (
        "provision deploy install reinstall",
        &["machine", "provision"],
    ),
    ("reserve acquire allocate lock take assign", &["reserve"]),
    ("release free unlock return unassign", &["release"]),
    ("console sol", &["console"]),
    ("on poweron start", &["power", "on"]),
    ("off poweroff stop shutdown", &["power", "off"]),
    (
        "reboot reset restart cycle pxe_reboot",
        &["power", "reboot"],
    ),
    ("ip getip get-ip get_ip address addresses", &["net", "show"]),
    ("wait", &["machine", "wait"]),
    ("report", &["machine", "report"]),
    ("ls list", &["*", "list"]),
    ("get info describe view cat display", &["*", "show"]),
    ("add create new push import put", &["*", "upload"]),
    ("rm remove del destroy", &["*", "delete"]),
    (
        "set update edit modify change configure config",
        &["*", "configure"],
    ),
    ("set update edit modify change", &["*", "set"]),
    ("set update edit modify change", &["*", "upload"]),
    ("status state get query info", &["*", "status"]),
    ("ls list status state query", &["*", "show"]),
];

/// The lines to type instead of one in the words of another client; none where no word is known. There are several
/// where the words do not say what the command is about.
pub(super) fn lines_to_type(args: &[OsString]) -> Vec<String> {
    meant(args).unwrap_or_default()
}

fn meant(args: &[OsString]) -> Option<Vec<String>> {
    let words = args
        .iter()
        .map(|arg| arg.to_str())
        .collect::<Option<Vec<&str>>>()?;
    let mut places = (0..words.len()).filter(|index| !is_option_or_value(&words, *index));
    let (first, second) = (places.next()?, places.next());
    let of_two = second.and_then(|second| in_any_order(words[first], words[second]));
    let (commands, taken) = match of_two {
        Some(command) => (vec![command], vec![first, second?]),
        None => (of_one_word(words[first]), vec![first]),
    };
    let mut rest = String::new();
    for (index, word) in words.iter().enumerate() {
        if !taken.contains(&index) && !is_of_connection(&words, index) {
            rest.push_str(&format!(" {}", shell_quoted(word)));
        }
    }
    let lines = commands.iter().map(|command| {
        let words = command.words.join(" ");
        format!("mrp {words}{rest}")
    });
    Some(lines.collect())
}

/// The command of a noun and a verb: `machines list` or `list machines`.
fn in_any_order(first: &str, second: &str) -> Option<&'static commands::Command> {
    known(Some(first), second).or_else(|| known(Some(second), first))
}

/// The commands that a single word may mean: a verb, a noun, or both joined as in `list-machines`.
fn of_one_word(word: &str) -> Vec<&'static commands::Command> {
    let joined = || {
        let (first, second) = word.split_once(['-', '_'])?;
        in_any_order(first, second)
    };
    let noun_alone = || {
        let is_noun = NOUNS.iter().any(|(noun, _)| *noun == word);
        is_noun.then(|| known(Some(word), "list")).flatten()
    };
    let one = known(None, word)
        .or_else(noun_alone)
        .or_else(joined)
        // Most commands are about machines.
        .or_else(|| known(Some("machine"), word));
    match one {
        Some(command) => vec![command],
        None => {
            let nouns = commands::NOUNS.iter();
            nouns
                .filter_map(|(noun, _)| known(Some(noun), word))
                .collect()
        }
    }
}

/// The command of a noun and a verb, or of a verb alone.
fn known(noun: Option<&str>, verb: &str) -> Option<&'static commands::Command> {
    let mut nouns = NOUNS.iter();
    let noun = noun.map(|noun| {
        nouns
            .find(|(word, _)| *word == noun)
            .map_or(noun, |known| known.1)
    });
    let is_noun = |noun: &str| commands::NOUNS.iter().any(|(name, _)| *name == noun);
    if noun.is_some_and(|noun| !is_noun(noun)) {
        return None;
    }
    let of = |meant: &[&str]| {
        let words = meant
            .iter()
            .map(|word| if *word == "*" { noun } else { Some(*word) });
        let words = words.collect::<Option<Vec<&str>>>()?;
        commands::ALL.iter().find(|command| command.words == words)
    };
    let same = noun.and_then(|noun| of(&[noun, verb]));
    let mut verbs = VERBS
        .iter()
        .filter(|(words, _)| words.split(' ').any(|word| word == verb));
    // The list of machines is what a list of nothing is.
    let alone = || match (noun, verb) {
        (None, "list" | "ls") => of(&["machine", "list"]),
        (None, "status") => of(&["lab", "status"]),
        _ => None,
    };
    same.or_else(|| verbs.find_map(|(_, meant)| of(meant)))
        .or_else(alone)
}

/// Whether a word is an option, or may be the value of the one before it.
fn is_option_or_value(words: &[&str], index: usize) -> bool {
    let takes_value = |word: &str| {
        ["--lab", "--output", "-o"].contains(&word) || (is_connection(word) && !word.contains('='))
    };
    words[index].starts_with('-') || (index > 0 && takes_value(words[index - 1]))
}

/// Whether a word is an option of the connection or its value: it may be secret, and the next command has it anyway.
fn is_of_connection(words: &[&str], index: usize) -> bool {
    is_connection(words[index])
        || (index > 0 && is_connection(words[index - 1]) && !words[index - 1].contains('='))
}

fn is_connection(word: &str) -> bool {
    ["--mrp", "--url", "--tok"]
        .iter()
        .any(|option| word.starts_with(option))
}
