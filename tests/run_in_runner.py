"""Runs the collection's role provision in ansible-runner, as AWX does, against a simulated server: twice.

    python3 tests/run_in_runner.py --lab PROGRAM --collection TARBALL

The second run has to change nothing. Prints `runner ok`; `make test-matrix` calls it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import venvs
from lab_process import TOKEN, Lab, without_proxy

PLAY = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "roles": [
            {
                "role": "mr_provisioner.lab.provision",
                "vars": {
                    "provision_machines": ["qdc01", "qdc02"],
                    "provision_arch": "arm64",
                    "provision_subarch": "efi",
                    "provision_kernel": "installer",
                    "provision_kernel_path": "linux",
                },
            }
        ],
    }
]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lab", required=True, help="the program mrp-lab")
    options.add_argument("--collection", required=True, help="the tarball of the collection")
    options = options.parse_args()
    bin_folder = venvs.environment("lint", sys.executable)
    with tempfile.TemporaryDirectory(prefix="mrp-runner-") as folder, Lab(options.lab) as lab:
        lay_out(folder, lab, bin_folder, options.collection)
        changed = [changed_tasks(folder, bin_folder) for _ in range(2)]
    if changed[0] == 0 or changed[1] != 0:
        sys.exit(f"runner: the first run changed {changed[0]} tasks, the second {changed[1]}")
    print(f"runner ok: first run changed {changed[0]}, second run changed 0")


def lay_out(folder, lab, bin_folder, tarball):
    """Writes the directory that ansible-runner takes: the project, its environment, and the collection."""
    write(folder, "project/play.yml", json.dumps(PLAY))
    write(folder, "project/files/linux", "a kernel")
    write(folder, "inventory/hosts", "localhost ansible_connection=local\n")
    write(folder, "env/envvars", json.dumps({"MRP_URL": lab.url, "MRP_TOKEN": TOKEN, "ANSIBLE_HOME": folder}))
    galaxy = [os.path.join(bin_folder, "ansible-galaxy"), "collection", "install"]
    collections = os.path.join(folder, "project", "collections")
    subprocess.run([*galaxy, "-p", collections, tarball], check=True, capture_output=True)


def changed_tasks(folder, bin_folder):
    """Runs the play; how many of its tasks changed something."""
    environment = {**without_proxy(os.environ), "PATH": bin_folder + os.pathsep + os.environ["PATH"]}
    command = ["ansible-runner", "run", folder, "--playbook", "play.yml", "--json"]
    run = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if run.returncode != 0 or TOKEN in run.stdout:
        sys.exit(f"runner: the play failed or showed the token: {run.stdout[-3000:].replace(TOKEN, '***')}{run.stderr[-1000:]}")
    events = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    recaps = [event for event in events if event.get("event") == "playbook_on_stats"]
    return sum(recaps[-1]["event_data"]["changed"].values())


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
