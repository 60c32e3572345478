"""Fixtures of notifications: the facts of a case, fake senders, and a double of an SMS gateway."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import pytest

from intake.handlers import HANDLERS
from intake.notifications.models import Notification
from intake.notifications.service.dispatch import Dispatcher
from intake.register.repository.recipients import confirm_contact
from shared.contents import OwnerUnavailable
from shared.contracts import AnswerGiven, InquirySent
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received
from shared.outgoing.senders import ServerUnavailable

SECRET = "whsec_" + "c3ludGhldGljLXNlY3JldC1vZi10ZXN0cw=="
ANSWER = {"language": "ru", "text": "Запись на приём открыта с понедельника.", "findings": [], "next_steps": "Придите с удостоверением."}


class Senders:
    """Fake senders that record their messages; `failing` maps a method to the exception that its sender raises."""

    def __init__(self, *channels):
        self.given = []
        self.failing = {}
        self.senders = {channel: _FakeSender(self, channel) for channel in channels or ("SMS", "EMAIL")}

    def by(self, channel):
        return [message for given, message in self.given if given == channel]


class _FakeSender:
    def __init__(self, senders, channel):
        self.senders, self.channel = senders, channel

    async def send(self, message):
        self.senders.given.append((self.channel, message))
        if self.channel in self.senders.failing:
            raise self.senders.failing[self.channel]
        return f"ref-{len(self.senders.given)}"


class AnswerContents:
    """A double of the claim check: returns the answer, or raises OwnerUnavailable."""

    def __init__(self, *, away=False):
        self.away = away
        self.asked = []

    async def read(self, service, ids, *, purpose, on_behalf_of=None):
        self.asked.append((service, purpose, on_behalf_of))
        if self.away:
            raise OwnerUnavailable
        return dict.fromkeys(ids, ANSWER)


class Case:
    """A filed appeal and the events about it."""

    def __init__(self, desk, receipt):
        self.desk = desk
        self.appeal_id, self.number, self.pin = UUID(receipt["appeal_id"]), receipt["number"], receipt["pin"]

    async def apply(self, *batch):
        async with self.desk.parts.units.write() as work:
            await HANDLERS[type(batch[0].event)](work, Batch(batch, {}))

    def received(self, event):
        event_id = uuid4()
        envelope = Envelope(event_id, event.TYPE, self.desk.clock.now(), str(event.subject), event_id, None, None, b"{}")
        return Received(event, envelope, ("", 0, 0))

    def an_answer(self):
        return self.received(
            AnswerGiven(appeal_id=self.appeal_id, answer_id=uuid4(), language="ru", findings=["JUSTIFIED"], actor_role="expert")
        )

    def an_inquiry(self):
        return self.received(
            InquirySent(
                appeal_id=self.appeal_id, inquiry_id=uuid4(), provider_id=uuid4(), category="REFUSAL", due_at=self.desk.clock.now(),
                discloses=False,
            )
        )  # fmt: skip

    async def answered(self):
        await self.apply(self.an_answer())

    async def inquired(self):
        await self.apply(self.an_inquiry())

    async def notifications(self):
        rows = [row for row in await self.desk.rows(Notification) if row.appeal_id == self.appeal_id]
        return sorted(rows, key=lambda row: (row.planned_at, row.id))


@pytest.fixture
def case_of():
    """File a case on a desk with its contacts confirmed by default: `await case_of(desk, answer_by="EMAIL", confirmed=())`."""

    async def file(desk, headers=None, *, confirmed=("phone", "email"), **changes):
        response = await desk.file(headers, **changes)
        assert response.status_code == 201, response.text
        case = Case(desk, response.json())
        async with desk.parts.database.write() as session:
            await confirm_contact(session, case.appeal_id, confirmed, desk.clock.now())
        return case

    return file


@pytest.fixture
def dispatcher():
    def make(desk, senders):
        return Dispatcher(desk.parts, senders.senders, "https://aryz.example")

    return make


class GatewayDouble:
    """A double of a telephone company's gateway, over real HTTP."""

    def __init__(self):
        self.requests = []
        self.status = 202
        self.url = ""

    @contextmanager
    def serving(self):
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                double.requests.append((dict(self.headers.items()), raw))
                answer = json.dumps({"message_id": f"gw-{len(double.requests)}"}).encode()
                self.send_response(double.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_args):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_address[1]}/messages"
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


@pytest.fixture
def gateway():
    double = GatewayDouble()
    with double.serving():
        yield double


@pytest.fixture
def senders():
    return Senders()


@pytest.fixture
def answer_contents():
    return AnswerContents


@pytest.fixture
def down():
    return ServerUnavailable()


@pytest.fixture
def secret():
    return SECRET
