"""A provider's own system as a program of its own, a mail server, and the notices of a provider's inquiries."""

import asyncio
import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from uuid import UUID, uuid4

import pytest

from provider_contact.deliveries import jobs, repository
from provider_contact.deliveries.models import Delivery
from provider_contact.deliveries.service.mail_sending import MailDispatcher
from provider_contact.deliveries.service.planning import RoutedNotices
from provider_contact.deliveries.service.webhook_sending import ProviderWebhookSender
from provider_contact.directory.codes import ContactRole
from provider_contact.directory.models import Contact
from provider_contact.directory.schemas import ContactContent
from provider_contact.inquiries.codes import NoticeKind
from provider_contact.inquiries.service import Notice
from shared.outgoing.mail import MailSender
from tests.provider_contact.conftest import PROVIDER, sent_inquiry
from tests.provider_system import running_provider_system

PUBLIC_URL = "https://aryz.example"
SUPPORT, HEAD = "qoldau@emhana.example", "bas@emhana.example"


@pytest.fixture(scope="module")
def running_system():
    with running_provider_system() as system:
        yield system


@pytest.fixture
def system(running_system):
    running_system.set(reset=True)
    return running_system


class Exchange:
    """The notices of inquiries to one provider, and the worker's jobs run by the test."""

    def __init__(self, world, provider_id=PROVIDER):
        self.world, self.provider_id = world, provider_id

    @property
    def headers(self):
        return self.world.token("provider", provider_id=self.provider_id, subject=f"system {self.provider_id}")

    async def call(self, method, path="", **given):
        return await self.world.client.request(method, f"/provider-contact/v1/webhook{path}", headers=self.headers, **given)

    async def connect(self, system):
        """Set the webhook of a system; return its secret."""
        answer = await self.call("PUT", json={"url": system.hook})
        assert answer.status_code == 200, answer.text
        system.set(secret=answer.json()["secret"])
        return answer.json()["secret"]

    async def add_contact(self, role, email=None, phone=None, languages=("kk", "ru"), body=None):
        contact_id = uuid4()
        content = ContactContent(email=email, phone=phone).model_dump_json().encode()
        async with self.world.parts.units.write() as work:
            work.session.add(
                Contact(
                    contact_id=contact_id,
                    provider_id=None if body else self.provider_id,
                    body=body,
                    region="KZ-43" if body else None,
                    role=ContactRole(role),
                    contact_key=work.pepper.keyed_hmac("contact", contact_id.bytes),
                    content=work.sealer.seal("contact", contact_id, "content", content),
                    languages=list(languages),
                    valid_from=work.clock.now().date(),
                    valid_to=None,
                    version=1,
                    recorded_at=work.clock.now(),
                )
            )

    async def ask(self, number=1, **changed):
        """Send an inquiry; return its id."""
        return await sent_inquiry(self.world, number, provider_id=self.provider_id, **changed)

    async def notify(self, inquiry_id, *kinds, body=None):
        """Plan further notices of an inquiry."""
        async with self.world.parts.units.write() as work:
            inquiry = (await repository.notified_inquiries(work.session, [inquiry_id]))[inquiry_id]
            for kind in kinds:
                self.world.clock.advance(timedelta(milliseconds=1))
                notice = Notice(uuid4(), inquiry_id, inquiry.appeal_id, self.provider_id, NoticeKind(kind), 1, inquiry.due_at, body)
                await RoutedNotices().plan(work, [notice])

    async def steps(self):
        while await jobs.begin_steps(self.world.parts):
            pass

    async def webhooks(self):
        """Send every webhook that is due now, once; return the number of attempts."""
        parts, sender = self.world.parts, ProviderWebhookSender(self.world.parts)
        due = await repository.providers_with_due_webhooks(parts.database, parts.clock.now())
        async with sender.client() as client:
            return sum(await asyncio.gather(*(sender.serve(client, provider_id) for provider_id in due)))

    async def mails(self, server):
        """Send every mail that is due now."""
        sender = MailSender("127.0.0.1", server.port, "none", None, None, "noreply@aryz.example")
        while await MailDispatcher(self.world.parts, sender, PUBLIC_URL).run_once():
            pass

    async def run(self, server):
        """Run every job until nothing is due."""
        await self.steps()
        await self.webhooks()
        await self.mails(server)
        await self.steps()

    async def deliveries(self, inquiry_id):
        """The deliveries of an inquiry by other methods than the portal: notice, method, state, attempts and last error."""
        rows = [row for row in await self.world.rows(Delivery) if row.inquiry_id == inquiry_id and row.route_id is not None]
        rows.sort(key=lambda row: (row.planned_at, row.step))
        return [(row.notice, row.channel, row.state, row.attempts, row.last_error) for row in rows]


def read(envelope):
    return message_from_bytes(envelope.content, policy=default)


def link_in(envelope):
    """The path of the one-time link in a mail."""
    return re.findall(rf"{re.escape(PUBLIC_URL)}(/provider-contact/v1/replies/\S+)", read(envelope).get_content())[0]


@pytest.fixture
async def exchange(world):
    made = Exchange(world)
    await made.add_contact("PATIENT_SUPPORT", email=SUPPORT, phone="+77010000001")
    await made.add_contact("HEAD_PHYSICIAN", email=HEAD, phone="+77010000002")
    return made


@pytest.fixture
def other_exchange(world):
    return Exchange(world, UUID(int=502))
