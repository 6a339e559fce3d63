//! Help texts, shell completions and the manual page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use mr_provisioner::ansible::Kind;
use mrp_test_support::assert_contains;
use mrp_test_support::command_line::words;

use crate::{start_bare_lab, start_lab};

/// Columns and lines of the screen that every help text fits on.
const SCREEN: (usize, usize) = (80, 24);
/// The only module without a command.
const WITHOUT_COMMAND: &str = "mrp_assignee";

fn help(of: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mrp"))
        .args(words(of))
        .arg("--help")
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{of}");
    String::from_utf8(output.stdout).unwrap()
}

/// The names in a help text's list of commands: lines of two blanks, a name and a description.
fn command_names(help: &str) -> Vec<String> {
    let commands = help.lines().filter_map(|line| line.strip_prefix("  "));
    commands
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .filter_map(|line| line.split_once(' '))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// All help texts but the program's own, each with the words before `--help`.
pub(crate) fn helps() -> Vec<(String, String)> {
    let mut helps = Vec::new();
    for noun in command_names(&help("")) {
        let text = help(&noun);
        if text.contains("<COMMAND>") {
            let verbs = command_names(&text).into_iter();
            helps.extend(verbs.map(|verb| {
                let words = format!("{noun} {verb}");
                (words.clone(), help(&words))
            }));
        }
        helps.push((noun, text));
    }
    helps
}

/// The commands that send requests to a server.
pub(crate) fn commands() -> BTreeSet<String> {
    let all = helps().into_iter();
    all.filter(|(_, text)| text.contains("--json"))
        .map(|(words, _)| words)
        .collect()
}

fn example(help: &str) -> &str {
    let last = help.lines().next_back().unwrap();
    let example = last.strip_prefix("Example: ");
    example.unwrap_or_else(|| panic!("it ends with no example: {help}"))
}

#[test]
fn every_help_fits_a_screen_and_ends_with_an_example() {
    let mut helps = helps();
    assert!(helps.len() > 30, "{}", helps.len());
    helps.push((String::new(), help("")));
    helps.push(("docs".to_owned(), help("docs")));
    let (columns, lines) = SCREEN;
    for (of, text) in helps {
        // One line is left for the prompt.
        assert!(text.lines().count() < lines, "{of}: {text}");
        let wide = text.lines().find(|line| line.chars().count() > columns);
        assert_eq!(wide, None, "{of}");
        assert!(!text.contains("\n\n\n"), "{of}: {text}");
        assert!(!example(&text).is_empty());
    }
}

#[test]
fn help_lists_the_accepted_words() {
    for (command, parts) in [
        (
            "interface set",
            &["dynamic, dynamic-reserved, static", "or auto for"][..],
        ),
        ("machine report", &["--state <ready|error|unknown>"]),
        (
            "machine list",
            &["ready, error", "state, interfaces, assignees, power"],
        ),
        ("power reboot", &["<pxe|disk|bios>"]),
    ] {
        assert_contains(&help(command), parts);
    }
    for (of, text) in helps() {
        assert!(!text.contains('…'), "{of}: {text}");
    }
    assert_contains(&help(""), &["MRP_URL", "MRP_TOKEN", "--lab"]);
}

#[test]
fn every_option_has_a_description() {
    for (of, text) in helps() {
        let options = text.lines().filter(|line| line.starts_with("  --"));
        for line in options {
            let described = line.trim_start().split_once("  ");
            assert!(
                described.is_some_and(|(_, rest)| rest.trim().len() > 3),
                "{of}: {line}"
            );
        }
    }
}

/// A shell runs the examples with a script in place of `mrp` that records its arguments. The real one is run with these.
#[test]
fn every_example_is_accepted() {
    // No server listens there, so that nothing is changed and no command waits.
    let lab = start_lab().with("MRP_URL", "http://127.0.0.1:1/");
    let recorded = lab.path("recorded");
    let stub = "#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done >> \"$RECORDED\"; printf '\\n' >> \"$RECORDED\"\n";
    lab.write("bin/mrp", stub);
    for other in ["websocat", "man"] {
        lab.write(&format!("bin/{other}"), "#!/bin/sh\n:\n");
    }
    for stub in ["mrp", "websocat", "man"] {
        lab.set_mode(&lab.path("bin").join(stub), 0o700);
    }
    lab.write(".local/share/bash-completion/completions/mrp", "");
    let labs = "[cambridge]\nmrp_url = http://127.0.0.1:1/\n";
    lab.write(".config/mrp/labs.cfg", labs);
    let mut examples: Vec<String> = helps()
        .iter()
        .map(|(_, text)| example(text).to_owned())
        .collect();
    examples.push(example(&help("")).to_owned());
    for example in examples {
        std::fs::write(&recorded, "").unwrap();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &example]).current_dir(lab.path("bin"));
        shell
            .env("PATH", lab.path("bin"))
            .env("RECORDED", &recorded)
            .env("HOME", lab.path(""));
        assert!(shell.status().unwrap().success(), "{example}");
        let calls = std::fs::read_to_string(&recorded).unwrap();
        assert_eq!(calls.lines().count(), 1, "{example}");
        let words = calls.trim_end_matches('\n').split_terminator('\0');
        let mut command = lab.mrp_command("--retries 0");
        let output = command.args(words).output().unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{example}: {output:?}"
        );
    }
}

