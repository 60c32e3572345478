"""Somebody's receiver of webhooks: a real HTTP server, down until it is told to be up."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


class Receiver:
    def __init__(self, *, up: bool = True) -> None:
        self.up = up
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.tries = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.tries += 1
                if owner.up:
                    owner.got.append((dict(self.headers), body))
                self.send_response(204 if owner.up else 503)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/aryz"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def verified_updates(self, secret: str) -> list[Any]:
        """What came, each signature checked by the reference library."""
        signer = Webhook(secret)
        return [signer.verify(body, headers) for headers, body in list(self.got)]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
