"""Webhooks to a provider's own system, which is a program of its own: each notice has one effect, in order, and none is lost."""

import asyncio
from datetime import timedelta

import pytest

from provider_contact.deliveries.codes import DeliveryMethod
from provider_contact.deliveries.models import Delivery, NoticeRoute, ProviderWebhook
from provider_contact.deliveries.policy import delivery_policy
from provider_contact.deliveries.service.webhook_sending import ProviderWebhookSender
from shared.contracts import InquiryDelivered
from shared.outgoing.webhooks import AttemptError, AttemptResult
from tests.provider_contact.deliveries.conftest import SUPPORT

HOUR = timedelta(hours=1)
LIMITS = delivery_policy().webhooks


async def delivered_by(world):
    return [event.method for event in await world.emitted(InquiryDelivered)]


class TestAWorkingSystem:
    async def test_a_notice_arrives_signed_with_codes_and_ids_alone(self, exchange, system):
        await exchange.connect(system)
        inquiry_id = await exchange.ask(text="Құпия")
        await exchange.steps()
        assert await exchange.webhooks() == 1
        [effect] = system.seen()["effects"]
        assert effect["type"] == "inquiry-sent"
        assert effect["data"]["inquiry_id"] == str(inquiry_id)
        assert effect["data"]["url"] == f"/provider-contact/v1/inquiries/{inquiry_id}"
        assert set(effect["data"]) == {"inquiry_id", "number", "category", "status", "due_at", "overdue", "version", "url"}
        assert await exchange.deliveries(inquiry_id) == [("INQUIRY", "WEBHOOK", "DELIVERED", 1, None)]

    async def test_the_first_delivery_is_published_once_and_later_notices_publish_nothing(self, exchange, system):
        await exchange.connect(system)
        inquiry_id = await exchange.ask()
        await exchange.notify(inquiry_id, "REMINDER", "RETURNED")
        await exchange.steps()
        await exchange.webhooks()
        assert system.effects == ["inquiry-sent", "inquiry-reminded", "inquiry-returned"]
        assert await delivered_by(exchange.world) == ["WEBHOOK"]

    async def test_no_mail_follows_a_delivered_webhook(self, exchange, system, mail_server):
        await exchange.connect(system)
        await exchange.ask()
        async with mail_server.serving():
            await exchange.run(mail_server)
            exchange.world.clock.advance(48 * HOUR)
            await exchange.run(mail_server)
        assert mail_server.offered == []

    async def test_an_overdue_answer_goes_to_the_system_too(self, exchange, system, mail_server):
        await exchange.connect(system)
        inquiry_id = await exchange.ask()
        await exchange.notify(inquiry_id, "OVERDUE")
        async with mail_server.serving():
            await exchange.run(mail_server)
        assert system.effects == ["inquiry-sent", "inquiry-overdue"]
        assert [mail.rcpt_tos for mail in mail_server.mails] == [["bas@emhana.example"]]


