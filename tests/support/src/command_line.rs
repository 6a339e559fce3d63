//! The command line, run as it is typed into a shell.

use std::process::{Command, Output};

use crate::{TestLab, assert_no_token};

/// What a command printed, and how it ended.
pub struct CommandOutput {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl CommandOutput {
    /// Checks an output for what no command may print: the token, a panic, and colours where there is no terminal.
    pub fn checked(output: &Output) -> CommandOutput {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let printed = format!("{out}{err}");
        assert_no_token(&printed);
        assert!(!printed.contains('\u{1b}'), "for no terminal: {printed:?}");
        assert!(!printed.contains("panicked"), "{printed}");
        CommandOutput {
            code: output.status.code().unwrap(),
            out,
            err,
        }
    }
}

impl TestLab {
    /// `mrp` with a line as it is typed, quoted as for a shell, to be run.
    pub fn mrp_command(&self, line: &str) -> Command {
        let mut command = self.command(self.program());
        command.args(words(line));
        command
    }

    /// Runs `mrp`.
    pub fn mrp(&self, line: &str) -> CommandOutput {
        CommandOutput::checked(&self.mrp_command(line).output().unwrap())
    }

    /// What `mrp` prints, which must succeed.
    #[track_caller]
    pub fn mrp_ok(&self, line: &str) -> String {
        let output = self.mrp(line);
        assert_eq!(output.code, 0, "mrp {line}: {}{}", output.out, output.err);
        output.out
    }

    /// The error that `mrp` prints, which must fail with this code and print nothing else.
    #[track_caller]
    pub fn mrp_fails(&self, line: &str, code: i32) -> String {
        let output = self.mrp(line);
        let ended = (output.code, output.out.as_str());
        assert_eq!(ended, (code, ""), "mrp {line}: {}", output.err);
        output.err
    }
}

/// A line split into words as a shell does it.
pub fn words(line: &str) -> Vec<String> {
    let script = format!("set -- {line}\n[ $# = 0 ] || printf '%s\\0' \"$@\"");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}
