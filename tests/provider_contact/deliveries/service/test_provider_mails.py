"""Mails about no inquiry: that a webhook is disabled, to whoever answers for the system."""

import asyncio
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

from provider_contact.deliveries.models import ProviderMail
from provider_contact.deliveries.policy import delivery_policy
from provider_contact.deliveries.service.provider_mails import ProviderMailDispatcher
from shared.outgoing.mail import MailSender
from tests.provider_contact.deliveries.conftest import PUBLIC_URL

SYSTEM = "zhuie@emhana.example"
HOUR = timedelta(hours=1)


async def send_mails(world, server):
    """Send every mail that is due now; return the subjects and the addresses."""
    async with server.serving():
        sender = MailSender("127.0.0.1", server.port, "none", None, None, "noreply@aryz.example")
        while await ProviderMailDispatcher(world.parts, sender, PUBLIC_URL).run_once():
            pass
    return [message_from_bytes(mail.content, policy=default) for mail in server.mails]


async def disabled(exchange, system, status=410):
    """Let the webhook be disabled by the answers of the system."""
    await exchange.connect(system)
    system.set(answers=[status])
    await exchange.ask(1)
    await exchange.steps()
    for _ in range(1 if status == 410 else len(delivery_policy().webhooks.retries_seconds) + 1):
        await exchange.webhooks()
        exchange.world.clock.advance(24 * HOUR)


async def test_the_contact_of_the_system_learns_why_it_was_disabled_in_its_language(exchange, system, mail_server):
    await exchange.add_contact("IT_SYSTEM", email=SYSTEM, languages=("ru",))
    await disabled(exchange, system)
    [mail] = await send_mails(exchange.world, mail_server)
    text = mail.get_content()
    assert mail["To"] == SYSTEM
    assert "Причина: система сообщила, что этого адреса больше нет (HTTP 410)." in text
    assert "POST /provider-contact/v1/webhook/replay" in text
    assert "жіберілмейді" not in text


async def test_a_webhook_that_failed_to_the_last_attempt_is_reported_once_for_all_its_notices(exchange, system, mail_server):
    await exchange.add_contact("IT_SYSTEM", email=SYSTEM)
    await exchange.connect(system)
    system.set(answers=[500])
    for number in (1, 2, 3):
        await exchange.ask(number)
    await exchange.steps()
    for _ in range(len(delivery_policy().webhooks.retries_seconds) + 2):
        await exchange.webhooks()
        exchange.world.clock.advance(24 * HOUR)
    [mail] = await send_mails(exchange.world, mail_server)
    assert "система не приняла сообщение ни с одной попытки" in mail.get_content()
    assert "соңғы әрекетке дейін жүйе хабарламаны қабылдамады" in mail.get_content()


async def test_it_is_reported_again_when_it_was_active_meanwhile(exchange, system, mail_server):
    await exchange.add_contact("IT_SYSTEM", email=SYSTEM)
    await disabled(exchange, system)
    await exchange.call("POST", "/replay", json={"days": 3})
    await exchange.webhooks()
    assert len(await send_mails(exchange.world, mail_server)) == 2


async def test_without_a_contact_there_is_no_mail(exchange, system):
    await disabled(exchange, system)
    assert await exchange.world.rows(ProviderMail) == []


async def test_a_refused_mailbox_ends_the_mail_and_a_busy_one_gets_it_later(exchange, system, mail_server):
    await exchange.add_contact("IT_SYSTEM", email=SYSTEM)
    await disabled(exchange, system)
    mail_server.refusal = "450 busy"
    assert await send_mails(exchange.world, mail_server) == []
    [row] = await exchange.world.rows(ProviderMail)
    assert (row.state, row.attempts, row.last_error, row.content is None) == ("WAITING", 1, "deferred", False)
    exchange.world.clock.advance(HOUR)
    mail_server.refusal = "550 unknown"
    assert await send_mails(exchange.world, mail_server) == []
    [row] = await exchange.world.rows(ProviderMail)
    assert (row.state, row.attempts, row.last_error, row.content) == ("FAILED", 2, "refused-mailbox", None)


async def test_two_workers_send_one_mail(exchange, system, mail_server):
    await exchange.add_contact("IT_SYSTEM", email=SYSTEM)
    await disabled(exchange, system)
    async with mail_server.serving():
        sender = MailSender("127.0.0.1", mail_server.port, "none", None, None, "noreply@aryz.example")
        workers = [ProviderMailDispatcher(exchange.world.parts, sender, PUBLIC_URL) for _ in range(2)]
        assert sorted(await asyncio.gather(*(worker.run_once() for worker in workers))) == [0, 1]
    assert len(mail_server.mails) == 1


async def test_the_address_is_in_no_event_and_not_stored_in_the_open(exchange, system):
    await exchange.add_contact("IT_SYSTEM", email=SYSTEM)
    await disabled(exchange, system)
    assert SYSTEM not in await exchange.world.every_column()
