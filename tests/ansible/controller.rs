//! An installation of Ansible, and what its programs print.

use std::path::{Path, PathBuf};
use std::process::Command;

use mrp_lab::Lab;

/// The token of the lab's user who holds most machines; no output may have it.
const TOKEN: &str = "alice-token";

/// One installation.
pub(crate) struct Controller {
    bin: PathBuf,
}

/// What a program printed, and how it ended.
pub(crate) struct Run {
    /// All of it.
    pub(crate) output: String,
    /// What of it went to standard error.
    pub(crate) complaints: String,
    ok: bool,
}

/// The project's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The installations that are to be used.
pub(crate) fn all() -> Vec<Controller> {
    let list = std::env::var_os("MRP_TEST_ANSIBLE").expect(
        "MRP_TEST_ANSIBLE names no installation of Ansible: run `make test`, which makes them",
    );
    let bins: Vec<PathBuf> = std::env::split_paths(&list).collect();
    assert!(
        !bins.is_empty(),
        "MRP_TEST_ANSIBLE is empty: run `make test`"
    );
    bins.into_iter().map(|bin| Controller { bin }).collect()
}

impl Controller {
    /// Runs a playbook against a lab, at a verbosity that shows all there is.
    pub(crate) fn playbook(&self, lab: &Lab, playbook: &str, arguments: &[&str]) -> Run {
        self.playbook_with(lab, playbook, arguments, &[])
    }

    /// The same, with variables of the environment besides.
    pub(crate) fn playbook_with(
        &self,
        lab: &Lab,
        playbook: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Run {
        let mut command = self.command("ansible-playbook");
        command.arg("-vvvv").arg(playbook).args(arguments);
        self.run_against(lab, &mut command, environment)
    }

    /// What `ansible-inventory` makes of an inventory.
    pub(crate) fn inventory(
        &self,
        lab: &Lab,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Run {
        let mut command = self.command("ansible-inventory");
        self.run_against(lab, command.args(arguments), environment)
    }

    fn run_against(&self, lab: &Lab, command: &mut Command, environment: &[(&str, &str)]) -> Run {
        command.env("MRP_URL", lab.url()).env("MRP_TOKEN", TOKEN);
        let run = self.run(command.envs(environment.iter().copied()));
        assert!(
            !run.output.contains(TOKEN),
            "the token was printed: {}",
            run.output
        );
        run
    }

    /// Runs a playbook with neither server nor token in the environment.
    pub(crate) fn playbook_without_server(&self, playbook: &str) -> Run {
        self.run(self.command("ansible-playbook").arg(playbook))
    }

    /// Reads a playbook without running it.
    pub(crate) fn syntax_check(&self, playbook: &str) -> Run {
        let mut command = self.command("ansible-playbook");
        self.run(command.arg("--syntax-check").arg(playbook))
    }

    /// What `ansible-doc` shows of a module.
    pub(crate) fn doc(&self, module: &str) -> Run {
        self.run(
            self.command("ansible-doc")
                .args(["-M", "library", "-t", "module", module]),
        )
    }

    /// A program of this installation, untouched by the settings of whoever runs the tests.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(root());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("ANSIBLE_") || name.starts_with("MRP_") {
                command.env_remove(name);
            }
        }
        command
            .env("ANSIBLE_CONFIG", root().join("ansible.cfg"))
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// Runs it with a home of its own: others run at the same time.
    fn run(&self, command: &mut Command) -> Run {
        let home = tempfile::tempdir().unwrap();
        let scratch = home.path().join("tmp");
        command
            .env("ANSIBLE_HOME", home.path())
            .env("ANSIBLE_LOCAL_TEMP", &scratch)
            .env("ANSIBLE_REMOTE_TMP", &scratch);
        let output = command.output().expect("Ansible's programs can be started");
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        Run {
            output: String::from_utf8_lossy(&output.stdout).into_owned() + &complaints,
            complaints,
            ok: output.status.success(),
        }
    }
}

impl Run {
    pub(crate) fn succeeded(&self) {
        assert!(self.ok, "{}", self.output);
    }

    pub(crate) fn failed(&self) {
        assert!(!self.ok, "it should have failed: {}", self.output);
    }

    pub(crate) fn says(&self, part: &str) {
        assert!(
            self.output.contains(part),
            "no {part:?} in: {}",
            self.output
        );
    }

    /// The number of changed tasks, over all hosts of the recap.
    pub(crate) fn changed(&self) -> usize {
        let recap = self
            .output
            .split("PLAY RECAP")
            .nth(1)
            .expect("the run has a recap");
        let counts = recap
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("changed="));
        counts.map(|count| count.parse::<usize>().unwrap()).sum()
    }
}
