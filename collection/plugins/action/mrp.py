# The action plugin of all modules: it runs their program where it lies, or lets Ansible carry it to the target.
# Copyright: The mr-provisioner authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display
from ansible_collections.mr_provisioner.lab.plugins.plugin_utils.programs import (
    COLLECTION,
    cannot_execute,
    machine_types,
    missing_program,
    program_path,
)

display = Display()

# Where modules name a file of the controller: in these options, of the task and of the items of these lists.
FILE_OPTIONS = ("path", "src")
FILE_MODULES = {
    "mrp_image": "images",
    "mrp_preseed": "preseeds",
    "mr_provisioner_image": None,
    "mr_provisioner_preseed": None,
}
VAULT_HEADER = b"$ANSIBLE_VAULT;"

# How long a program that is told to end may take to say what it did.
SECONDS_TO_END = 5
# The process that a program must not outlive: a worker of Ansible that is killed cannot end its program any more. The program
# sees to it itself. Done before it starts, all of Ansible's memory would have to be set up for it, which takes longer than it.
END_WITH_PARENT = "MRP_END_WITH_PARENT"
# The shell's exit code for a file that cannot be executed.
NOT_EXECUTABLE = 126


class Trouble(Exception):
    """Why a task cannot run, in a sentence for its result."""


class ActionModule(NormalAction):
    """Ansible's own way to run a module; in place, only its steps that touch the target are others."""

    _in_place = False
    _machine = None
    _arguments = b""

    def run(self, tmp=None, task_vars=None):
        del tmp  # It has no effect any more.
        files = ControllerFiles(self._task, self._loader, self._find_needle)
        try:
            self._machine = self._machine_type(task_vars or {})
            self._in_place = self._can_run_in_place()
            self._module_args = files.arguments() if self._is_local() else dict(self._task.args)
            result = super().run(task_vars=task_vars)
            self._raise_if_not_started(result)
        except (Trouble, AnsibleError) as error:
            return {"failed": True, "changed": False, "msg": to_text(error)}
        finally:
            files.clean_up()
        return files.named_as_written(result)

    def _execute_module(self, module_name=None, module_args=None, **kwargs):
        module_name = module_name or f"{COLLECTION}.mrp_{self._machine}"
        return super()._execute_module(module_name, module_args or self._module_args, **kwargs)

    def _update_module_args(self, module_name, *args, **kwargs):
        # Messages have the module's name, not the one that a machine type's program is found by.
        super()._update_module_args(self._task.action, *args, **kwargs)

    def _is_local(self):
        return self._connection.transport == "local"

    def _can_run_in_place(self):
        """On the controller, as its user, and not in the background: a job there outlives this process."""
        if not self._is_local() or self._connection.become or self._task.async_val:
            return False
        program = program_path(self._machine)
        if os.access(program, os.X_OK):
            return True
        display.warning(
            f"{program} cannot be executed where it lies, so every task copies it: make it executable with "
            "`chmod +x`, and install the collection on a file system that is not mounted noexec."
        )
        return False

    def _machine_type(self, task_vars):
        """The machine type of the target, which must have a program."""
        programs = machine_types()
        system, machine = self._uname(task_vars, programs)
        if system != "Linux":
            raise Trouble(f"The modules of {COLLECTION} run on Linux, and this target runs {system}.")
        if machine not in programs:
            raise Trouble(missing_program(machine, programs))
        return machine

    def _uname(self, task_vars, programs):
        if self._is_local():
            return os.uname().sysname, os.uname().machine
        facts = {} if self._task.delegate_to else task_vars.get("ansible_facts") or {}
        if facts.get("system") and facts.get("architecture"):
            return facts["system"], facts["architecture"]
        if len(programs) == 1:
            # It saves a round trip for every task. Where it cannot be executed, the target is asked after all.
            return "Linux", programs[0]
        return self._ask_target()

    def _ask_target(self):
        answer = super()._low_level_execute_command("uname -sm", sudoable=False)
        words = answer["stdout"].split()
        if answer["rc"] != 0 or len(words) < 2:
            raise Trouble(f"The target does not say what machine it is; `uname -sm` ended with {answer['rc']}.")
        return words[-2], words[-1]

    def _raise_if_not_started(self, result):
        """Ansible itself only says that there was no JSON."""
        if result.get("rc") != NOT_EXECUTABLE or "module_stdout" not in result:
            return
        said = to_text(result["module_stdout"]) + to_text(result.get("module_stderr", ""))
        if "Permission denied" in said:
            folder = self.get_shell_option("remote_tmp", default="~/.ansible/tmp")
            raise Trouble(
                f"The target refuses to execute the program in {folder}, which is on a file system mounted noexec: "
                "name another directory in the variable ansible_remote_tmp."
            )
        machine = os.uname().machine if self._is_local() else self._ask_target()[1]
        if machine not in machine_types():
            raise Trouble(missing_program(machine, machine_types()))
        raise Trouble(cannot_execute(machine))

    # The steps of Ansible's way that touch the target.

    def _make_tmp_path(self, *args, **kwargs):
        if not self._in_place:
            return super()._make_tmp_path(*args, **kwargs)
        # Modules are told a directory for files of their own. Ansible removes this one at its end.
        self._connection._shell.tmpdir = C.DEFAULT_LOCAL_TMP
        return C.DEFAULT_LOCAL_TMP

    def _remove_tmp_path(self, *args, **kwargs):
        if not self._in_place:
            return super()._remove_tmp_path(*args, **kwargs)
        self._connection._shell.tmpdir = None

    def _transfer_file(self, local_path, remote_path):
        return remote_path if self._in_place else super()._transfer_file(local_path, remote_path)

    def _transfer_data(self, remote_path, data):
        if not self._in_place:
            return super()._transfer_data(remote_path, data)
        self._arguments = data.encode()
        return remote_path

    def _fixup_perms2(self, remote_paths, *args, **kwargs):
        return remote_paths if self._in_place else super()._fixup_perms2(remote_paths, *args, **kwargs)

    def _low_level_execute_command(self, *args, **kwargs):
        if not self._in_place:
            return super()._low_level_execute_command(*args, **kwargs)
        environment = {}
        self._compute_environment_string(environment)
        module = self._task.action.rpartition(".")[2]
        program = program_path(self._machine)
        display.vvv(f"running {module} in place: {program}")
        try:
            return run_program(program, module, self._arguments, environment, cwd=self._loader.get_basedir())
        except OSError as error:
            raise Trouble(cannot_execute(self._machine)) from error


