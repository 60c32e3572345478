"""The system of a medical organisation: a program of its own that receives webhooks and fails on request.

It verifies each webhook by the function that docs/integration/providers.md prints, and acts on each `webhook-id` once. Its first line of
output is its port. `PUT /control` sets how it answers, `GET /seen` returns what came.
"""

import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SLOW = "/slow"
PAGE = Path(__file__).parents[1] / "docs" / "integration" / "webhooks.md"


def printed_verify():
    """Return the function of the page."""
    [block] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = {}
    exec(compile(block, str(PAGE), "exec"), found)  # noqa: S102 - our own page
    return found["verify"]


class ProviderSystem(ThreadingHTTPServer):
    """`answers`: statuses to answer with, one a call; the last one is repeated. `delay`: seconds before an answer under SLOW."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.verify = printed_verify()
        self.reset()

    def reset(self, *, secret="", answers=(204,), delay=0.0):
        self.secret, self.answers, self.delay = secret, list(answers), delay
        self.calls, self.effects, self.refused = [], [], 0

    def next_answer(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    server: ProviderSystem

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        system = self.server
        if self.path == SLOW:
            time.sleep(system.delay)
        try:
            message = system.verify(system.secret, headers, body, int(headers["webhook-timestamp"]))
        except ValueError:
            system.refused += 1
            self.reply(401)
            return
        status = system.next_answer()
        message_id = headers["webhook-id"]
        system.calls.append({"id": message_id, "status": status, **message})
        if 200 <= status < 300 and message_id not in {effect["id"] for effect in system.effects}:
            system.effects.append({"id": message_id, **message})
        self.reply(status)

    def do_PUT(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if sent.pop("reset", False):
            self.server.reset()
        for name, value in sent.items():
            setattr(self.server, name, value)
        self.reply(204)

    def do_GET(self):
        system = self.server
        self.reply(200, json.dumps({"calls": system.calls, "effects": system.effects, "refused": system.refused}).encode())

    def reply(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    system = ProviderSystem()
    sys.stdout.write(f"{system.server_port}\n")
    sys.stdout.flush()
    system.serve_forever()