class TestAFailingSystem:
    async def test_a_system_that_is_dead_for_two_days_gets_everything_once_and_in_order_and_mail_goes_meanwhile(
        self, exchange, system, mail_server
    ):
        await exchange.connect(system)
        system.set(answers=[503])
        inquiry_id = await exchange.ask()
        async with mail_server.serving():
            for hour in range(48):
                if hour == 20:
                    await exchange.notify(inquiry_id, "REMINDER")
                if hour == 40:
                    await exchange.notify(inquiry_id, "RETURNED")
                await exchange.run(mail_server)
                exchange.world.clock.advance(HOUR)
            assert system.effects == []
            assert [mail.rcpt_tos for mail in mail_server.mails] == [[SUPPORT]] * 3
            system.set(answers=[204])
            for _ in range(4):
                exchange.world.clock.advance(24 * HOUR)
                await exchange.run(mail_server)
        assert system.effects == ["inquiry-sent", "inquiry-reminded", "inquiry-returned"]
        assert len(mail_server.mails) == 3
        assert await delivered_by(exchange.world) == ["EMAIL"]
        log = (await exchange.call("GET", "/deliveries")).json()["items"]
        assert [(entry["type"], entry["state"], entry["last_status"]) for entry in log] == [
            ("inquiry-returned", "DELIVERED", 204),
            ("inquiry-reminded", "DELIVERED", 204),
            ("inquiry-sent", "DELIVERED", 204),
        ]
        calls = system.seen()["calls"]
        assert sum(entry["attempts"] for entry in log) == len(calls)

    async def test_a_flapping_system_has_one_effect_for_each_notice(self, exchange, system):
        await exchange.connect(system)
        system.set(answers=[503, 204, 500, 429, 204, 503, 204])
        inquiry_ids = [await exchange.ask(number) for number in (1, 2, 3)]
        await exchange.steps()
        for _ in range(8):
            await exchange.webhooks()
            exchange.world.clock.advance(24 * HOUR)
        seen = system.seen()
        assert sorted(effect["data"]["inquiry_id"] for effect in seen["effects"]) == sorted(map(str, inquiry_ids))
        assert len({call["id"] for call in seen["calls"]}) == 3
        assert await delivered_by(exchange.world) == ["WEBHOOK"] * 3

    async def test_a_slow_system_delays_no_other(self, exchange, other_exchange, system, monkeypatch):
        monkeypatch.setattr(
            "provider_contact.deliveries.service.webhook_sending.delivery_policy",
            lambda: delivery_policy().model_copy(update={"webhooks": LIMITS.model_copy(update={"timeout_seconds": 0.2})}),
        )
        await exchange.connect(system)
        await exchange.call("PUT", json={"url": f"{system.url}/slow"})
        system.set(delay=0.6)
        await other_exchange.call("PUT", json={"url": f"{system.url}/other"})
        slow, other = await exchange.ask(1), await other_exchange.ask(2)
        await exchange.steps()
        assert await exchange.webhooks() == 2
        assert await exchange.deliveries(slow) == [("INQUIRY", "WEBHOOK", "WAITING", 1, "timeout")]
        assert await exchange.deliveries(other) == [("INQUIRY", "WEBHOOK", "WAITING", 1, "refused")]  # it was answered, though not with 2xx

    async def test_a_message_that_is_sent_twice_has_one_effect(self, exchange, system):
        await exchange.connect(system)
        await exchange.ask()
        await exchange.steps()
        suspended = ProviderWebhookSender(exchange.world.parts)
        webhook, [item] = await suspended._claim(exchange.provider_id)
        async with suspended.client() as client:
            first = await suspended._send(client, webhook, item)  # the process dies before it records the result
        exchange.world.clock.advance(timedelta(seconds=LIMITS.claim_seconds))
        assert await exchange.webhooks() == 1
        await suspended._record(webhook, item, first)
        seen = system.seen()
        assert [call["status"] for call in seen["calls"]] == [204, 204]
        assert len(seen["effects"]) == 1
        assert await delivered_by(exchange.world) == ["WEBHOOK"]
        [row] = [row for row in await exchange.world.rows(Delivery) if row.channel == DeliveryMethod.WEBHOOK]
        assert (row.state, row.attempts) == ("DELIVERED", 1)

    async def test_a_late_failure_of_a_suspended_process_changes_nothing(self, exchange, system):
        await exchange.connect(system)
        await exchange.ask()
        await exchange.steps()
        suspended = ProviderWebhookSender(exchange.world.parts)
        webhook, [item] = await suspended._claim(exchange.provider_id)
        exchange.world.clock.advance(timedelta(seconds=LIMITS.claim_seconds))
        assert await exchange.webhooks() == 1
        await suspended._record(webhook, item, AttemptResult(410, AttemptError.REFUSED))
        assert (await exchange.call("GET")).json()["active"]

    async def test_a_notice_that_arrives_after_the_answer_names_the_present_status(self, exchange, system, mail_server):
        await exchange.connect(system)
        system.set(answers=[503])
        inquiry_id = await exchange.ask()
        await exchange.steps()
        await exchange.webhooks()
        given = {"expected_version": 1, "language": "ru", "code": "EXPLANATION", "text": "Пациент принят."}
        answered = await exchange.world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", exchange.headers, given)
        assert answered.status_code == 200, answered.text
        system.set(answers=[204])
        exchange.world.clock.advance(5 * HOUR)
        async with mail_server.serving():
            await exchange.run(mail_server)
        [effect] = system.seen()["effects"]
        assert effect["data"]["status"] == "RESPONDED"
        assert mail_server.offered == []

    async def test_410_disables_the_webhook_and_mail_goes_at_once(self, exchange, system, mail_server):
        await exchange.connect(system)
        system.set(answers=[410])
        inquiry_id = await exchange.ask()
        async with mail_server.serving():
            await exchange.run(mail_server)
            await exchange.run(mail_server)
        assert (await exchange.call("GET")).json()["disabled_because"] == "GONE"
        assert [mail.rcpt_tos for mail in mail_server.mails] == [[SUPPORT]]
        assert [entry[1:3] for entry in await exchange.deliveries(inquiry_id)] == [("WEBHOOK", "WAITING"), ("EMAIL", "DELIVERED")]

    async def test_a_system_that_fails_until_the_last_attempt_gets_everything_by_a_replay(self, exchange, system):
        await exchange.connect(system)
        system.set(answers=[500])
        inquiry_id = await exchange.ask()
        await exchange.steps()
        for _ in range(len(LIMITS.retries_seconds) + 3):
            await exchange.webhooks()
            exchange.world.clock.advance(25 * HOUR)
        assert len(system.seen()["calls"]) == len(LIMITS.retries_seconds) + 1
        [webhook] = await exchange.world.rows(ProviderWebhook)
        assert webhook.disabled_because == "FAILING"
        system.set(answers=[204])
        replayed = await exchange.call("POST", "/replay", json={"days": 30})
        assert replayed.json() == {"replayed": 1}
        assert await exchange.webhooks() == 1
        assert system.effects == ["inquiry-sent"]
        assert (await exchange.deliveries(inquiry_id))[0][2] == "DELIVERED"

    async def test_a_replay_of_what_has_arrived_publishes_nothing_again(self, exchange, system):
        await exchange.connect(system)
        await exchange.ask()
        await exchange.steps()
        await exchange.webhooks()
        [entry] = (await exchange.call("GET", "/deliveries")).json()["items"]
        assert (await exchange.call("POST", "/replay", json={"ids": [entry["delivery_id"]]})).json() == {"replayed": 1}
        assert await exchange.webhooks() == 1
        assert len(system.seen()["calls"]) == 2
        assert len(system.effects) == 1
        assert await delivered_by(exchange.world) == ["WEBHOOK"]


