# The inventory plugin: what the program mrp_inventory prints, with Ansible's own groups, variables and cache on top.
# Copyright: The mr-provisioner authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

DOCUMENTATION = r"""
name: mrp_lab
short_description: The machines of a Mr-Provisioner server
description:
  - Every machine of the server is a host. Its variables, and the groups C(mrp), C(mine), C(assigned), C(free),
    C(netboot_on), C(netboot_off), C(arch_...), C(subarch_...) and C(holder_...), are those of the dynamic inventory
    C(mrp_inventory), whose program it runs.
  - Reads a file whose name ends with C(.mrp.yml) or C(.mrp.yaml). It only reads from the server.
  - What the server says is data, and is never evaluated as a template.
author:
  - The mr-provisioner authors (@mr-provisioner)
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: Has to be V(mr_provisioner.lab.mrp_lab).
    type: str
    required: true
    choices: [mr_provisioner.lab.mrp_lab]
  mrp_url:
    description: Base URL of the server. Without it, the environment variable E(MRP_URL) has it. May be a template.
    type: str
  mrp_token:
    description:
      - API token of the user to act as. Without it and O(token_file), the environment variable E(MRP_TOKEN) has it.
      - May be a template, such as one that looks a vaulted variable or the environment up.
    type: str
  token_file:
    description:
      - File with the token, which nobody but its owner can read. May be a template.
      - It must not be beside this file when the folder is the inventory, since Ansible reads the files there as hosts.
    type: str
  scope:
    description: Every machine of the server, or those that are assigned to the token's user.
    type: str
    choices: [all, mine]
    default: all
  query:
    description: Filter in the server's query language, such as V((= arch "arm64"\)). May be a template.
    type: str
  interface:
    description: Interface identifiers in order of preference, for machines with several addresses.
    type: list
    elements: str
    default: []
  holders:
    description: Make a group for each user who holds a machine. It costs one request more for each machine.
    type: bool
    default: false
  host_name:
    description: Which of the server's names the hosts have.
    type: str
    choices: [name, hostname]
    default: name
  validate_certs:
    description: Whether the server's certificate is checked.
    type: bool
    default: true
  ca_path:
    description: PEM file with the only authorities that are trusted. Without it, E(MRP_CA_PATH) names it.
    type: str
  client_cert:
    description: PEM file with a certificate for servers that ask for one.
    type: str
  client_key:
    description: PEM file with the key of O(client_cert).
    type: str
  timeout:
    description: Seconds after which a connection that carries no byte is given up.
    type: float
  retries:
    description: How often a request that failed on its way is repeated.
    type: int
  retry_delay:
    description: Seconds before the first repetition; they double each time.
    type: float
notes:
  - Files are named from where the file with the options is.
"""

EXAMPLES = r"""
# lab.mrp.yml
plugin: mr_provisioner.lab.mrp_lab
mrp_url: https://mrp.example/
mrp_token: "{{ lookup('ansible.builtin.env', 'LAB_TOKEN') }}"
interface: [eth1, eth0]
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/mrp
groups:
  reachable: ansible_host is defined
keyed_groups:
  - prefix: network
    key: mrp_interfaces | map(attribute='network_name') | select('string') | unique | list
"""

import json
import os
import subprocess

from ansible.errors import AnsibleParserError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.mr_provisioner.lab.plugins.plugin_utils.programs import (
    machine_types,
    missing_program,
    program_path,
)


ENDINGS = (".mrp.yml", ".mrp.yaml")
OPTIONS = (
    "mrp_url",
    "mrp_token",
    "token_file",
    "scope",
    "query",
    "interface",
    "holders",
    "host_name",
    "validate_certs",
    "ca_path",
    "client_cert",
    "client_key",
    "timeout",
    "retries",
    "retry_delay",
)
FILES = ("token_file", "ca_path", "client_cert", "client_key")
# How the program marks texts of the server.
UNSAFE = "__ansible_unsafe"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "mr_provisioner.lab.mrp_lab"

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(ENDINGS)

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        # Extra variables are all that there is before the inventory.
        self.templar.available_variables = self._vars
        self._populate(self._listing(path, cache))

    def _listing(self, path, may_read_cache):
        """The program's inventory, or the copy that Ansible's cache has of it."""
        caches = self.get_option("cache")
        key = self.get_cache_key(path)
        if caches and may_read_cache:
            try:
                return self._cache[key]
            except KeyError:
                pass
        listing = self._run_program(path)
        if caches:
            self._cache[key] = listing
        return listing

    def _run_program(self, path):
        machine = os.uname().machine
        if machine not in machine_types():
            raise AnsibleParserError(missing_program(machine, machine_types()))
        # The options, with the token, are in no file system.
        with os.fdopen(os.memfd_create("options"), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(self._options_file(path).encode())
            file.flush()
            name = f"/proc/self/fd/{file.fileno()}"
            run = subprocess.run(
                # As the script library/mrp_inventory starts it.
                ["mrp-ansible", "mrp_inventory", path, "--list"],
                executable=program_path(machine),
                env={**os.environ, "MRP_INVENTORY_CONFIG": name},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[file.fileno()],
                check=False,
            )
        said = to_text(run.stderr).replace(name, path).strip()
        if run.returncode != 0:
            raise AnsibleParserError(said or f"mrp_inventory ended with {run.returncode}")
        for line in said.splitlines():
            self.display.warning(line)
        return json.loads(run.stdout)

    def _options_file(self, path):
        """The options as the program reads them: lines of `name = value`."""
        lines = []
        for name in OPTIONS:
            value = self.get_option(name)
            if value is None or value == []:
                continue
            if isinstance(value, list):
                value = ", ".join(map(str, value))
            if isinstance(value, str):
                value = str(self.templar.template(value))
            if name in FILES:
                value = self._file(name, value, os.path.dirname(os.path.abspath(path)))
            if "\n" in str(value) or "\r" in str(value):
                raise AnsibleParserError(f"{path}: {name} has more than one line")
            lines.append(f"{name} = {value}\n")
        return "".join(lines)

    @staticmethod
    def _file(name, value, folder):
        file = os.path.join(folder, os.path.expandvars(os.path.expanduser(value)))
        if name == "token_file" and os.path.realpath(os.path.dirname(file)) == os.path.realpath(folder):
            raise AnsibleParserError(
                f"{value} is beside the inventory, where Ansible reads files as lists of hosts and would show the token: "
                "move it to another directory, such as ~/.config/mrp"
            )
        return file

    def _populate(self, listing):
        listing = dict(listing)
        hosts = listing.pop("_meta", {}).get("hostvars", {})
        for name, group in listing.items():
            self.inventory.add_group(name)
            for variable, value in group.get("vars", {}).items():
                self.inventory.set_variable(name, variable, marked(value))
            for host in group.get("hosts", []):
                self.inventory.add_host(host, group=name)
        for name, group in listing.items():
            for child in group.get("children", []):
                self.inventory.add_child(name, child)
        for host, variables in hosts.items():
            self.inventory.add_host(host)
            for variable, value in variables.items():
                self.inventory.set_variable(host, variable, marked(value))
            self._construct(host)

    def _construct(self, host):
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), self._variables(host), host, strict=strict)
        variables = self._variables(host)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)

    def _variables(self, host):
        return self.inventory.get_host(host).get_vars()


def marked(value):
    """The value with texts of the server marked as unsafe in Ansible's own way."""
    if isinstance(value, dict):
        if set(value) == {UNSAFE}:
            return wrap_var(value[UNSAFE])
        return {key: marked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [marked(item) for item in value]
    return value
