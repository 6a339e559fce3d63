"""Provisions a machine of a simulated server from Ansible, twice, and shows what that did.

`make demo` builds what this needs and calls it. Exits 0 with a last line `demo ok: ...`, or 1 and says what is wrong.
"""

import argparse
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

import demo_installer
import demo_playbook
from lab_process import TOKEN, Lab

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLAYBOOK = os.path.join("playbooks", "provision.yml")
PRESEED = os.path.join(ROOT, "playbooks", "files", "debian-12.preseed")

# From the lab's seed: alice holds qdc01, and her SSH key is rendered into its preseed.
MACHINE = "qdc01"
SSH_KEYS = ["ssh-ed25519 AAAAalice alice@lab"]

# Where the machine is: an address on this computer.
MAC, ADDRESS = "52:54:00:00:02:01", "127.1.0.2"

# The installation takes long enough to show that the playbook waits. The machine reports nothing: it answers like an SSH
# server when it is installed.
SETTINGS = {
    "boot_seconds": 1,
    "install_seconds": 3,
    "install_result": "silent",
    "answer_installed": "SSH-2.0-OpenSSH_9.2p1 Debian-2",
    "machines": {MACHINE: {"lease": ADDRESS}},
}


class Wrong(Exception):
    """A result of the demo is not as expected."""


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lab", required=True, help="the program mrp-lab")
    options.add_argument("--ansible", required=True, help="directory with ansible-playbook")
    options = options.parse_args()
    # Also into a pipe, every line is written at once.
    sys.stdout.reconfigure(line_buffering=True)
    # SIGTERM removes the temporary files as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="mrp-demo-") as scratch, Lab(options.lab) as lab:
            print(demo(lab, options.ansible, scratch))
    except demo_playbook.Failed as error:
        sys.exit(f"{error}\ndemo failed: the playbook failed; what it printed is above")
    except (Wrong, RuntimeError, OSError) as error:
        sys.exit(f"demo failed: {error}")
    except KeyboardInterrupt:
        sys.exit("demo failed: interrupted")


def demo(lab, ansible, scratch):
    port = free_port()
    lab.post("/_lab/settings", {**SETTINGS, "answer_port": port})
    lab.lease({"mac": MAC, "ipv4": ADDRESS, "duration": 3600})
    installer = demo_installer.get(os.path.join(ROOT, ".cache"), scratch)
    show("installer", installer.what)
    show("lab", f"a simulated Mr-Provisioner server at {lab.url}, where {MACHINE} installs in {SETTINGS['install_seconds']} s and then answers on port {port}")
    show("ansible", f"{version_of(ansible)}, playbook {PLAYBOOK}")

    first = provision("first run", lab, ansible, installer, scratch, port)
    second = provision("second run", lab, ansible, installer, scratch, port)
    if not milestones(first):
        raise Wrong("the first run does not tell what was seen of the installation")
    if first.changed == 0:
        raise Wrong("the first run changed nothing")
    if second.changed != 0:
        raise Wrong(f"the second run changed {second.changed}, not 0")
    compare_boot(lab.get("/_lab/boots"), installer, ansible)
    show_end(lab)
    show_inventory(second)
    return (
        f"demo ok: first run changed {first.changed}, second run changed {second.changed}, booted sha256 matches"
    )


def provision(title, lab, ansible, installer, scratch, port):
    """Runs the playbook, and prints what each task did, what was seen of the machine and how many requests were sent."""
    variables = {
        "machines": [MACHINE],
        "kernel_file": installer.kernel,
        "initrd_file": installer.initrd,
        "ready_when": {"port": port},
    }
    before, start = len(requests(lab)), time.monotonic()
    run = demo_playbook.run(ansible, ROOT, scratch, PLAYBOOK, variables, {"MRP_URL": lab.url, "MRP_TOKEN": TOKEN})
    seconds = time.monotonic() - start
    print(f"\n{title}: changed {run.changed}, in {seconds:.0f} s")
    for result in run.results:
        if result.host == "localhost":
            print(f"  {result.status:<8} {result.task}{f' ({result.item})' if result.item else ''}")
    for message in milestones(run):
        print(f"  {message}")
    asked = requests(lab)[before:]
    writes = [request for request in asked if request["method"] not in ("GET", "HEAD")]
    print(f"  The server was asked {len(asked)} times, {len(writes)} of them to change something.")
    if bool(writes) != bool(run.changed):
        raise Wrong(f"Ansible says that {run.changed} tasks changed something, and {len(writes)} requests did")
    return run


