"""Prints the size of the release binary and the peak memory of an upload of 512 MiB, each with its limit.

`make bench` builds what this needs and calls it. Exits 1 when a limit is passed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from lab_process import TOKEN, Lab, without_proxy

MIB = 1 << 20
UPLOAD = 512 * MIB
MAX_MEMORY = 16 * MIB
MAX_BINARY = 3_000_000

# A server with its stock limit refuses an upload of this size.
SETTINGS = {"max_upload_size": 4 * UPLOAD}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lab", required=True, help="the program mrp-lab")
    options.add_argument("--module", required=True, help="library/mrp_image")
    options = options.parse_args()
    size = os.path.getsize(options.module)
    memory = upload(options.lab, os.path.abspath(options.module))
    within = [
        compare("release binary", size, MAX_BINARY, 10**6, "MB"),
        compare("peak memory of an upload of 512 MiB", memory, MAX_MEMORY, MIB, "MiB"),
    ]
    sys.exit(0 if all(within) else 1)


def compare(what, found, limit, unit, name):
    print(f"{what}: {found / unit:.2f} {name}, at most {limit / unit:.0f} {name} ({found / limit:.0%} of it)")
    return found <= limit


def upload(lab_program, module):
    """The peak memory of the module while it uploads a file with no blocks on the disk."""
    with tempfile.TemporaryDirectory(prefix="mrp-bench-") as scratch, Lab(lab_program) as lab:
        lab.post("/_lab/settings", SETTINGS)
        image = os.path.join(scratch, "image")
        with open(image, "wb") as file:
            file.truncate(UPLOAD)
        options = {
            "mrp_url": lab.url,
            "mrp_token": TOKEN,
            "description": "benchmark",
            "type": "Kernel",
            "arch": "arm64",
            "path": image,
        }
        args = os.path.join(scratch, "args")
        with open(args, "w", encoding="utf-8") as file:
            json.dump(options, file)
        return peak_memory([module, args], os.path.join(scratch, "result"))


def peak_memory(command, result):
    """Runs a module and returns its peak.

    It is read from /proc while the module runs: the resource usage of a child includes its parent's memory between fork
    and exec, and this parent is larger than the module. The peak only grows, so the last value read is the peak.
    """
    with open(result, "w+", encoding="utf-8") as out:
        child = subprocess.Popen(command, env=without_proxy(os.environ), stdin=subprocess.DEVNULL, stdout=out)
        peak = 0
        while child.poll() is None:
            peak = memory_of(child.pid) or peak
            time.sleep(0.005)
        out.seek(0)
        printed = out.read()
    if not json.loads(printed).get("changed"):
        sys.exit(f"bench failed: the module did not upload: {printed}")
    return peak


def memory_of(process):
    """The peak of a process's resident memory so far. None once it has ended."""
    try:
        with open(f"/proc/{process}/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
    except ProcessLookupError:
        return None
    return int(lines["VmHWM"].split()[0]) * 1024 if "VmHWM" in lines else None


if __name__ == "__main__":
    main()