class ControllerFiles:
    """The files of the controller that a task names: found where Ansible's users put them, and decrypted."""

    def __init__(self, task, loader, find_needle):
        self._task = task
        self._loader = loader
        self._find_needle = find_needle
        # The name of each decrypted file, and the one that the task has for it.
        self._decrypted = {}
        self._folders = []

    def arguments(self):
        """The task's options, with names that the module can open."""
        options = dict(self._task.args)
        module = self._task.action.rpartition(".")[2]
        if module not in FILE_MODULES:
            return options
        items = options.get(FILE_MODULES[module])
        if isinstance(items, list):
            options[FILE_MODULES[module]] = [self._resolved(item) if isinstance(item, dict) else item for item in items]
        return self._resolved(options)

    def _resolved(self, options):
        files = {name: self._readable(options[name]) for name in FILE_OPTIONS if isinstance(options.get(name), str)}
        return {**options, **files}

    def _readable(self, written):
        path = os.path.expandvars(os.path.expanduser(written))
        if path and not os.path.isabs(path):
            try:
                path = os.path.normpath(self._find_needle("files", path))
            except AnsibleError:
                # The module says what is wrong with it.
                return written
        if not is_vault(path):
            return path
        if self._task.async_val:
            # The job would look for the decrypted file when it is gone; the module says what to do instead.
            return path
        return self._decrypted_file(path, written)

    def _decrypted_file(self, path, written):
        """A link to the decrypted file under the name of the encrypted one, which becomes an image's name."""
        folder = tempfile.mkdtemp(dir=C.DEFAULT_LOCAL_TMP)
        self._folders.append(folder)
        link = os.path.join(folder, os.path.basename(path))
        real = self._loader.get_real_file(path)
        os.symlink(real, link)
        self._decrypted[link] = written
        self._decrypted[real] = written
        return link

    def named_as_written(self, result):
        """The result with the names that the task has for its files."""
        if isinstance(result, dict):
            return {key: self.named_as_written(value) for key, value in result.items()} if self._decrypted else result
        if isinstance(result, list):
            return [self.named_as_written(value) for value in result]
        if isinstance(result, str):
            for name, written in self._decrypted.items():
                result = result.replace(name, written)
        return result

    def clean_up(self):
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        for real in self._decrypted:
            self._loader.cleanup_tmp_file(real)


def is_vault(path):
    try:
        with open(path, "rb") as file:
            return os.path.isfile(path) and file.read(len(VAULT_HEADER)) == VAULT_HEADER
    except OSError:
        return False


def run_program(program, module, arguments, environment, cwd):
    """Runs a module as Ansible does, and gives what Ansible's own way gives. It ends with the task, however that ends."""
    # The arguments, with the token, are in no file system.
    with os.fdopen(os.memfd_create("args"), "wb") as file:
        file.write(arguments)
        file.flush()
        with subprocess.Popen(
            [f"AnsiballZ_{module}", f"/proc/self/fd/{file.fileno()}"],
            executable=program,
            env={
                **os.environ,
                **{name: to_text(value) for name, value in environment.items()},
                END_WITH_PARENT: str(os.getpid()),
            },
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[file.fileno()],
        ) as process:
            try:
                stdout, stderr = process.communicate()
            except BaseException:
                # The task's timeout and Ctrl-C are raised here.
                end(process)
                raise
    stdout = to_text(stdout, errors="surrogate_then_replace")
    stderr = to_text(stderr, errors="surrogate_then_replace")
    return {
        "rc": process.returncode,
        "stdout": stdout,
        "stdout_lines": stdout.splitlines(),
        "stderr": stderr,
        "stderr_lines": stderr.splitlines(),
    }


def end(process):
    process.terminate()
    try:
        process.communicate(timeout=SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
