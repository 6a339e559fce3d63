"""Makes the virtual environments with the pinned releases of ansible-core for the tests and the demo.

    python3 tests/venvs.py oldest newest     for the Python that runs this
    python3 tests/venvs.py all               every line, with the Pythons that are found

Prints the `bin` directories, separated by colons. An environment is kept until its requirements or its Python change.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

import debian_package

TESTS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TESTS)
VENVS = os.path.join(ROOT, ".venv")
CACHE = os.path.join(ROOT, ".cache")

# The Pythons that each line of ansible-core runs on, first and last.
LINES = {
    "2.15": ((3, 9), (3, 11)),
    "2.16": ((3, 10), (3, 12)),
    "2.17": ((3, 10), (3, 12)),
    "2.18": ((3, 11), (3, 13)),
    "2.19": ((3, 11), (3, 13)),
    "2.20": ((3, 12), (3, 14)),
    "2.21": ((3, 12), (3, 14)),
}


class Impossible(Exception):
    """The environments cannot be made; the text says what to change."""


def main(wanted):
    if not wanted or set(wanted) - {"oldest", "newest", "all"}:
        raise Impossible("usage: venvs.py oldest|newest|all ...")
    lines = every_line() if wanted == ["all"] else own_lines(wanted)
    print(":".join(environment(line, python) for line, python in lines))


def own_lines(wanted):
    """The oldest and the newest line for this Python: the same one where it runs only one."""
    version = sys.version_info[:2]
    fitting = [line for line, (first, last) in LINES.items() if first <= version <= last]
    if not fitting:
        pythons = [python for bounds in LINES.values() for python in bounds]
        raise Impossible(
            f"this is Python {dotted(version)}, and the tested lines of ansible-core run on Python "
            f"{dotted(min(pythons))} to {dotted(max(pythons))}: name another one with PYTHON=python3.NN"
        )
    places = {"oldest": fitting[0], "newest": fitting[-1]}
    return [(line, sys.executable) for line in dict.fromkeys(places[place] for place in wanted)]


def every_line():
    """Every line with this Python, or with the newest one found for it. Prints which lines have none."""
    pythons, own = found_pythons(), sys.version_info[:2]
    lines = []
    for line, (first, last) in LINES.items():
        fitting = [version for version in pythons if first <= version <= last]
        if fitting:
            lines.append((line, pythons[own if own in fitting else max(fitting)]))
        else:
            say(f"ansible-core {line}: left out, no Python {dotted(first)} to {dotted(last)} found")
    if not lines:
        raise Impossible("no Python was found that a tested line of ansible-core runs on")
    return lines


def found_pythons():
    """The interpreters on the path and those of pyenv that start, by version."""
    pythons = {sys.version_info[:2]: sys.executable}
    for minor in range(9, 15):
        name = f"python3.{minor}"
        pyenv = os.path.expanduser(f"~/.pyenv/versions/3.{minor}.*/bin/python")
        for path in filter(None, [shutil.which(name), *sorted(glob.glob(pyenv))]):
            if subprocess.run([path, "-c", "import venv"], capture_output=True).returncode == 0:
                pythons.setdefault((3, minor), path)
    return pythons


def environment(line, python):
    """The `bin` directory of a line's environment, which is made again when it is out of date."""
    folder = os.path.join(VENVS, line)
    requirements = os.path.join(TESTS, f"requirements-{line}.txt")
    mark = os.path.join(folder, "made-from")
    state = made_from(requirements, python)
    if read(mark) != state:
        say(f"making .venv/{line} for {python}")
        shutil.rmtree(folder, ignore_errors=True)
        create(folder, python, requirements)
        with open(mark, "w", encoding="utf-8") as file:
            file.write(state)
    return os.path.join(folder, "bin")


def made_from(requirements, python):
    """A digest of what an environment depends on: the pins, the interpreter and its own path."""
    version = subprocess.run([python, "-VV"], capture_output=True, text=True, check=True).stdout
    digest = hashlib.sha256("\0".join([version, os.path.realpath(python), VENVS]).encode())
    for path in (os.path.join(TESTS, "requirements.txt"), requirements):
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def create(folder, python, requirements):
    """Makes an environment with Python's own pip, or with Debian's where the distribution leaves it out."""
    if subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True).returncode == 0:
        run([python, "-m", "venv", folder])
        install([os.path.join(folder, "bin", "python"), "-m", "pip"], requirements)
        return
    if subprocess.run([python, "-c", "import venv"], capture_output=True).returncode != 0:
        raise Impossible(f"{python} has no module venv: install it (on Debian and Ubuntu the package python3-venv)")
    run([python, "-m", "venv", "--without-pip", folder])
    inside = os.path.join(folder, "bin", "python")
    os.makedirs(CACHE, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pip-", dir=CACHE) as scratch:
        install([inside, pip_of_debian(python, scratch)], requirements)


def pip_of_debian(python, scratch):
    """The path of pip in Debian's wheel, which runs without being installed."""
    try:
        debian_package.unpack("python3-pip-whl", scratch, CACHE)
    except debian_package.Unavailable as error:
        raise Impossible(
            f"{python} makes no virtual environment with pip: install it (on Debian and Ubuntu the package "
            f"python3-venv); without it, pip was looked for with apt, but {error}"
        ) from error
    wheels = glob.glob(os.path.join(glob.escape(scratch), "usr/share/python-wheels/pip-*.whl"))
    if not wheels:
        raise Impossible("Debian's package python3-pip-whl holds no pip: install python3-venv")
    return os.path.join(wheels[0], "pip")


def install(pip, requirements):
    run([*pip, "install", "--quiet", "--disable-pip-version-check", "--no-input", "--requirement", requirements])


def run(command):
    """Runs a program with its output on stderr: stdout is for the result."""
    if subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode != 0:
        raise Impossible(f"`{' '.join(command)}` failed; what it said is above")


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def dotted(version):
    return ".".join(map(str, version))


def say(line):
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Impossible as error:
        sys.exit(f"venvs: {error}")
