"""An SSH server on the loopback interface, with keys of its own, for the time of a `with` block."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time

# sshd started by root changes into it, and a system that starts sshd itself makes it.
EMPTY_FOLDER = "/run/sshd"


class NoSshServer(Exception):
    """The text says why there is none."""


class SshServer:
    """`host` is a line of an inventory, for the host `target`."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.start(stack)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_error):
        self.stack.close()

    def start(self, stack):
        sshd = shutil.which("sshd", path=f"{os.defpath}:/usr/sbin:/usr/local/sbin")
        if not sshd or not shutil.which("ssh"):
            raise NoSshServer("there is no sshd" if not sshd else "there is no ssh")
        os.mkdir(self.folder, mode=0o700)
        for key in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(self.folder, key)]
            subprocess.run(command, stdin=subprocess.DEVNULL, check=True)
        if os.getuid() == 0 and not os.path.isdir(EMPTY_FOLDER):
            os.mkdir(EMPTY_FOLDER, mode=0o755)
            stack.callback(os.rmdir, EMPTY_FOLDER)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        printed = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8"))
        process = subprocess.Popen(
            [sshd, "-D", "-e", "-f", self.config(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=printed,
            start_new_session=True,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        options = f"-F none -i {self.folder}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes"
        self.host = f"target ansible_host=127.0.0.1 ansible_port={port} ansible_ssh_common_args='{options}'"
        login = ["ssh", *options.split(), "-p", str(port), "127.0.0.1", "true"]
        if not self.can_log_in(login, process):
            printed.seek(0)
            raise NoSshServer("sshd lets nobody in: " + " ".join(printed.read().split())[-200:])

    def config(self, port):
        lines = [
            f"Port {port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder}/host",
            f"AuthorizedKeysFile {self.folder}/user.pub",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "PidFile none",
            "Subsystem sftp internal-sftp",
        ]
        path = os.path.join(self.folder, "config")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return path

    @staticmethod
    def can_log_in(login, process):
        for _ in range(50):
            if subprocess.run(login, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0:
                return True
            if process.poll() is not None:
                return False
            time.sleep(0.1)
        return False
