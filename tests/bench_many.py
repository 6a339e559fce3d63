"""Compares one task for many machines with other ways to the same result, and prints ratios and their limits.

Facts of about 1,000 machines in one task are compared with curl, with the same requests in the same parallelism; 50
machines configured in one task with a loop of 50 tasks. The two sides run alternately, so that other load slows down
both, and the medians are compared. `make bench` builds what this needs and calls it. Exits 1 when a limit is passed.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import demo_playbook
from lab_process import TOKEN, Lab, without_proxy

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAB_SIZE = ["--machines", "1000"]
ROUNDS = 5

MAX_FACTS = 1.5
FACTS = "mrp_network_facts"
PARALLEL = 8
# The first version of curl with parallel transfers.
CURL_PARALLEL = (7, 66)

MAX_CONFIGURE = 0.1
CONFIGURE_ROUNDS = 3
# Alice holds every third of the lab's generated machines.
CONFIGURED = [f"gen-{1 + 3 * number:04}" for number in range(50)]
KERNEL = "debian-installer kernel"


class Wrong(Exception):
    """A program that is measured did not do its work."""


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lab", required=True, help="the program mrp-lab")
    options.add_argument("--library", required=True, help="the folder with the modules")
    options.add_argument("--ansible", required=True, help="directory with ansible-playbook")
    options = options.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    try:
        with tempfile.TemporaryDirectory(prefix="mrp-bench-") as scratch, Lab(options.lab, *LAB_SIZE) as lab:
            within = [
                facts_beside_curl(lab, os.path.abspath(options.library), scratch),
                one_task_beside_many(lab, options.ansible, scratch),
            ]
    except (Wrong, demo_playbook.Failed) as error:
        sys.exit(f"bench failed: {error}")
    sys.exit(0 if all(within) else 1)


def facts_beside_curl(lab, library, scratch):
    machines = ask_for_machines(lab)
    arguments = os.path.join(scratch, "facts")
    write(arguments, {"mrp_url": lab.url, "mrp_token": TOKEN, "all": True})
    module = [os.path.join(library, FACTS), arguments]
    seconds, requests = measured(lab, module)
    if len(json.loads(seconds.output)["machines"]) != len(machines) or len(requests) > len(machines) + 1:
        raise Wrong(f"facts of {len(machines)} machines took {len(requests)} requests")
    what = f"facts of {len(machines)} machines in one task, {len(requests)} requests"
    curl, reason = parallel_curl()
    if not curl:
        print(f"{what}: {seconds.seconds:.2f} s; not compared, since {reason}")
        return True
    config = os.path.join(scratch, "curl")
    write_curl_config(config, lab, machines)
    command = [curl, "--silent", "--fail", "--parallel", "--parallel-max", str(PARALLEL), "--config", config]
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(measured(lab, module)[0].seconds)
        run, asked = measured(lab, command)
        if sorted(asked) != sorted(requests):
            raise Wrong(f"curl sent {len(asked)} requests, and the task {len(requests)} others")
        theirs.append(run.seconds)
    return compare(what, ours, f"curl --parallel --parallel-max {PARALLEL}", theirs, MAX_FACTS)


def ask_for_machines(lab):
    """The ids of all machines, which a script with curl needs first."""
    return [machine["id"] for machine in lab.get("/api/v1/machine?show_all=true", TOKEN)]


def write_curl_config(path, lab, machines):
    """Writes the requests of the task as a configuration of curl."""
    paths = ["/api/v1/machine?show_all=true"]
    paths += [f"/api/v1/machine/{machine}/interface" for machine in machines]
    lines = [f'header = "Authorization: Bearer {TOKEN}"']
    for path_of in paths:
        lines += [f'url = "{lab.url}{path_of}"', f'output = "{os.devnull}"']
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def parallel_curl():
    """curl, or the reason why there is no suitable one."""
    curl = shutil.which("curl")
    if not curl:
        return None, "there is no curl"
    version = subprocess.run([curl, "--version"], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    found = re.match(r"curl (\d+)\.(\d+)", version)
    if not found or tuple(map(int, found.groups())) < CURL_PARALLEL:
        return None, f"this curl is older than {CURL_PARALLEL[0]}.{CURL_PARALLEL[1]} and knows no --parallel"
    return curl, None


class Timed:
    """Runs a program; holds its time and its output."""

    def __init__(self, command):
        start = time.monotonic()
        run = subprocess.run(
            command,
            env=without_proxy(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # curl prints its progress there even with --silent.
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
        self.seconds = time.monotonic() - start
        self.output = run.stdout
        if run.returncode != 0:
            printed = (run.stdout + run.stderr)[-1000:]
            raise Wrong(f"{os.path.basename(command[0])} ended with {run.returncode}: {printed}")


def measured(lab, command):
    """Runs a program; also returns the paths of its requests."""
    before = len(lab.get("/_lab/requests"))
    run = Timed(command)
    return run, [request["path"] for request in lab.get("/_lab/requests")[before:]]


def one_task_beside_many(lab, ansible, scratch):
    """Compares the times of the tasks without the start of Ansible, which is the same on both sides."""
    one, many = [], []
    for turn in range(CONFIGURE_ROUNDS):
        one.append(configure(lab, ansible, scratch, one_task(f"one task {turn}")))
        many.append(configure(lab, ansible, scratch, a_loop(f"a loop {turn}")))
    what = f"{len(CONFIGURED)} machines configured in one task"
    return compare(what, one, f"a loop of {len(CONFIGURED)} tasks", many, MAX_CONFIGURE)


def one_task(kernel_opts):
    machines = [{"name": name} for name in CONFIGURED]
    return {"mrp_machine": {"machines": machines, "kernel": KERNEL, "kernel_opts": kernel_opts}}


def a_loop(kernel_opts):
    module = {"name": "{{ item }}", "kernel": KERNEL, "kernel_opts": kernel_opts}
    return {"mrp_machine": module, "loop": CONFIGURED}


def configure(lab, ansible, scratch, task):
    """The seconds of a task that must write every machine once."""
    playbook = os.path.join(scratch, "playbook.yml")
    begin = {"ansible.builtin.set_fact": {"begun": "{{ now().timestamp() }}"}}
    end = {"ansible.builtin.debug": {"msg": "seconds: {{ now().timestamp() - begun | float }}"}}
    write(playbook, [{"hosts": "localhost", "gather_facts": False, "tasks": [begin, task, end]}])
    before = len(lab.get("/_lab/requests"))
    run = demo_playbook.run(ansible, ROOT, scratch, playbook, {}, {"MRP_URL": lab.url, "MRP_TOKEN": TOKEN})
    written = [request["path"] for request in lab.get("/_lab/requests")[before:] if request["method"] == "PUT"]
    if len(written) != len(CONFIGURED) or len(set(written)) != len(CONFIGURED):
        raise Wrong(f"a task wrote {len(written)} times instead of {len(CONFIGURED)} machines once")
    return float(run.messages[-1].removeprefix("seconds: "))


def write(path, value):
    # JSON is YAML too.
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)


def compare(what, ours, other, theirs, limit):
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    ratio = ours / theirs
    print(f"{what}: {ours:.2f} s, {other}: {theirs:.2f} s; {ratio:.2f} times as long, at most {limit:.2f}")
    return ratio <= limit


if __name__ == "__main__":
    main()
