//! What completes names in each shell, behind the script of clap for commands, options and choices.

use clap_complete::Shell;

/// The script with the names of machines, images, preseeds and labs.
pub(crate) fn with_names(shell: Shell, script: String) -> String {
    match shell {
        Shell::Bash => script + BASH,
        Shell::Zsh => script.replace(ZSH_END, ZSH),
        Shell::Fish => script + FISH,
        _ => script,
    }
}

/// What is typed so far may have a quote before it, and backslashes. Without a quote, blanks in a name get backslashes.
const BASH: &str = r#"
_mrp_with_names() {
    _mrp "$@"
    local word="${COMP_WORDS[COMP_CWORD]}" name names
    case "$word" in -*) return ;; esac
    local quote="${word%"${word#[\"\']}"}"
    local plain="${word#"$quote"}"
    plain="${plain//\\/}"
    names="$("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$plain" 2>/dev/null)"
    [ -n "$names" ] || return
    COMPREPLY=()
    while IFS= read -r name; do
        [ -n "$quote" ] || name="$(printf '%q' "$name")"
        COMPREPLY+=("$name")
    done <<< "$names"
}
complete -F _mrp_with_names -o bashdefault -o default mrp
"#;

/// The end of clap's script, which defines `_mrp`.
const ZSH_END: &str = r#"if [ "$funcstack[1]" = "_mrp" ]; then
    _mrp "$@"
else
    compdef _mrp mrp
fi"#;

const ZSH: &str = r#"_mrp_with_names() {
    local -a names
    if [[ "$PREFIX" != -* ]]; then
        names=("${(@f)$("${words[1]}" complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
        names=(${names:#})
    fi
    if (( ${#names} )); then
        compadd -a names
    else
        _mrp "$@"
    fi
}

compdef _mrp_with_names mrp
if [ "$funcstack[1]" = "_mrp" ]; then
    _mrp_with_names "$@"
fi"#;

/// The values of options have lines of their own in fish.
const FISH: &str = r#"
function __mrp_names
    set -l words (commandline -opc)
    set -l word (commandline -ct | string trim --left --chars "'\"")
    mrp complete -- $words[2..] "$word" 2>/dev/null
end
complete -c mrp -f -a '(__mrp_names)'
for option in lab mrp-lab kernel initrd preseed name names machines description
    complete -c mrp -l $option -x -a '(__mrp_names)'
end
"#;
