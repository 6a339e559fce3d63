"""Compares the time of a task in its ways: run in place, copied, over ssh, beside Ansible's ping, an empty program and nothing.

Prints milliseconds for a task and ratios. All ways take turns in one playbook, so that other load slows down all of them,
and the medians are compared. Exits 1 when a task in place takes more than its share of a copied one. Over ssh only where
the machine has an SSH server; the empty program only where it has a C compiler.
"""

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from lab_process import TOKEN, Lab, without_proxy

ROUNDS = 9
MAX_IN_PLACE = 0.4
TASK = {"mr_provisioner.lab.mrp_machine": {"name": "qdc01"}}
# Becoming the same user makes Ansible copy the program, and needs no other program.
COPIED = {"become": True, "become_method": "ansible.builtin.su"}
# What Ansible takes for a task of which nothing is left to do: no way can be faster.
NOTHING = """from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"changed": False}
"""
EMPTY = "#include <stdio.h>\nint main(void) { return puts(\"{}\") < 0; }\n"


class Wrong(Exception):
    """What is measured did not do its work."""


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lab", required=True, help="the program mrp-lab")
    options.add_argument("--collection", required=True, help="the tarball of the collection")
    options.add_argument("--ansible", required=True, help="directory with ansible-playbook")
    options = options.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="mrp-bench-") as scratch, Lab(options.lab) as lab:
            run([os.path.join(options.ansible, "ansible-galaxy"), "collection", "install", "-p", scratch, options.collection])
            ways = {"in place": {**TASK}, "copied": {**TASK, **COPIED}, "ansible.builtin.ping": {"ansible.builtin.ping": {}}}
            ways["of an action plugin that does nothing"] = {"nothing": {}}
            write(os.path.join(scratch, "action_plugins", "nothing.py"), NOTHING)
            if empty_program(scratch):
                ways["an empty static program"] = {"empty": {}}
            with SshServer(scratch) as server:
                if server.port:
                    ways["over ssh"] = {**TASK, "delegate_to": "target"}
                times = measure(options.ansible, scratch, lab, ways, server)
    except Wrong as error:
        sys.exit(f"bench failed: {error}")
    sys.exit(0 if report(times) else 1)


def empty_program(scratch):
    """A module that does nothing, as small as a static one gets."""
    compiler = shutil.which("cc")
    if not compiler:
        return False
    os.mkdir(os.path.join(scratch, "library"))
    source = os.path.join(scratch, "empty.c")
    write(source, EMPTY)
    command = [compiler, "-static", "-Os", "-s", "-o", os.path.join(scratch, "library", "empty"), source]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def measure(ansible, scratch, lab, ways, server):
    """The seconds of each task of each way."""
    tasks = [{"name": way, **task} for _ in range(ROUNDS) for way, task in ways.items()]
    connection = {"mrp_url": lab.url, "mrp_token": TOKEN}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/mr_provisioner.lab.mrp": connection},
        "tasks": tasks,
    }
    playbook, hosts = os.path.join(scratch, "play.yml"), os.path.join(scratch, "hosts")
    with open(playbook, "w", encoding="utf-8") as file:
        # JSON is YAML too.
        json.dump([play], file)
    with open(hosts, "w", encoding="utf-8") as file:
        file.write("localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n" + server.host)
    environment = {
        **without_proxy(os.environ),
        "ANSIBLE_COLLECTIONS_PATH": scratch,
        "ANSIBLE_ACTION_PLUGINS": os.path.join(scratch, "action_plugins"),
        "ANSIBLE_LIBRARY": os.path.join(scratch, "library"),
        "ANSIBLE_HOME": scratch,
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONUNBUFFERED": "1",
    }
    command = [os.path.join(ansible, "ansible-playbook"), "-i", hosts, playbook]
    # A heading is printed when its task begins, so the next one tells when it was over.
    process = subprocess.Popen(
        command, cwd=scratch, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    times, way, start, printed = {way: [] for way in ways}, None, None, []
    for line in process.stdout:
        now = time.monotonic()
        printed.append(line)
        heading = re.match(r"(?:TASK \[(.*?)\]|PLAY RECAP) \*", line)
        if not heading:
            continue
        if way:
            times[way].append(now - start)
        way, start = heading.group(1), now
    if process.wait() != 0:
        raise Wrong("a task failed: " + "".join(printed)[-2000:])
    return times


def report(times):
    medians = {way: statistics.median(seconds) for way, seconds in times.items()}
    copied = medians["copied"]
    for way, seconds in medians.items():
        print(f"a task {way}: {1000 * seconds:.0f} ms, {seconds / copied:.2f} of a copied one")
    share = medians["in place"] / copied
    print(f"in place: {share:.2f} of a copied task, at most {MAX_IN_PLACE:.2f}")
    return share <= MAX_IN_PLACE


class SshServer:
    """An SSH server on the loopback interface, where the machine has one and its user may start it."""

    def __init__(self, scratch):
        self.folder, self.process, self.port, self.host = os.path.join(scratch, "ssh"), None, None, ""

    def __enter__(self):
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
        if not sshd or (os.getuid() == 0 and not os.path.isdir("/run/sshd")):
            print("not measured over ssh: there is no SSH server that could be started")
            return self
        os.mkdir(self.folder, mode=0o700)
        for key in ("host", "user"):
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(self.folder, key)])
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder}/host",
            f"AuthorizedKeysFile {self.folder}/user.pub",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "PidFile none",
            "Subsystem sftp internal-sftp",
        ]
        config = os.path.join(self.folder, "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.process = subprocess.Popen([sshd, "-D", "-f", config], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until_it_listens()
        self.host = (
            f"target ansible_host=127.0.0.1 ansible_port={self.port} ansible_ssh_private_key_file={self.folder}/user "
            "ansible_ssh_common_args='-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null'\n"
        )
        return self

    def wait_until_it_listens(self):
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise Wrong("sshd does not listen")

    def __exit__(self, *_error):
        if self.process:
            self.process.kill()
            self.process.wait()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"{os.path.basename(command[0])} ended with {done.returncode}: {(done.stdout + done.stderr)[-1000:]}")


if __name__ == "__main__":
    main()
