# The programs of the collection, one for each machine type.
# Copyright: The mr-provisioner authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

import os

COLLECTION = "mr_provisioner.lab"
FOLDER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "programs")
PREFIX = "mrp-ansible-"


def machine_types():
    """Those that the collection has a program for."""
    return sorted(name[len(PREFIX):] for name in os.listdir(FOLDER) if name.startswith(PREFIX))


def program_path(machine):
    return os.path.realpath(os.path.join(FOLDER, PREFIX + machine))


def missing_program(machine, programs):
    return (
        f"This target is of the machine type {machine}, and the installed {COLLECTION} has programs for "
        f"{' and '.join(programs)} only: run `make collection` in the sources on a machine of the type {machine}, or "
        f"`make collection BINARIES=DIRECTORY` with a directory that has a program mrp-ansible for it."
    )


def cannot_execute(machine):
    return (
        f"The program {program_path(machine)} cannot be executed on this target, a Linux of the machine type {machine}: it "
        "is damaged or for another machine type. Install the collection again."
    )
