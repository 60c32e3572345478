"""A partner of the register, and a receiver of webhooks: a real HTTP server that fails on request."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest

from intake.channels.partner import jobs
from intake.channels.partner.repository import subscriptions_with_due_deliveries
from intake.channels.partner.service.sending import WebhookSender
from shared.contracts import AnswerGiven, CaseClosed, TierRaised
from tests.intake.register.test_handlers import apply, routed

PATH = "/intake/v1/subscriptions"


class Receiver:
    """`answers`: statuses to answer with, one per call; the last one is repeated. `got`: (headers, body) of each call."""

    def __init__(self):
        self.answers = [204]
        self.got = []
        self.location = self.cookie = None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(owner.answers.pop(0) if len(owner.answers) > 1 else owner.answers[0])
                if owner.location:
                    self.send_header("Location", owner.location)
                if owner.cookie:
                    self.send_header("Set-Cookie", owner.cookie)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class Partner:
    """The calls of one partner, and events of its appeals."""

    def __init__(self, desk, subject="health-department", role="partner"):
        self.desk = desk
        self.subject, self.role = subject, role

    @property
    def headers(self):
        return self.desk.token(self.role, subject=self.subject)

    async def file(self, **changes):
        answer = await self.desk.file(self.headers, **changes)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def get(self, path, **params):
        return await self.desk.client.get(f"/intake/v1{path}", params=params, headers=self.headers)

    async def post(self, path, **body):
        return await self.desk.client.post(f"/intake/v1{path}", json=body, headers=self.headers)

    async def once(self, key, path, **body):
        headers = {**self.headers, "Idempotency-Key": key}
        return await self.desk.client.post(f"/intake/v1{path}", json=body or None, headers=headers)

    async def subscribe(self, url, **more):
        answer = await self.post("/subscriptions", url=url, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def live(self, filed, *steps):
        """Apply events of an appeal's life, each with its own position in the feed."""
        appeal_id = UUID(filed["appeal_id"])
        made = {
            "routed": lambda: routed(appeal_id),
            "raised": lambda: TierRaised(appeal_id=appeal_id, tier=3, queue="KZ-43/3/kk", reason="QUALITY"),
            "answered": lambda: AnswerGiven(
                appeal_id=appeal_id, answer_id=UUID(int=9), language="kk", findings=["JUSTIFIED"], actor_role="expert"
            ),
            "closed": lambda: CaseClosed(appeal_id=appeal_id, outcome="JUSTIFIED", actor_role="expert"),
        }
        for step in steps:
            await apply(self.desk, made[step]())
        await jobs.assign_positions(self.desk.parts)

    async def deliver(self):
        """Send everything that is due now, once, and return the number of attempts."""
        parts, sender = self.desk.parts, WebhookSender(self.desk.parts)
        due = await subscriptions_with_due_deliveries(parts.database, parts.clock.now())
        async with sender.client() as client:
            return sum(await asyncio.gather(*(sender.serve(client, subscription_id) for subscription_id in due)))


@pytest.fixture
async def trial(start, tmp_path):
    """A service whose webhooks may go to this machine."""
    async with start(tmp_path, webhooks_to_loopback=True) as desk:
        yield desk


@pytest.fixture
def partner(trial):
    return Partner(trial)


@pytest.fixture
def another(trial):
    return lambda subject, role="partner": Partner(trial, subject, role)
