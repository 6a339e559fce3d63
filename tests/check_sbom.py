"""Checks software bills of materials against the schema of CycloneDX, as `make sbom` does.

    python3 tests/check_sbom.py FILE ...

The tool that has the schema is pinned in tests/requirements-sbom.txt and has an environment of its own.
"""

import os
import subprocess
import sys

import venvs

# Run by the environment's Python.
CHECK = """
import json
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

failed = False
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    version = json.loads(text)["specVersion"]
    problem = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)
    failed |= problem is not None
    print(f"{path}: " + (f"not CycloneDX {version}: {problem}" if problem else f"valid CycloneDX {version}"))
sys.exit(1 if failed else 0)
"""


def main(paths):
    bin_folder = venvs.environment("sbom", sys.executable)
    command = [os.path.join(bin_folder, "python"), "-c", CHECK, *paths]
    sys.exit(subprocess.run(command).returncode)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except venvs.Impossible as error:
        sys.exit(f"make sbom: the lists were written, but not checked: {error}")
