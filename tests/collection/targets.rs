//! Where and how Ansible runs tasks: other users, batches of hosts, and targets over ssh that have no Python.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mrp_test_support::TestLab;
use mrp_test_support::ansible::{AnsibleRun, Controller};
use mrp_test_support::collection::Collection;

use crate::{start_lab, with_each_ansible_and_the_collection};

/// A play over hosts that are this machine, with the connection from the controller's environment.
fn play(hosts: &str, keywords: &str) -> String {
    format!(
        "- hosts: {hosts}
  gather_facts: false
{keywords}  module_defaults:
    group/mr_provisioner.lab.mrp:
      mrp_url: \"{{{{ lookup('ansible.builtin.env', 'MRP_URL') }}}}\"
      mrp_token: \"{{{{ lookup('ansible.builtin.env', 'MRP_TOKEN') }}}}\"
  tasks:
    - mr_provisioner.lab.mrp_machine: {{name: '{{{{ item }}}}', kernel_opts: 'of {{{{ inventory_hostname }}}}'}}
      loop: [qdc01, qdc02]
    - mr_provisioner.lab.mrp_machine_info: {{name: qdc01}}
      no_log: true
"
    )
}

fn run(
    ansible: &Controller,
    collection: &Collection,
    lab: &TestLab,
    arguments: &[&str],
) -> AnsibleRun {
    let arguments = [&["-i", "hosts"], arguments].concat();
    let run = collection.playbook(ansible, lab, "play.yml", &arguments);
    run.succeeded();
    run
}

#[test]
fn strategies_batches_and_throttled_hosts_all_run() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        for keywords in ["  serial: 1\n", "  throttle: 1\n", "  strategy: free\n"] {
            let lab = start_lab();
            lab.write(
                "hosts",
                "one ansible_connection=local\ntwo ansible_connection=local\n",
            );
            lab.write("play.yml", play("all", keywords));
            let check =
                lab.without_writes(|| run(ansible, collection, &lab, &["--check", "--diff"]));
            check.assert_contains("+kernel_opts: \"of one\"");
            let real = run(ansible, collection, &lab, &["--diff"]);
            assert!(real.changed() >= 1, "{}", real.output);
            real.assert_contains("in place");
        }
    });
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

#[test]
fn another_user_runs_a_copy() {
    if !is_root() {
        eprintln!("left out: only root becomes another user without a password");
        return;
    }
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        lab.write("hosts", "one ansible_connection=local\n");
        let user = "  become: true\n  become_user: nobody\n  become_method: ansible.builtin.su\n  become_flags: -s /bin/sh\n";
        lab.write("play.yml", play("one", user));
        // The home of the test's user is closed to others.
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        lab.set_mode(folder.path(), 0o755);
        let shared = format!("ansible_remote_tmp={}/tmp", folder.path().display());
        let first = run(ansible, collection, &lab, &["-e", &shared]);
        assert_eq!(first.changed(), 1, "{}", first.output);
        assert!(!first.output.contains("in place"), "{}", first.output);
        assert_eq!(
            run(ansible, collection, &lab, &["-e", &shared]).changed(),
            0
        );
    });
}

/// An SSH server for this machine's user, on the loopback interface.
struct SshServer {
    process: Child,
    port: u16,
}

impl Drop for SshServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl SshServer {
    /// A server whose sessions have this path for programs first; none where the machine has no sshd.
    fn start(lab: &TestLab, programs: &Path) -> Option<SshServer> {
        let sshd = Path::new("/usr/sbin/sshd");
        if !sshd.exists() {
            eprintln!("left out: there is no {}", sshd.display());
            return None;
        }
        for key in ["ssh/host", "ssh/user"] {
            lab.write(key, "");
            fs::remove_file(lab.path(key)).unwrap();
            let mut keygen = Command::new("ssh-keygen");
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(lab.path(key));
            assert!(keygen.status().unwrap().success());
        }
        if is_root() {
            // Root's sshd wants this empty folder, which its package makes at the start of the machine.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = lab.path("ssh");
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nAuthorizedKeysFile {0}/user.pub\nStrictModes no\n\
             UsePAM no\nPermitRootLogin yes\nPasswordAuthentication no\nPidFile none\nSubsystem sftp internal-sftp\n\
             SetEnv PATH={1}:/usr/local/bin:/usr/bin:/bin\n",
            folder.display(),
            programs.display()
        );
        let process = Command::new(sshd)
            .args(["-D", "-e", "-f"])
            .arg(lab.write("ssh/config", config))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = SshServer { process, port };
        server.wait_until_it_listens();
        Some(server)
    }

    fn wait_until_it_listens(&self) {
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("sshd does not listen");
    }

    /// The server as a host of Ansible's that has no Python.
    fn host(&self, lab: &TestLab) -> String {
        format!(
            "target ansible_host=127.0.0.1 ansible_port={} ansible_ssh_private_key_file={} \
             ansible_python_interpreter=/nonexistent ansible_ssh_common_args='-F none -o StrictHostKeyChecking=no \
             -o UserKnownHostsFile=/dev/null -o ControlPath=none'\n",
            self.port,
            lab.path("ssh/user").display()
        )
    }
}

#[test]
fn target_over_ssh_needs_no_python() {
    with_each_ansible_and_the_collection(|ansible, collection| {
        let lab = start_lab();
        let Some(server) = SshServer::start(&lab, &lab.path("programs")) else {
            return;
        };
        lab.write("hosts", server.host(&lab));
        lab.write("play.yml", play("target", ""));
        let check = lab.without_writes(|| run(ansible, collection, &lab, &["--check", "--diff"]));
        assert_eq!(check.changed(), 1, "{}", check.output);
        let first = run(ansible, collection, &lab, &["--diff"]);
        assert_eq!(first.changed(), 1, "{}", first.output);
        assert!(!first.output.contains("in place"), "{}", first.output);
        assert_eq!(run(ansible, collection, &lab, &[]).changed(), 0);
    });
}
