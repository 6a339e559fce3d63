"""Checks the built collection as collections are checked, and builds a site of its documentation.

    python3 tests/lint_collection.py TREE       TREE is .../ansible_collections/mr_provisioner/lab

ansible-lint with the profile production, ansible-test sanity, antsibull-changelog and antsibull-docs; then the execution
environment, the workflows and the configuration of pre-commit. `make lint-collection` builds the tree and calls this. The tools are pinned in tests/requirements-lint.txt and have an environment of their own.
"""

import glob
import os
import shutil
import subprocess
import sys

import venvs

HOME = os.path.join(venvs.CACHE, "lint-home")
NAME = "mr_provisioner.lab"
# ansible-test makes environments with this pip, whose bootstrap script it would download.
PIP = "24.2"


def main(tree):
    bin_folder = venvs.environment("lint", sys.executable)
    tree = os.path.abspath(tree)
    environment = {
        **os.environ,
        "PATH": bin_folder + os.pathsep + os.environ["PATH"],
        # Without the settings of who runs this, and with a place for what the tools keep.
        "HOME": HOME,
        "ANSIBLE_COLLECTIONS_PATH": tree.partition("/ansible_collections/")[0],
        "NO_COLOR": "1",
    }
    place_pip(bin_folder)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    checks = [
        ["ansible-lint", "--offline", "--profile", "production", "."],
        ["antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml"],
        ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."],
        ["ansible-test", "sanity", "--color", "no", "--python", python, "--requirements"],
    ]
    failed = [check[:2] for check in checks if run(check, tree, environment) != 0]
    workflows = sorted(glob.glob(os.path.join(venvs.ROOT, ".github", "workflows", "*.yml")))
    context = os.path.join(venvs.CACHE, "execution-environment")
    checks = [
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows],
        ["pre-commit", "validate-config", ".pre-commit-config.yaml"],
        ["ansible-builder", "create", "--context", context],
    ]
    failed += [check[:2] for check in checks if run(check, venvs.ROOT, environment) != 0]
    if build_site(environment) != 0:
        failed.append(["sphinx-build"])
    for check in failed:
        print(f"lint-collection: {' '.join(check)} failed; what it said is above", file=sys.stderr)
    sys.exit(1 if failed else 0)


def run(command, folder, environment):
    print(f"lint-collection: {' '.join(command)}", flush=True)
    # ansible-test wants no standard input of a kind that it does not know.
    return subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL).returncode


def place_pip(bin_folder):
    """Puts a bootstrap script where ansible-test looks for it: one that installs pip with the package of pip itself."""
    cache = os.path.join(HOME, ".ansible", "test", "cache")
    script = os.path.join(cache, f"get_pip_{PIP.replace('.', '_')}.py")
    if os.path.exists(script):
        return
    os.makedirs(cache, exist_ok=True)
    python = os.path.join(bin_folder, "python")
    venvs.run([python, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache, f"pip=={PIP}"])
    wheel = os.path.join(cache, f"pip-{PIP}-py3-none-any.whl")
    with open(script, "w", encoding="utf-8") as file:
        file.write(
            f"import sys\nsys.path.insert(0, {wheel!r})\n"
            "from pip._internal.cli.main import main\n"
            # Those of the real script, which pip does not know.
            "sys.exit(main(['install', *(word for word in sys.argv[1:] if not word.startswith('--no-'))]))\n"
        )


# Sphinx would download what is in Ansible's own documentation. The pages refer to these.
LABELS = """:orphan:

.. _common_return_values:
.. _ansible_configuration_settings:

Ansible's own documentation
===========================

It is not part of this site.

.. envvar:: ANSIBLE_CACHE_PLUGIN
.. envvar:: ANSIBLE_CACHE_PLUGIN_CONNECTION
.. envvar:: ANSIBLE_CACHE_PLUGIN_PREFIX
.. envvar:: ANSIBLE_CACHE_PLUGIN_TIMEOUT
"""


def build_site(environment):
    """Builds the site of the documentation, in which a warning is an error."""
    site = os.path.join(venvs.CACHE, "collection-site")
    shutil.rmtree(site, ignore_errors=True)
    os.makedirs(site, mode=0o700)
    if run(["antsibull-docs", "sphinx-init", "--use-current", "--fail-on-error", "--dest-dir", site, NAME], site, environment):
        return 1
    with open(os.path.join(site, "conf.py"), "a", encoding="utf-8") as file:
        file.write("intersphinx_mapping = {}\n")
    with open(os.path.join(site, "rst", "ansible.rst"), "w", encoding="utf-8") as file:
        file.write(LABELS)
    return run(["./build.sh"], site, environment)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except venvs.Impossible as error:
        sys.exit(f"lint-collection: {error}")