def milestones(run):
    """What the playbook says was seen of each installation, from the order on."""
    return [message for message in run.messages if "ordered" in message]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def requests(lab):
    """The requests of Ansible's modules, without those of booting machines."""
    return [request for request in lab.get("/_lab/requests") if request["by"] == "client"]


def compare_boot(boots, installer, ansible):
    """Compares what the machine fetched with the files, and its preseed with what Jinja2 renders. It must have booted once."""
    if len(boots) != 1:
        raise Wrong(f"the machines booted {len(boots)} times, not once")
    boot = boots[0]
    print(f"\n{boot['machine']} booted the installer once")
    for name, path, fetched in (
        ("linux", installer.kernel, boot["kernel"]),
        ("initrd.gz", installer.initrd, boot["initrd"]),
    ):
        wanted = sha256_of(path)
        found = (fetched or {}).get("sha256", "nothing")
        print(f"  {name:<10} {os.path.getsize(path):>9} bytes  file {wanted[:16]}..  booted {found[:16]}..  {verdict(found == wanted)}")
        if found != wanted:
            raise Wrong(f"{boot['machine']} booted another {name} than {path}: {found} instead of {wanted}")
    rendered, found = render(ansible), boot["preseed"] or ""
    print(f"  {'preseed':<10} {len(found.encode()):>9} bytes  with its name and its holder's SSH key put in  {verdict(found == rendered)}")
    if found != rendered:
        raise Wrong(f"{boot['machine']} installed with another preseed than {PRESEED} rendered:\n{found}")
    if boot["result"] != SETTINGS["install_result"]:
        raise Wrong(f"{boot['machine']} was {boot['result']} at the end, not installed: {boot['error']}")


def show_end(lab):
    """The machine reported nothing, so it was the playbook that reported it ready and switched its netboot off."""
    machine = next(each for each in lab.get("/api/v1/machine", TOKEN) if each["name"] == MACHINE)
    state = lab.get(f"/api/v1/machine/{machine['id']}/state", TOKEN)["state"]
    if (state, machine["netboot_enabled"]) != ("ready", False):
        raise Wrong(f"{MACHINE} is {state} at the end, with netboot {machine['netboot_enabled']}")
    print(f"  it reported nothing: the playbook saw it answer, switched its netboot off and reported it {state}")


def render(ansible):
    """Renders the preseed with Ansible's Jinja2, which drops a line break at the end, as on the server."""
    with open(PRESEED, encoding="utf-8") as file:
        call = json.dumps([file.read(), {"hostname": MACHINE, "ssh_keys": SSH_KEYS}])
    program = "import json, sys, jinja2; text, known = json.load(sys.stdin); sys.stdout.write(jinja2.Template(text).render(known))"
    python = os.path.join(ansible, "python")
    done = subprocess.run([python, "-c", program], input=call, capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1"})
    if done.returncode != 0:
        raise Wrong(f"{PRESEED} does not render: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def show_inventory(run):
    if not run.messages:
        raise Wrong("no machine was taken into the inventory")
    print("\ninventory at the end")
    for message in run.messages:
        print(f"  {message}")
    print()


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def version_of(ansible):
    python = os.path.join(ansible, "python")
    program = "import importlib.metadata as m; print('ansible-core', m.version('ansible-core'))"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def verdict(same):
    return "the same" if same else "NOT THE SAME"


def show(name, what):
    print(f"{name + ':':<10} {what}")


if __name__ == "__main__":
    main()
