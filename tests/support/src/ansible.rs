//! Installations of Ansible, and what their programs print.

use std::path::PathBuf;
use std::process::Command;

use crate::{TOKEN, TestLab, assert_contains, assert_no_token, project_folder};

/// One installation.
pub struct Controller {
    bin: PathBuf,
}

/// What a program printed, and how it ended.
pub struct AnsibleRun {
    /// All of it.
    pub output: String,
    /// What of it went to standard error.
    pub stderr: String,
    ok: bool,
}

/// The installations that are to be used.
fn all() -> Vec<Controller> {
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

/// Runs a test with each installation of Ansible.
pub fn with_each_ansible(test: impl Fn(&Controller)) {
    all().iter().for_each(test);
}

/// Runs a playbook in check mode, for real with differences, and for real again.
///
/// Every run must succeed and change this number of tasks. Check mode must not write.
#[track_caller]
pub fn run_in_all_modes(
    lab: &TestLab,
    changed: [usize; 3],
    run: impl Fn(&[&str]) -> AnsibleRun,
) -> [AnsibleRun; 3] {
    let check = lab.without_writes(|| run(&["--check"]));
    let runs = [check, run(&["--diff"]), run(&[])];
    for (run, changed) in runs.iter().zip(changed) {
        run.succeeded();
        assert_eq!(run.changed(), changed, "{}", run.output);
    }
    runs
}

impl Controller {
    /// Runs a playbook of the project against a lab whose folder has `linux` and `initrd.gz`.
    pub fn project_playbook(&self, lab: &TestLab, name: &str, arguments: &[&str]) -> AnsibleRun {
        let kernel = format!("kernel_file={}", lab.path("linux").display());
        let initrd = format!("initrd_file={}", lab.path("initrd.gz").display());
        let files = ["-e", &kernel, "-e", &initrd];
        self.playbook(
            lab,
            &format!("playbooks/{name}"),
            &[&files, arguments].concat(),
        )
    }

    /// Runs tasks of the test's own against a lab.
    pub fn tasks(&self, lab: &TestLab, tasks: &str, arguments: &[&str]) -> AnsibleRun {
        let head = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n";
        let indented: String = tasks.lines().map(|line| format!("    {line}\n")).collect();
        let path = lab.write("test.yml", format!("{head}{indented}"));
        self.playbook(lab, path.to_str().unwrap(), arguments)
    }

    /// Runs a playbook against a lab, at a verbosity that shows all there is.
    pub fn playbook(&self, lab: &TestLab, playbook: &str, arguments: &[&str]) -> AnsibleRun {
        self.playbook_with(lab, playbook, arguments, &[])
    }

    /// The same, with variables of the environment besides.
    pub fn playbook_with(
        &self,
        lab: &TestLab,
        playbook: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> AnsibleRun {
        let mut command = self.command("ansible-playbook");
        command.arg("-vvvv").arg(playbook).args(arguments);
        self.run_against(lab, &mut command, environment)
    }

    /// What `ansible-inventory` makes of an inventory.
    pub fn inventory(
        &self,
        lab: &TestLab,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> AnsibleRun {
        let mut command = self.command("ansible-inventory");
        self.run_against(lab, command.args(arguments), environment)
    }

    /// Runs a program with the lab's address and token, which it must not print.
    pub fn run_against(
        &self,
        lab: &TestLab,
        command: &mut Command,
        environment: &[(&str, &str)],
    ) -> AnsibleRun {
        command.env("MRP_URL", lab.url()).env("MRP_TOKEN", TOKEN);
        let run = self.run(command.envs(environment.iter().copied()));
        assert_no_token(&run.output);
        run
    }

    /// Runs a playbook with neither server nor token in the environment.
    pub fn playbook_without_server(&self, playbook: &str) -> AnsibleRun {
        self.run(self.command("ansible-playbook").arg(playbook))
    }

    /// Reads a playbook without running it.
    pub fn syntax_check(&self, playbook: &str) -> AnsibleRun {
        let mut command = self.command("ansible-playbook");
        self.run(command.arg("--syntax-check").arg(playbook))
    }

    /// What `ansible-doc` shows of a module.
    pub fn doc(&self, module: &str) -> AnsibleRun {
        self.run(
            self.command("ansible-doc")
                .args(["-M", "library", "-t", "module", module]),
        )
    }

    /// A program of this installation, without the settings of the user who runs the tests.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(project_folder());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("ANSIBLE_") || name.starts_with("MRP_") {
                command.env_remove(name);
            }
        }
        command
            .env("ANSIBLE_CONFIG", project_folder().join("ansible.cfg"))
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8");
        command
    }

    /// Runs it with a home of its own: others run at the same time.
    pub fn run(&self, command: &mut Command) -> AnsibleRun {
        let home = tempfile::tempdir().unwrap();
        let scratch = home.path().join("tmp");
        command
            .env("ANSIBLE_HOME", home.path())
            .env("XDG_STATE_HOME", home.path())
            .env("ANSIBLE_LOCAL_TEMP", &scratch)
            .env("ANSIBLE_REMOTE_TMP", &scratch);
        let output = command.output().expect("Ansible's programs can be started");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        AnsibleRun {
            output: String::from_utf8_lossy(&output.stdout).into_owned() + &stderr,
            stderr,
            ok: output.status.success(),
        }
    }
}

impl AnsibleRun {
    /// Asserts that the program ended well.
    #[track_caller]
    pub fn succeeded(&self) {
        assert!(self.ok, "{}", self.output);
    }

    /// Asserts that the program failed.
    #[track_caller]
    pub fn failed(&self) {
        assert!(!self.ok, "it should have failed: {}", self.output);
    }

    /// Asserts that the output has a part.
    #[track_caller]
    pub fn assert_contains(&self, part: &str) {
        assert_contains(&self.output, &[part]);
    }

    /// The number of changed tasks, over all hosts of the recap.
    pub fn changed(&self) -> usize {
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
