"""Runs programs and measures them: seconds, processor time, peak memory, all of the whole process."""

import os
import statistics
import subprocess
import tempfile
import time
from typing import NamedTuple

from lab_process import without_proxy

# How often each side of a comparison runs.
ROUNDS = 5


class Wrong(Exception):
    """A program that is measured did not do its work."""


class Measured(NamedTuple):
    seconds: float
    cpu: float
    output: str


class Pair(NamedTuple):
    """The medians of two commands that ran in turn, so that other load slows down both."""

    ours: Measured
    theirs: Measured

    def ratio(self, figure):
        return getattr(self.ours, figure) / getattr(self.theirs, figure)


def run(command, environment=None, may_fail=False):
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as err:
        start = time.monotonic()
        child = subprocess.Popen(
            command,
            env=without_proxy(os.environ if environment is None else environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            # curl prints its progress there even with --silent.
            stderr=err,
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        output = out.read()
        if child.returncode != 0 and not may_fail:
            printed = (output + err.read())[-1000:]
            raise Wrong(f"{os.path.basename(command[0])} ended with {child.returncode}: {printed}")
        return Measured(seconds, usage.ru_utime + usage.ru_stime, output)


def compare(ours, theirs, rounds=ROUNDS, **options):
    """Runs two commands in turn, after one run of each that does not count."""
    runs = [(run(ours, **options), run(theirs, **options)) for _ in range(rounds + 1)][1:]
    return Pair(*(median([both[side] for both in runs]) for side in (0, 1)))


def median(runs):
    seconds = statistics.median(one.seconds for one in runs)
    return Measured(seconds, statistics.median(one.cpu for one in runs), runs[-1].output)


def peak_memory(command):
    """The peak of a program's memory in bytes.

    It is read from /proc while the program runs: the resource usage of a child includes its parent's memory between fork
    and exec, and this parent is larger than a module. The peak only grows, so the last value read is the peak.
    """
    child = subprocess.Popen(
        command, env=without_proxy(os.environ), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    peak = 0
    while child.poll() is None:
        peak = memory_of(child.pid) or peak
        time.sleep(0.001)
    if child.returncode != 0:
        raise Wrong(f"{os.path.basename(command[0])} ended with {child.returncode}")
    return peak


def memory_of(process):
    """The peak of a process's resident memory so far. None once it has ended."""
    try:
        with open(f"/proc/{process}/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
    except ProcessLookupError:
        return None
    return int(lines["VmHWM"].split()[0]) * 1024 if "VmHWM" in lines else None
