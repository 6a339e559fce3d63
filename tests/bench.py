"""Measures this project beside the least that its work can cost, and prints each figure with its goal.

`make bench` builds release programs, of the lab too, and calls this. What is compared runs in turn, and ratios are compared,
so that a busy machine slows down both sides. Writes docs/benchmarks.md with --write. Exits 1 when a goal is missed.
"""

import argparse
import hashlib
import json
import os
import platform
import shlex
import shutil
import socket
import sys
import tempfile
import time
from typing import NamedTuple

import bench_ansible
import bench_task
import demo_playbook
from bench_measure import Wrong, compare, median, peak_memory, run
from bench_server import OneAtATime, OtherUser
from lab_process import TOKEN, Lab

MIB = 1 << 20
# A server with its stock limit refuses the uploads.
UPLOADS = {"max_upload_size": 1 << 31}
# Alice holds every third of the generated machines.
HELD = 1669
REQUEST = 0.027
FORM = {"description": "curl", "type": "Kernel", "arch": "arm64", "known_good": False, "public": False}
SIZES = (100, 512)
# Of each size; the first does not count, and the last is for the memory.
IMAGES = 6
# What makes the system's times of a file reliable, in seconds.
OLD_ENOUGH = 65


class Row(NamedTuple):
    work: str
    # None for what could not be measured here, which `beside` says.
    found: float
    goal: float
    unit: str
    beside: str

    @property
    def is_met(self):
        return self.goal is None or (self.found is not None and self.found <= self.goal)

    def cells(self):
        shown = "{:.2f}".format if self.unit not in ("bytes", "requests") else "{:.0f}".format
        found, goal = ("" if figure is None else f"{shown(figure)} {self.unit}" for figure in (self.found, self.goal))
        met = "" if self.goal is None else ("yes" if self.is_met else "fails")
        return [self.work, found, goal, met, self.beside]


