"""The system of a medical organisation: a program of its own that receives webhooks and fails on request.

It verifies each webhook by the function that docs/integration/providers.md prints, and acts on each `webhook-id` once. Its first line of
output is its port. `PUT /control` sets how it answers, `PUT /act` makes it act on an inquiry by the API, `GET /seen` returns what came.
"""

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import httpx

from tests.patience import PATIENCE

SLOW, ACT = "/slow", "/act"
PAGE = Path(__file__).parents[1] / "docs" / "integration" / "webhooks.md"


def printed_verify():
    """Return the function of the page."""
    [block] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = {}
    exec(compile(block, str(PAGE), "exec"), found)  # noqa: S102 - our own page
    return found["verify"]


def carry_out(sent):
    """Read an inquiry at its URL, and carry out an action on the version that was read."""
    with httpx.Client(headers={"Authorization": f"Bearer {sent['token']}"}, timeout=PATIENCE, trust_env=False) as http:
        version = http.get(sent["url"]).raise_for_status().json()["version"]
        fields = {"expected_version": version, **sent["fields"]}
        return http.post(f"{sent['url']}/actions/{sent['action']}", json=fields, headers={"Idempotency-Key": str(uuid4())})


class ProviderServer(ThreadingHTTPServer):
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
    server: ProviderServer

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
        if self.path == ACT:
            answer = carry_out(sent)
            self.reply(answer.status_code, answer.content)
            return
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


class ProviderSystem:
    """The test's side of the program."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"
        self.hook = f"{self.url}/hook"

    def set(self, **behaviour):
        httpx.put(f"{self.url}/control", json=behaviour, timeout=PATIENCE, trust_env=False).raise_for_status()

    def seen(self):
        return httpx.get(f"{self.url}/seen", timeout=PATIENCE, trust_env=False).json()

    def carry_out(self, url, token, action, **fields):
        """Let the system carry out an action on an inquiry. Return the inquiry."""
        sent = {"url": url, "token": token, "action": action, "fields": fields}
        answer = httpx.put(f"{self.url}{ACT}", json=sent, timeout=PATIENCE, trust_env=False)
        assert answer.is_success, answer.text
        return answer.json()

    @property
    def effects(self):
        """The types of the messages that the system acted on, in their order."""
        return [effect["type"] for effect in self.seen()["effects"]]


@contextmanager
def running_provider_system():
    """Start the program, and end it afterwards."""
    with subprocess.Popen([sys.executable, "-m", "tests.provider_system"], stdout=subprocess.PIPE, text=True) as program:
        yield ProviderSystem(int(program.stdout.readline()))
        program.terminate()
        program.wait(PATIENCE)


if __name__ == "__main__":
    system = ProviderServer()
    sys.stdout.write(f"{system.server_port}\n")
    sys.stdout.flush()
    system.serve_forever()
