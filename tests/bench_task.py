"""What a task of the collection costs in its ways: run in place, copied, over ssh, beside Ansible's own ping.

All ways take turns in one playbook, so that other load slows down all of them, and the medians are compared.
"""

import json
import os
import re
import statistics
import subprocess
import time

from bench_measure import Wrong, run
from bench_ssh import NoSshServer, SshServer
from lab_process import TOKEN, Lab, without_proxy

ROUNDS = 9
TASK = {"mr_provisioner.lab.mrp_machine": {"name": "qdc01"}}
PING = {"ansible.builtin.ping": {}}
# Becoming the same user makes Ansible copy the program, and needs no other program.
COPIED = {"become": True, "become_method": "ansible.builtin.su"}
OVER_SSH = {"delegate_to": "target"}
WAYS = {
    "in place": TASK,
    "copied": {**TASK, **COPIED},
    "ping": PING,
    # What Ansible takes for a task that does nothing: no way can take less.
    "nothing": {"nothing": {}},
}
NOTHING = """from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"changed": False}
"""
SSH_WAYS = {"over ssh": {**TASK, **OVER_SSH}, "ping over ssh": {**PING, **OVER_SSH}}


def rows(lab_program, collection, ansible, scratch):
    run([os.path.join(ansible, "ansible-galaxy"), "collection", "install", "-p", scratch, collection])
    os.makedirs(os.path.join(scratch, "action_plugins"), exist_ok=True)
    with open(os.path.join(scratch, "action_plugins", "nothing.py"), "w", encoding="utf-8") as file:
        file.write(NOTHING)
    with Lab(lab_program) as lab:
        found = measure(ansible, scratch, lab, WAYS)
        in_place, copied, ping, nothing = (found[way] for way in WAYS)
        text = f"{in_place * 1000:.0f} ms, {copied * 1000:.0f} ms; `ping` {ping * 1000:.0f} ms; no work {nothing * 1000:.0f} ms"
        yield "a task of the collection, in place", in_place / copied, 0.4, "of a copied one", text
        what = "a task over ssh, pipelined, from the second on"
        try:
            with SshServer(os.path.join(scratch, "ssh")) as server:
                found = measure(ansible, scratch, lab, SSH_WAYS, server.host)
        except NoSshServer as reason:
            yield what, None, 1.0, "of Ansible's ping", f"left out: {reason}"
            return
        ours, ping = (found[way] for way in SSH_WAYS)
        yield what, ours / ping, 1.0, "of Ansible's ping", f"{ours * 1000:.0f} ms, {ping * 1000:.0f} ms"


def measure(ansible, scratch, lab, ways, target=""):
    """The median of the seconds of each way. The first task of a way does not count: it opens the connection."""
    tasks = [{"name": way, **task} for _ in range(ROUNDS + 1) for way, task in ways.items()]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/mr_provisioner.lab.mrp": {"mrp_url": lab.url, "mrp_token": TOKEN}},
        "tasks": tasks,
    }
    playbook, hosts = os.path.join(scratch, "play.yml"), os.path.join(scratch, "hosts")
    with open(playbook, "w", encoding="utf-8") as file:
        # JSON is YAML too.
        json.dump([play], file)
    with open(hosts, "w", encoding="utf-8") as file:
        file.write(f"localhost ansible_connection=local\n{target}\n[all:vars]\n")
        file.write("ansible_python_interpreter='{{ ansible_playbook_python }}'\n")
    times = timed_tasks([os.path.join(ansible, "ansible-playbook"), "-i", hosts, playbook], scratch)
    return {way: statistics.median(times[way][1:]) for way in ways}


def timed_tasks(command, scratch):
    """The seconds of each task, by its name. A heading is printed when its task begins, so the next one tells when it was over."""
    environment = {
        **without_proxy(os.environ),
        "ANSIBLE_ACTION_PLUGINS": os.path.join(scratch, "action_plugins"),
        "ANSIBLE_COLLECTIONS_PATH": scratch,
        "ANSIBLE_HOME": scratch,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        command,
        cwd=scratch,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    times, name, start, printed = {}, None, None, []
    for line in process.stdout:
        now = time.monotonic()
        printed.append(line)
        heading = re.match(r"(?:TASK \[(.*?)\]|PLAY RECAP) \*", line)
        if not heading:
            continue
        if name:
            times.setdefault(name, []).append(now - start)
        name, start = heading.group(1), now
    if process.wait() != 0:
        raise Wrong("a task failed: " + "".join(printed)[-2000:])
    return times
