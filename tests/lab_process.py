"""A lab, the simulated server, as a child process."""

import json
import os
import subprocess
import tempfile
import urllib.request

# The lab is on this machine: no proxy.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


# The lab's seeded user who holds most machines.
TOKEN = "alice-token"


def without_proxy(environment):
    """An environment in which programs reach the lab past any proxy."""
    return {**environment, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


class Lab:
    """Runs from the beginning of a `with` block to its end, however that ends."""

    def __init__(self, program, *arguments):
        self.command = [os.path.abspath(program), "--listen", "127.0.0.1:0", *arguments]

    def __enter__(self):
        # Uploads are stored in the lab's temporary directory, which is removed even if the lab is killed.
        self.scratch = tempfile.TemporaryDirectory(prefix="mrp-lab-")
        # A session of its own: Ctrl-C ends the block, and the block ends the lab.
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, "TMPDIR": self.scratch.name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.url = self.process.stdout.readline().strip().rstrip("/")
        if not self.url.startswith("http://127.0.0.1:"):
            self.__exit__()
            raise RuntimeError(f"the lab did not start: its first line is {self.url!r}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.scratch.cleanup()

    def get(self, path, token=""):
        return self._ask(urllib.request.Request(self.url + path, headers={"Authorization": token}))

    def post(self, path, value):
        body = json.dumps(value).encode()
        return self._ask(urllib.request.Request(self.url + path, data=body, method="POST"))

    def lease(self, lease):
        """Reports a lease, as the DHCP server does; the answer is empty."""
        body = json.dumps(lease).encode()
        OPENER.open(urllib.request.Request(self.url + "/dhcp/ipv4/lease", data=body, method="POST"), timeout=30).close()

    @staticmethod
    def _ask(request):
        with OPENER.open(request, timeout=30) as answer:
            return json.load(answer)
