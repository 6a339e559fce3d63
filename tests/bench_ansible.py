"""What Ansible itself makes of a task: many machines in one task or in a loop, and the result of a task for many machines."""

import json
import os
import statistics

import demo_playbook
from bench_measure import Wrong
from lab_process import TOKEN, Lab

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROUNDS = 3
# Alice holds every third of the lab's generated machines.
CONFIGURED = [f"gen-{1 + 3 * number:04}" for number in range(50)]
KERNEL = "debian-installer kernel"
RESULTS = {
    "both copies": {},
    "the list": {"return": ["machines"]},
    "the list without interfaces": {"return": ["machines"], "interfaces": False},
}


def rows(lab_program, ansible, scratch):
    with Lab(lab_program, "--machines", "1000") as lab:
        one, many = [], []
        for turn in range(ROUNDS):
            one.append(configure(lab, ansible, scratch, one_task(f"one task {turn}")))
            many.append(configure(lab, ansible, scratch, a_loop(f"a loop {turn}")))
        one, many = statistics.median(one), statistics.median(many)
        what = f"{len(CONFIGURED)} machines configured in one task"
        yield what, one / many, 0.1, "of a loop", f"{one:.2f} s, {many:.2f} s"
        for name, options in RESULTS.items():
            task = {"mrp_network_facts": {"all": True, **options}}
            seconds = statistics.median(seconds_of(lab, ansible, scratch, task) for _ in range(ROUNDS))
            yield f"1000 machines' facts in a playbook, {name}", seconds, None, "s", ""


def one_task(kernel_opts):
    machines = [{"name": name} for name in CONFIGURED]
    return {"mrp_machine": {"machines": machines, "kernel": KERNEL, "kernel_opts": kernel_opts}}


def a_loop(kernel_opts):
    module = {"name": "{{ item }}", "kernel": KERNEL, "kernel_opts": kernel_opts}
    return {"mrp_machine": module, "loop": CONFIGURED}


def configure(lab, ansible, scratch, task):
    """The seconds of a task that must write every machine once."""
    before = len(lab.get("/_lab/requests"))
    seconds = seconds_of(lab, ansible, scratch, task)
    written = [request["path"] for request in lab.get("/_lab/requests")[before:] if request["method"] == "PUT"]
    if len(written) != len(CONFIGURED) or len(set(written)) != len(CONFIGURED):
        raise Wrong(f"a task wrote {len(written)} times instead of {len(CONFIGURED)} machines once")
    return seconds


def seconds_of(lab, ansible, scratch, task):
    """The seconds of a task, without the start of Ansible."""
    playbook = os.path.join(scratch, "playbook.yml")
    begin = {"ansible.builtin.set_fact": {"begun": "{{ now().timestamp() }}"}}
    end = {"ansible.builtin.debug": {"msg": "seconds: {{ now().timestamp() - begun | float }}"}}
    with open(playbook, "w", encoding="utf-8") as file:
        # JSON is YAML too.
        json.dump([{"hosts": "localhost", "gather_facts": False, "tasks": [begin, task, end]}], file)
    run = demo_playbook.run(ansible, ROOT, scratch, playbook, {}, {"MRP_URL": lab.url, "MRP_TOKEN": TOKEN})
    return float(run.messages[-1].removeprefix("seconds: "))
