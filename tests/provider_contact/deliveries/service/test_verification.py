"""The functions of docs/integration/webhooks.md, which the providers' page refers to, accept what is sent to a provider's system."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.intake.channels.partner.service.test_verification import by_node, by_python


@pytest.fixture
def receiver():
    """A receiver that records what it gets: (headers, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.got = []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("verify", [by_python, by_node])
async def test_the_printed_functions_accept_a_notice_and_refuse_a_changed_one(exchange, receiver, tmp_path, verify):
    made = await exchange.call("PUT", json={"url": f"http://127.0.0.1:{receiver.server_port}/hook"})
    secret = made.json()["secret"]
    inquiry_id = await exchange.ask()
    await exchange.steps()
    assert await exchange.webhooks() == 1
    [(headers, body)] = receiver.got
    now = exchange.world.clock.now().timestamp()
    assert verify(tmp_path, secret, headers, body, now)["data"]["inquiry_id"] == str(inquiry_id)
    assert json.loads(body)["type"] == "inquiry-sent"
    for changed in ({"body": body.replace(b"inquiry-sent", b"inquiry-lost")}, {"secret": "whsec_" + "A" * 44}):
        given = {"secret": secret, "body": body} | changed
        with pytest.raises(ValueError, match="webhook"):
            verify(tmp_path, given["secret"], headers, given["body"], now)
