"""Files out of a Debian package, without root and without installing it."""

import glob
import os
import shutil
import subprocess
import tempfile


class Unavailable(Exception):
    """The package cannot be downloaded or unpacked; the text says why."""


def unpack(package, into, work):
    """Downloads a package with apt, unpacks it into a directory and returns its version.

    `work` holds what apt needs for itself; nothing outside of the two directories is written.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Unavailable(f"there is no {tool}, so this is no Debian")
    os.makedirs(work, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deb-", dir=work) as folder:
        archive = _download(package, folder, os.path.join(work, "apt"))
        _run(["dpkg-deb", "--extract", archive, into])
        return _run(["dpkg-deb", "--field", archive, "Version"]).strip()


def _download(package, folder, state):
    """Downloads with the system's package lists, or with own ones where those are missing or out of date."""
    try:
        return _apt_download(package, folder, [])
    except Unavailable:
        own = _own_state(state)
        _run(["apt-get", "--quiet", *OPTIONS, *own, "update"])
        return _apt_download(package, folder, own)


# As root, apt switches to a user who cannot write into the directory. The timeouts are for networks that do not answer.
OPTIONS = [
    option
    for setting in (
        "APT::Sandbox::User=root",
        "Acquire::Languages=none",
        "Acquire::Retries=1",
        "Acquire::http::Timeout=30",
        "Acquire::https::Timeout=30",
    )
    for option in ("-o", setting)
]


def _own_state(state):
    """Options for lists and caches below another directory. The sources of packages stay the system's."""
    for folder in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(state, folder), exist_ok=True)
    return ["-o", f"Dir::State={state}/state", "-o", f"Dir::Cache={state}/cache"]


def _apt_download(package, folder, state):
    _run(["apt-get", "--quiet", *OPTIONS, *state, "download", package], cwd=folder)
    archives = glob.glob(os.path.join(glob.escape(folder), "*.deb"))
    if len(archives) != 1:
        raise Unavailable(f"apt-get downloaded no package {package}")
    return archives[0]


def _run(command, cwd=None):
    environment = dict(os.environ, LC_ALL="C", DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(
        command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command[:1] + command[-2:])} failed: {_reason(done.stderr)}")
    return done.stdout


def _reason(errors):
    """apt's last error."""
    lines = [line[2:].strip() for line in errors.splitlines() if line.startswith("E:")]
    return (lines or errors.strip().splitlines() or ["no reason given"])[-1]