class TestSteps:
    async def test_each_step_is_begun_once_by_two_workers(self, exchange, system):
        await exchange.connect(system)
        for number in range(1, 6):
            await exchange.ask(number)
        await asyncio.gather(exchange.steps(), exchange.steps())
        assert len([row for row in await exchange.world.rows(Delivery) if row.channel == DeliveryMethod.WEBHOOK]) == 5
        assert {row.step for row in await exchange.world.rows(NoticeRoute)} == {1}

    async def test_a_provider_without_a_system_is_mailed_and_one_without_contacts_is_called(self, exchange, other_exchange):
        with_mail, without = await exchange.ask(1), await other_exchange.ask(2)
        await exchange.steps()
        assert [entry[1:3] for entry in await exchange.deliveries(with_mail)] == [("EMAIL", "WAITING")]
        assert [entry[1:3] for entry in await exchange.deliveries(without)] == [("TELEPHONE", "BY_PERSON")]

    async def test_an_inquiry_costs_two_statements_for_its_notice(self, exchange):
        await exchange.ask()
        written = [
            line for line in exchange.world.statements if line.startswith("INSERT") and ("delivery" in line or "notice_route" in line)
        ]
        assert len(written) == 2

    @pytest.mark.parametrize("body", ["HEALTH_DEPARTMENT"])
    async def test_an_escalation_goes_to_the_body_above_and_is_no_delivery_to_the_provider(self, exchange, mail_server, body):
        await exchange.add_contact("RECEPTION", email="basqarma@dsb.example", body=body)
        inquiry_id = await exchange.ask()
        await exchange.notify(inquiry_id, "ESCALATION", body=body)
        async with mail_server.serving():
            mail_server.refusals = {"qoldau": "550 no"}
            await exchange.run(mail_server)
        assert [mail.rcpt_tos for mail in mail_server.mails] == [["basqarma@dsb.example"]]
        assert b"replies/" not in mail_server.mails[0].content
        assert await delivered_by(exchange.world) == []
