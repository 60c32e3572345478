"""Fixtures of notifications: the facts of a case, fake senders, a mail server, and a double of an SMS gateway."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import pytest
from aiosmtpd.smtp import SMTP

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


class MailServer:
    """A real SMTP server in this process.

    `refusal` is what it says to every recipient, `refusals` to one whose address begins so (None: it hangs up), `on_data` and `on_mail` to
    any message.
    """

    def __init__(self):
        self.mails = []
        self.offered = []
        self.refusal = None
        self.refusals = {}
        self.on_data = {}
        self.on_mail = None
        self.port = 0

    async def handle_MAIL(self, _server, _session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.on_mail:
            return self.on_mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's name
        self.offered.append(address)
        refusal = next((reply for begins, reply in self.refusals.items() if address.startswith(begins)), self.refusal or "250 OK")
        if refusal is None:
            server.transport.close()
            return "250 OK"
        if refusal.startswith("250"):
            envelope.rcpt_tos.append(address)
        return refusal

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        refusal = next((reply for begins, reply in self.on_data.items() if envelope.rcpt_tos[0].startswith(begins)), None)
        if refusal is None:
            self.mails.append(envelope)
        return refusal or "250 taken"

    @asynccontextmanager
    async def serving(self):
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="mail.example"), "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


@pytest.fixture
def mail_server():
    return MailServer()


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
