"""Builds the Ansible collection mr_provisioner.lab out of its sources, the modules' sidecars and the programs.

    python3 collection/build.py --galaxy BIN/ansible-galaxy --output target/collection PROGRAM...
    python3 collection/build.py --galaxy BIN/ansible-galaxy --output target/collection --binaries DIRECTORY

A program's machine type is what its ELF header says; two for the same type are an error. What is generated: the version,
the modules' documentation, the action group and the routing of the modules, the links to the programs.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
NAME = "mr_provisioner.lab"
ACTION = f"{NAME}.mrp"
# The machine types as `uname -m` calls them, by their number in an ELF header.
MACHINE_TYPES = {3: "i686", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
SOURCES_ONLY = ("build.py", "__pycache__")


class Impossible(Exception):
    """The collection cannot be built; the text says what to change."""


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--galaxy", required=True, help="the program ansible-galaxy")
    options.add_argument("--output", required=True, help="folder for the tarball")
    options.add_argument("--binaries", help="folder with programs for other machine types, and only those")
    options.add_argument("programs", nargs="*", help="a program mrp-ansible, for one machine type")
    options = options.parse_args()
    programs = programs_by_machine_type(options.programs, options.binaries)
    tree = os.path.join(options.output, "ansible_collections", *NAME.split("."))
    lay_out(tree, programs, version())
    print(build(options.galaxy, tree, options.output))


def version():
    """The version in Cargo.toml, which is the first one there."""
    found = re.search(r'^version = "([^"]+)"$', read(os.path.join(ROOT, "Cargo.toml")), re.MULTILINE)
    if not found:
        raise Impossible("Cargo.toml has no version")
    return found.group(1)


def programs_by_machine_type(programs, folder):
    """The programs that are named, and those of the folder for other machine types than theirs."""
    found = {}
    for path in programs:
        add(found, path)
    named = set(found)
    if folder:
        if not os.path.isdir(folder):
            raise Impossible(f"{folder} is no directory: BINARIES names one with a program for each machine type")
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if machine_type(path) not in named:
                add(found, path)
    if not found:
        raise Impossible(f"there is no program to put in: {folder or 'none was named'}")
    return found


def add(found, path):
    machine = machine_type(path)
    if machine in found:
        raise Impossible(f"{found[machine]} and {path} are both for {machine}: leave one of them out")
    found[machine] = path


def machine_type(path):
    """What machines a program is for, by its ELF header."""
    try:
        with open(path, "rb") as file:
            header = file.read(20)
    except OSError as error:
        raise Impossible(f"{path} cannot be read: {error.strerror}") from error
    if header[:4] != b"\x7fELF":
        raise Impossible(f"{path} is no program for Linux: put only builds of mrp-ansible there")
    number = int.from_bytes(header[18:20], "little" if header[5] == 1 else "big")
    if number not in MACHINE_TYPES:
        raise Impossible(f"{path} is for a machine type that the collection does not know (ELF number {number})")
    return MACHINE_TYPES[number]


def lay_out(tree, programs, number):
    """Writes the collection as it is installed."""
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(HERE, tree, ignore=shutil.ignore_patterns(*SOURCES_ONLY))
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copy(os.path.join(ROOT, name), tree)
    append(tree, "galaxy.yml", f"version: {number}\n")
    modules = os.path.join(tree, "plugins", "modules")
    os.makedirs(modules, exist_ok=True)
    names = sorted(name[:-4] for name in os.listdir(os.path.join(ROOT, "library")) if name.endswith(".yml"))
    for name in names:
        write(os.path.join(modules, f"{name}.py"), documentation(name, names))
    append(tree, os.path.join("meta", "runtime.yml"), routing(names))
    for name in os.listdir(os.path.join(tree, "tests", "sanity")):
        append(tree, os.path.join("tests", "sanity", name), ignored_checks(names))
    os.makedirs(os.path.join(tree, "programs"))
    for machine, path in programs.items():
        file = f"mrp-ansible-{machine}"
        shutil.copyfile(path, os.path.join(tree, "programs", file))
        os.chmod(os.path.join(tree, "programs", file), 0o755)
        # A link, since ansible-doc takes a file for a module and wants to read its documentation.
        os.symlink(os.path.join("..", "..", "programs", file), os.path.join(modules, f"mrp_{machine}"))


def routing(names):
    """The part of meta/runtime.yml that names the modules."""
    lines = ["action_groups:", "  mrp:"]
    lines += [f"    - {name}" for name in names]
    lines += ["plugin_routing:", "  modules:"]
    for name in names:
        lines += [f"    {name}:", f"      action_plugin: {ACTION}"]
    return "\n".join(lines) + "\n"


def ignored_checks(names):
    """The part of tests/sanity/ignore-*.txt that names the modules."""
    check = "validate-modules:missing-gplv3-license # the project is under Apache-2.0"
    return "".join(f"plugins/modules/{name}.py {check}\n" for name in names)


def documentation(name, names):
    """A module without code, as Ansible's own are whose work an action plugin does."""
    sections = sections_of(read(os.path.join(ROOT, "library", f"{name}.yml")))
    lines = [
        "#!/usr/bin/python",
        f"# Documentation of {name}. The action plugin mrp runs the program that does its work.",
        "# Copyright: The mr-provisioner authors",
        "# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)",
        "",
        "from __future__ import annotations",
    ]
    for section, text in sections.items():
        lines += ["", f'{section} = r"""', qualified(text, names).rstrip(), '"""']
    return "\n".join(lines) + "\n"


def sections_of(sidecar):
    """DOCUMENTATION, EXAMPLES and RETURN of a sidecar, as texts without the indentation below their names."""
    sections = {}
    for block in re.split(r"^(?=[A-Z]+:)", sidecar, flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        sections[head.partition(":")[0]] = re.sub(r"^  ", "", body, flags=re.MULTILINE)
    return sections


def qualified(text, names):
    """The text with the modules' full names, where it names a module by markup or as a task does, and its authors'."""
    either = "|".join(names)
    text = re.sub(rf"\bM\(({either})\)", rf"M({NAME}.\1)", text)
    text = re.sub(rf"^(\s*- module: )({either})$", rf"\1{NAME}.\2", text, flags=re.MULTILINE)
    text = re.sub(r"^(\s*- The mr-provisioner authors)$", r"\1 (@mr-provisioner)", text, flags=re.MULTILINE)
    return re.sub(rf"^(\s*(?:- )?)({either}):$", rf"\1{NAME}.\2:", text, flags=re.MULTILINE)


def build(galaxy, tree, output):
    """Runs ansible-galaxy; gives the path of the tarball."""
    command = [galaxy, "collection", "build", "--force", "--output-path", output, tree]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        raise Impossible(f"ansible-galaxy failed: {run.stdout.strip()}")
    tarball = f"{NAME.replace('.', '-')}-{version()}.tar.gz"
    # A name without a version, for execution-environment.yml.
    link = os.path.join(output, f"{NAME.replace('.', '-')}.tar.gz")
    if os.path.lexists(link):
        os.remove(link)
    os.symlink(tarball, link)
    return os.path.join(output, tarball)


def append(tree, name, text):
    with open(os.path.join(tree, name), "a", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    try:
        main()
    except Impossible as error:
        sys.exit(f"collection: {error}")
