"""Runs a playbook and reads what Ansible printed."""

import contextlib
import json
import os
import re
import signal
import subprocess
from typing import NamedTuple

from lab_process import without_proxy

TASK = re.compile(r"TASK \[(.*?)\] \**$")
RESULT = re.compile(r"(ok|changed|skipping|failed|fatal): \[([^\]]+)\](?: => \(item=(.*?)\))?(.*)$")
RECAP = re.compile(r"\S+\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")


class Failed(Exception):
    """The playbook failed; the text is all that Ansible printed."""


class Result(NamedTuple):
    task: str
    status: str
    host: str
    item: str


class Run(NamedTuple):
    results: list
    changed: int
    messages: list


def run(ansible, root, home, playbook, variables, environment):
    """Runs the playbook with this repository's ansible.cfg and nothing of the user's own settings."""
    command = [os.path.join(ansible, "ansible-playbook"), playbook, "-e", json.dumps(variables)]
    environment = {**clean_environment(root, home), **environment}
    status, output = printed_by(command, root, environment)
    hosts = RECAP.findall(output)
    if status != 0 or not hosts:
        raise Failed(output)
    changed = sum(int(changed) for changed, _, _ in hosts)
    return Run(list(results(output)), changed, list(messages(output)))


def printed_by(command, folder, environment):
    """The exit status and all output. An interruption also ends Ansible, its workers and their modules."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate()
    finally:
        if process.poll() is None:
            stop(process)
    return process.returncode, output


def stop(ansible):
    """Newer releases of ansible-core end their workers, which are sessions of their own; older ones leave modules running."""
    ansible.send_signal(signal.SIGINT)
    try:
        ansible.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(ansible.pid, signal.SIGTERM)
    ansible.kill()
    ansible.wait()


def clean_environment(root, home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MRP_"))}
    own = {
        "ANSIBLE_CONFIG": os.path.join(root, "ansible.cfg"),
        "ANSIBLE_HOME": home,
        "ANSIBLE_LOCAL_TEMP": os.path.join(home, "tmp"),
        "ANSIBLE_REMOTE_TMP": os.path.join(home, "tmp"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NOCOWS": "1",
        "LC_ALL": "C.UTF-8",
    }
    return without_proxy({**kept, **own})


def results(output):
    task = None
    for line in output.splitlines():
        if match := TASK.match(line):
            task = match[1]
        elif match := RESULT.match(line):
            yield Result(task, match[1], match[2], match[3] or "")


def messages(output):
    """The messages of debug tasks."""
    for match in re.finditer(r"^ok: \[[^\]]+\] => (?:\(item=.*?\) => )?(?=\{)", output, re.MULTILINE):
        shown, _ = json.JSONDecoder().raw_decode(output, match.end())
        if "msg" in shown:
            yield shown["msg"]