fn completions(shell: &str) -> String {
    start_bare_lab().mrp_ok(&format!("completions {shell}"))
}

#[test]
fn completions_have_every_option() {
    for shell in ["bash", "zsh", "fish"] {
        let script = completions(shell);
        for option in [
            "mrp-url",
            "kernel-opts",
            "config-type-v4",
            "netboot-when-ready",
            "watch",
            "json",
            "lab",
        ] {
            assert!(script.contains(option), "{shell}: {option}");
        }
    }
}

/// Shells check the syntax of their scripts; zsh and fish only where they are installed.
#[test]
fn completions_are_scripts_of_their_shells() {
    let lab = start_bare_lab();
    for shell in ["bash", "zsh", "fish"] {
        let script = lab.write(shell, completions(shell));
        let Ok(output) = Command::new(shell).arg("-n").arg(script).output() else {
            assert_ne!(shell, "bash", "bash is not installed");
            continue;
        };
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
    }
}

/// The completions of bash for the last of these words.
fn completions_of(script: &Path, line: &[&str]) -> Vec<String> {
    let (word, before) = (line[line.len() - 1], line[line.len() - 2]);
    let asked = format!(
        "compopt() {{ :; }}\nsource '{}'\nCOMP_WORDS=(\"$@\")\nCOMP_CWORD={}\n\
         function=$(complete -p mrp | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
         $function mrp '{word}' '{before}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.display(),
        line.len() - 1,
    );
    let output = Command::new("bash")
        .args(["-c", &asked, "bash"])
        .args(line)
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_commands_options_and_values() {
    let lab = start_bare_lab();
    let script = lab.write("mrp.bash", completions("bash"));
    let mut verbs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for command in commands() {
        let (noun, verb) = command.split_once(' ').unwrap_or((&command, ""));
        let verbs = verbs.entry(noun.to_owned()).or_default();
        verbs.extend(Some(verb.to_owned()).filter(|verb| !verb.is_empty()));
    }
    let labs = verbs.entry("lab".to_owned()).or_default();
    labs.extend(["list", "use"].map(str::to_owned));
    // The completions that are not options.
    let words = |line: &[&str]| -> BTreeSet<String> {
        let completions = completions_of(&script, line).into_iter();
        completions.filter(|word| !word.starts_with('-')).collect()
    };
    let mut nouns: BTreeSet<String> = verbs.keys().cloned().collect();
    nouns.extend(["completions", "docs", "man"].map(str::to_owned));
    assert_eq!(words(&["mrp", ""]), nouns);
    for (noun, verbs) in verbs.into_iter().filter(|(_, verbs)| !verbs.is_empty()) {
        assert_eq!(words(&["mrp", &noun, ""]), verbs, "mrp {noun}");
    }
    assert_eq!(
        completions_of(&script, &["mrp", "machine", "pro"]),
        ["provision"]
    );
    let kinds = ["mrp", "image", "list", "--type", "K"];
    assert_eq!(completions_of(&script, &kinds), ["Kernel"]);
    let states = ["mrp", "machine", "report", "--state", ""];
    assert_eq!(
        completions_of(&script, &states),
        ["ready", "error", "unknown"]
    );
    assert_eq!(
        completions_of(&script, &["mrp", "--lab", "ci", "machine", "pro"]),
        ["provision"]
    );
    assert_eq!(completions_of(&script, &["mrp", "inv"]), ["inventory"]);
    assert_eq!(
        completions_of(&script, &["mrp", "machine", "provision", "--ker"]),
        ["--kernel", "--kernel-id", "--kernel-opts"]
    );
    assert_eq!(
        completions_of(&script, &["mrp", "completions", "f"]),
        ["fish"]
    );
}

/// The manual page as groff prints it. None where groff is not installed.
fn read_manual(page: &Path) -> Option<String> {
    let mut man = Command::new("groff");
    man.args(["-man", "-ww", "-Tascii", "-P-c"]).arg(page);
    let output = man.output().ok()?;
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
    // groff prints a bold letter as the letter, a backspace and the letter again.
    let mut text: Vec<char> = Vec::new();
    for character in String::from_utf8(output.stdout).unwrap().chars() {
        match character {
            '\u{8}' => {
                text.pop();
            }
            other => text.push(other),
        }
    }
    Some(text.into_iter().collect())
}

#[test]
fn the_manual_names_every_command_and_option() {
    let lab = start_bare_lab();
    let source = lab.mrp_ok("man");
    let page = lab.write("mrp.1", &source);
    let read = read_manual(&page);
    // Hyphens are escaped in the source.
    let plain = source
        .replace("\\-", "-")
        .replace("\\fB", "")
        .replace("\\fR", "")
        .replace("\\fI", "");
    for text in [Some(plain), read].into_iter().flatten() {
        let text: Vec<&str> = text.split_whitespace().collect();
        let text = text.join(" ");
        for command in commands() {
            assert_contains(&text, &[&format!("mrp {command}"), &command.to_uppercase()]);
        }
        let made = mr_provisioner::MODULES.iter().filter(|module| {
            module.spec.name != WITHOUT_COMMAND && module.spec.deprecation.is_none()
        });
        for option in made.flat_map(|module| module.spec.all_options()) {
            // Lists of objects are given as several operands, not as an option.
            // What `mrp net show` fixes, or what only the size of a playbook's result makes useful.
            let is_fixed = ["strict", "return", "interfaces"].contains(&option.name);
            if !matches!(option.kind, Kind::Items(_)) && !is_fixed {
                assert_contains(&text, &[&format!("--{}", option.name.replace('_', "-"))]);
            }
        }
        for own in [
            "--check",
            "--diff",
            "--json",
            "--lab",
            "--verbose",
            "labs.cfg",
            "MRP_LAB",
            "MRP_URL",
            "MRP_TOKEN What --mrp-token is when not given.",
            "MRP_CA_PATH What --ca-path is",
            "NO_COLOR",
        ] {
            assert_contains(&text, &[own]);
        }
    }
    for heading in [
        ".TH mrp 1",
        "\n.SH NAME\n",
        "\n.SH SYNOPSIS\n",
        "\n.SH OPTIONS\n",
        "\n.SH ENVIRONMENT\n",
        "\n.SH NOTES\n",
    ] {
        assert_contains(&source, &[heading]);
    }
    assert!(!source.contains("mrp-image(1)"), "there is one page");
}