class Bench:
    def __init__(self, options, scratch):
        self.library = os.path.abspath(options.library)
        self.lab = os.path.abspath(options.lab)
        self.ansible = options.ansible
        self.collection = os.path.abspath(options.collection)
        self.dynamic = options.dynamic
        self.scratch = scratch
        self.made = time.time()
        for size in SIZES:
            for number in range(IMAGES):
                # No blocks on the disk, and different contents each: the same would be up to date.
                with open(self.image(size, number), "wb") as file:
                    file.truncate(size * MIB)
                    file.write(f"{size} {number}".encode())

    def image(self, size, number):
        return os.path.join(self.scratch, f"image-{size}-{number}")

    def module(self, module, url, **options):
        """The command line that runs a module."""
        text = json.dumps({"mrp_url": url, "mrp_token": TOKEN, **options})
        path = os.path.join(self.scratch, hashlib.sha256(text.encode()).hexdigest()[:16])
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return [os.path.join(self.library, module), path]

    def curl(self, url, paths, parallel):
        """The command line of a curl that makes these requests."""
        config = os.path.join(self.scratch, f"curl-{len(paths)}-{parallel}")
        lines = [f'header = "Authorization: {TOKEN}"']
        for path in paths:
            lines += [f'url = "{url}{path}"', f'output = "{os.devnull}"']
        with open(config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return ["curl", "--silent", "--fail", "--parallel", "--parallel-max", str(parallel), "--config", config]

    # One method for each group of rows.

    def size(self):
        copied = os.path.getsize(os.path.join(self.library, "mrp-ansible"))
        yield Row("program that Ansible copies, static", copied, 2_650_000, "bytes", "")
        yield Row("the same, dynamic", os.path.getsize(self.dynamic), 2_400_000, "bytes", "")

    def facts_of_all(self, count, memory):
        with Lab(self.lab, "--machines", str(count)) as lab:
            ours = self.module("mrp_network_facts", lab.url, all=True)
            pair = compare(ours, self.curl(lab.url, paths_of_facts(lab), 8))
            require_machines(pair.ours, len(json.loads(pair.ours.output)["machines"]), count)
            what = f"facts of {count} machines"
            yield Row(f"{what}: seconds", pair.ratio("seconds"), 1.0, "of curl", beside(pair, "seconds"))
            yield Row(f"{what}: processor time", pair.ratio("cpu"), 1.0, "of curl", beside(pair, "cpu"))
            yield Row(f"{what}: memory", peak_memory(ours) / MIB, memory, "MiB", "")

    def many_connections(self):
        with Lab(self.lab, "--machines", "1000") as lab:
            paths = paths_of_facts(lab)
            lab.post("/_lab/faults", {"delay": 0.025, "times": 0})
            pair = compare(self.module("mrp_network_facts", lab.url, all=True), self.curl(lab.url, paths, 64), rounds=3)
            what = "facts of 1000 machines, 25 ms for each request, side by side"
            yield Row(what, pair.ours.seconds, 0.7, "s", f"curl with 64 connections: {pair.theirs.seconds:.2f} s")

    def other_users(self):
        machines = [machine(number) for number in range(200)]
        with OneAtATime({"/api/v1/machine?show_all=true": machines}, REQUEST) as server:
            with OtherUser(server.url + "/api/v1/machine/1") as alone:
                run(["sleep", "2"])
            with OtherUser(server.url + "/api/v1/machine/1") as other:
                run(self.module("mrp_network_facts", server.url, all=True))
        what = f"server that answers one at a time, {REQUEST * 1000:.0f} ms each: wait of another user"
        yield Row(what, other.wait * 1000, 60, "ms", f"alone: {alone.wait * 1000:.0f} ms")

    def uploads(self):
        # As a file that was downloaded or built before: a younger one is hashed a second time.
        time.sleep(max(0, self.made + OLD_ENOUGH - time.time()))
        with Lab(self.lab) as lab:
            lab.post("/_lab/settings", UPLOADS)
            for size in SIZES:
                yield from self.upload(lab, size)

    def upload(self, lab, size):
        ours, theirs = [], []
        fields = shlex.quote("q=" + json.dumps(FORM))
        for number in range(IMAGES - 1):
            image = self.image(size, number)
            wanted = {"description": f"bench {size} {number}", "type": "Kernel", "arch": "arm64", "path": image}
            ours.append(run(self.module("mrp_image", lab.url, **wanted)))
            if not json.loads(ours[-1].output)["changed"]:
                raise Wrong("the module did not upload")
            curl = f"curl --silent --fail --output /dev/null -H 'Authorization: {TOKEN}' -F {fields}"
            theirs.append(run(["sh", "-c", f"sha256sum {image} && {curl} -F file=@{image} {lab.url}/api/v1/image"]))
        ours, theirs = median(ours[1:]), median(theirs[1:])
        what = f"upload of {size} MiB"
        text = f"{ours.seconds:.2f} s, `sha256sum` and `curl -F` {theirs.seconds:.2f} s"
        yield Row(what, ours.seconds / theirs.seconds, 1.0, "of sha256sum and curl -F", text)
        wanted = {"description": f"bench {size}", "type": "Kernel", "arch": "arm64", "path": self.image(size, IMAGES - 1)}
        yield Row(f"{what}: memory", peak_memory(self.module("mrp_image", lab.url, **wanted)) / MIB, 16, "MiB", "")

    def no_change(self):
        with Lab(self.lab) as lab:
            command = self.unchanged_machine(lab, "qdc01")
            before = len(lab.get("/_lab/requests"))
            run(command)
            asked = lab.get("/_lab/requests")[before:]
            what = "mrp_machine with 6 options, no change"
            yield Row(what, len(asked), 4, "requests", " ".join(request["path"] for request in asked))
            yield Row(what, seconds_of(command) * 1000, None, "ms", "")
        with Lab(self.lab, "--machines", str(3 * (HELD - 5))) as lab:
            command = self.unchanged_machine(lab, "gen-0001")
            yield Row(f"{what}, of {HELD} held machines", seconds_of(command) * 1000, 6, "ms", "")

    def unchanged_machine(self, lab, name):
        """The task, after it was done once."""
        wanted = {"kernel": "debian-installer kernel", "initrd": "debian-installer initrd", "arch": "arm64"}
        wanted |= {"subarch": "efi", "kernel_opts": "console=ttyS0", "netboot": True}
        command = self.module("mrp_machine", lab.url, name=name, **wanted)
        run(command)
        if json.loads(run(command).output)["changed"]:
            raise Wrong("mrp_machine changes something again")
        return command

    def two_by_name(self):
        with Lab(self.lab, "--machines", "5000") as lab:
            names = ["gen-0001", "gen-4999"]
            by_name = self.module("mrp_network_facts", lab.url, machines=names)
            query = "(or " + " ".join(f'(= name "{name}")' for name in names) + ")"
            pair = compare(by_name, self.module("mrp_network_facts", lab.url, query=query, all=True))
            yield Row("facts of 2 of 5000 machines by name", pair.ratio("seconds"), 1.1, "of one query", beside(pair, "seconds"))

    def images(self):
        with Lab(self.lab) as lab:
            image = os.path.join(self.scratch, "small")
            with open(image, "wb") as file:
                file.write(b"bench")
            items = [{"description": f"image {number}"} for number in range(500)]
            command = self.module("mrp_image", lab.url, images=items, type="Kernel", arch="arm64", path=image)
            run(command)
            yield Row("500 unchanged images in one task: processor time", median([run(command) for _ in range(3)]).cpu, 0.1, "s", "")

    def roots(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{unused.getsockname()[1]}"
            with_tls, without = (
                self.module("mrp_network_facts", f"{scheme}://{address}", retries=0) for scheme in ("https", "http")
            )
            # Both make this machine's roots others than the system's.
            system = {name: value for name, value in os.environ.items() if name not in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
            pair = compare(with_tls, without, rounds=20, environment=system, may_fail=True)
        more = (pair.ours.cpu - pair.theirs.cpu) * 1000
        yield Row("https with the system's roots: more processor time than http", more, 1.5, "ms", beside(pair, "cpu"))

    def ansible_rows(self):
        for row in bench_ansible.rows(self.lab, self.ansible, self.scratch):
            yield Row(*row)

    def task_rows(self):
        for row in bench_task.rows(self.lab, self.collection, self.ansible, self.scratch):
            yield Row(*row)


def seconds_of(command):
    return median([run(command) for _ in range(11)]).seconds


def beside(pair, figure):
    ours, theirs = (getattr(side, figure) * 1000 for side in pair)
    return f"{ours:.1f} ms, {theirs:.1f} ms"


def paths_of_facts(lab):
    path = "/api/v1/machine?show_all=true"
    return [path] + [f"/api/v1/machine/{machine['id']}/interface" for machine in lab.get(path, TOKEN)]


def require_machines(measured, found, count):
    if found < count:
        raise Wrong(f"facts of {found} machines instead of {count}: {measured.output[:300]}")


def machine(number):
    """A machine as the server tells it."""
    keys = "hostname kernel_id kernel_opts initrd_id preseed_id subarch"
    return {"id": number + 1, "name": f"m{number}", "arch": "arm64", "netboot_enabled": True, **dict.fromkeys(keys.split())}


def table(rows):
    head = ["work", "found", "goal", "met", "beside"]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


PAGE = """\
<!-- Written by `make bench-docs`; do not edit. -->
# Benchmarks

Each figure is that of a whole process, of release builds, on the loopback interface, with the simulated server of
`tests/lab`. What is compared ran in turn, in the same minute; a figure is the median of its runs.

To repeat them: `make bench` prints this table and says which goal is missed (its exit code is then 1), and `make bench-docs`
writes this page. Needed beside what `make test` needs: curl 7.66 or newer, `sha256sum`, and for the task over ssh an OpenSSH
client and server, which the benchmark starts on the loopback interface with keys of its own. The machine should do nothing
else: ratios are fair on a busy one, seconds are not. What is uploaded was last changed more than a minute ago, and should lie
on ext4 or xfs: set TMPDIR to a folder there, with 4 GiB. Elsewhere a file is hashed twice.

"""
MACHINE = """\
Measured on {date} with {cores} cores of {processor}, {memory} GiB of memory, Linux {linux}, curl {curl} and Python {python}; at
the end the load of the last 15 minutes was {load}.

"""


def machine_facts():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith(("model name", "Model"))]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "processor": models[0] if models else platform.machine(),
        "memory": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)),
        "linux": platform.release(),
        "curl": run(["curl", "--version"]).output.split()[1],
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[2]:.1f}",
    }


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lab", required=True, help="the program mrp-lab, a release build")
    options.add_argument("--library", required=True, help="the folder with the modules")
    options.add_argument("--dynamic", required=True, help="the program mrp-ansible, linked dynamically")
    options.add_argument("--collection", required=True, help="the tarball of the collection")
    options.add_argument("--ansible", required=True, help="directory with ansible-playbook and ansible-galaxy")
    options.add_argument("--only", help="a comma-separated list of groups of rows")
    options.add_argument("--write", help="the page to write")
    options = options.parse_args()
    if not shutil.which("curl"):
        sys.exit("bench failed: there is no curl")
    sys.stdout.reconfigure(line_buffering=True)
    rows = []
    try:
        with tempfile.TemporaryDirectory(prefix="mrp-bench-") as scratch:
            for row in all_rows(Bench(options, scratch), options.only):
                rows.append(row)
                print("  ".join(cell for cell in row.cells() if cell))
    except (Wrong, demo_playbook.Failed) as error:
        sys.exit(f"bench failed: {error}")
    missed = [row.work for row in rows if not row.is_met]
    if options.write:
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(PAGE + MACHINE.format(**machine_facts()) + table(rows))
    if missed:
        print("fails: " + "; ".join(missed))
    sys.exit(1 if missed else 0)


def all_rows(bench, only):
    """The rows in the order in which they are printed. What a further group measures is a method here and a line there."""
    groups = {
        "size": bench.size,
        "facts1000": lambda: bench.facts_of_all(1000, 12),
        "facts5000": lambda: bench.facts_of_all(5000, 30),
        "connections": bench.many_connections,
        "others": bench.other_users,
        "uploads": bench.uploads,
        "nochange": bench.no_change,
        "names": bench.two_by_name,
        "images": bench.images,
        "roots": bench.roots,
        "ansible": bench.ansible_rows,
        "task": bench.task_rows,
    }
    for name in only.split(",") if only else groups:
        yield from groups[name]()


if __name__ == "__main__":
    main()
