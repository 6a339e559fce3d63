"""A server that answers one request at a time, each after a while, as the real server does; and another user of it."""

import http.server
import json
import statistics
import threading
import time
import urllib.request

from lab_process import OPENER


class OneAtATime:
    """Answers with what a lab answered. Runs from the beginning of a `with` block to its end."""

    def __init__(self, answers, seconds):
        lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with lock:
                    time.sleep(seconds)
                    body = json.dumps(answers.get(self.path, [])).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class OtherUser:
    """Asks for one thing again and again during a `with` block; `wait` is the median of what that took."""

    def __init__(self, url):
        self.url = url
        self.waits = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        while not self.ended.wait(0.05):
            start = time.monotonic()
            with OPENER.open(urllib.request.Request(self.url), timeout=30) as answer:
                answer.read()
            self.waits.append(time.monotonic() - start)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    @property
    def wait(self):
        return statistics.median(self.waits)
