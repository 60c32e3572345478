import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from intake.notifications import repository
from intake.notifications.models import Notification
from intake.notifications.policy import policy
from intake.notifications.service.dispatch import Dispatcher
from intake.notifications.service.planning import send_code
from shared.leases import Lease
from shared.outgoing.senders import DeliveryPending, MessageRefused, MessageTimedOut
from shared.rows import table_of

NIGHT = datetime(2026, 2, 2, 17, 0, tzinfo=UTC)  # 22:00 in Kyzylorda
MORNING = datetime(2026, 2, 3, 4, 0, tzinfo=UTC)  # 9:00 there


async def code(desk, case, channel="SMS", address="+77010000001", purpose="contact-confirmation"):
    sent = {"channel": channel, "address": address, "code": "483920", "language": "ru", "purpose": purpose}
    async with desk.parts.units.write() as work:
        await send_code(work, appeal_id=case.appeal_id, **sent)


class TestSending:
    async def test_the_first_known_method_of_the_policy_is_used_and_the_text_has_only_number_and_status(
        self, desk, case_of, senders, dispatcher
    ):
        case = await case_of(desk, language="ru")
        await case.answered()
        assert await dispatcher(desk, senders).run_once() == 1
        assert await dispatcher(desk, senders).run_once() == 0
        ((channel, message),) = senders.given
        assert (channel, message.address) == ("SMS", "+77010000000")
        assert message.text == f"№ {case.number}: ответ дан. 1 – решено, 2 – не решено"
        assert len(message.text) <= 70
        (notification,) = await case.notifications()
        assert (notification.state, notification.channel) == ("SENT", "SMS")
        assert (notification.sent_at, notification.provider_ref) == (desk.clock.now(), "ref-1")

    async def test_the_notification_of_an_unreachable_applicant_fails(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk, applicant={"full_name": "Сынақ Азамат"})
        await case.answered()
        await dispatcher(desk, senders).run_once()
        assert [(each.state, each.reason) for each in await case.notifications()] == [("FAILED", "NO_WAY")]

    async def test_a_letter_waits_for_a_person(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk, applicant={"full_name": "Сынақ Азамат", "address": "Қызылорда, Сынақ көшесі 1"})
        await case.answered()
        await dispatcher(desk, senders).run_once()
        assert [(each.state, each.channel) for each in await case.notifications()] == [("BY_HAND", "LETTER")]
        assert senders.given == []

    async def test_a_broken_seal_stops_only_its_own_notification(self, desk, case_of, senders, dispatcher):
        broken, whole = await case_of(desk), await case_of(desk)
        await code(desk, broken)
        await code(desk, whole)
        async with desk.parts.database.write() as session:
            mine = table_of(Notification).c.appeal_id == broken.appeal_id
            await session.execute(update(table_of(Notification)).where(mine).values(address=b"\x01\x00broken"))
        await dispatcher(desk, senders).run_once()
        assert [(each.state, each.reason) for each in await broken.notifications()] == [("FAILED", "UNREADABLE")]
        assert [each.state for each in await whole.notifications()] == ["SENT"]


class TestFailures:
    async def test_an_unavailable_method_is_retried_and_then_the_next_one_is_used(self, desk, case_of, senders, dispatcher, down):
        case = await case_of(desk)
        await case.answered()
        senders.failing["SMS"] = down
        for wait in policy().retries:
            await dispatcher(desk, senders).run_once()
            (notification,) = await case.notifications()
            assert (notification.state, notification.reason, notification.due_at) == ("PLANNED", "NO_REPLY", desk.clock.now() + wait)
            assert await dispatcher(desk, senders).run_once() == 0
            desk.clock.advance(wait)
        await dispatcher(desk, senders).run_once()
        await dispatcher(desk, senders).run_once()
        assert len(senders.by("SMS")) == len(policy().retries) + 1
        assert len({message.notification_id for message in senders.by("SMS")}) == 1
        assert [(each.channel, each.state, each.reason) for each in await case.notifications()] == [
            ("SMS", "FAILED", "NO_REPLY"),
            ("EMAIL", "SENT", None),
        ]

    async def test_an_address_that_is_refused_is_not_tried_again(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        await case.answered()
        senders.failing |= {"SMS": MessageRefused(), "EMAIL": MessageRefused()}
        for _ in range(3):
            await dispatcher(desk, senders).run_once()
        states = [(each.channel, each.state, each.reason) for each in await case.notifications()]
        assert sorted(states) == [("EMAIL", "FAILED", "REFUSED"), ("SMS", "FAILED", "REFUSED")]
        assert len(senders.given) == 2

    async def test_an_unavailable_method_delays_no_other_and_is_detected_once_a_batch(self, desk, case_of, senders, dispatcher, down):
        by_sms = [await case_of(desk) for _ in range(12)]
        by_mail = [await case_of(desk, answer_by="EMAIL") for _ in range(3)]
        for case in (*by_sms, *by_mail):
            await case.inquired()
        senders.failing["SMS"] = down
        await dispatcher(desk, senders).run_once()
        assert len(senders.by("EMAIL")) == 3
        assert len(senders.by("SMS")) <= 4
        for case in by_sms:
            assert [each.reason for each in await case.notifications()] == ["NO_REPLY"]

    async def test_a_pending_delivery_is_retried_and_delays_no_other(self, desk, case_of, senders, dispatcher):
        cases = [await case_of(desk) for _ in range(12)]
        for case in cases:
            await case.inquired()
        senders.failing["SMS"] = DeliveryPending()
        await dispatcher(desk, senders).run_once()
        assert len(senders.by("SMS")) == 12
        senders.failing.clear()
        desk.clock.advance(policy().retries[0])
        await dispatcher(desk, senders).run_once()
        assert {each.state for case in cases for each in await case.notifications()} == {"SENT"}

    async def test_an_unforeseen_error_of_a_sender_is_a_failed_attempt(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        await case.answered()
        senders.failing["SMS"] = KeyError("synaq@mail.example")
        await dispatcher(desk, senders).run_once()
        assert [(each.state, each.reason) for each in await case.notifications()] == [("PLANNED", "NOT_NOW")]

    async def test_a_message_at_which_a_sender_fails_delays_no_other(self, desk, case_of, senders, dispatcher):
        cases = [await case_of(desk) for _ in range(12)]
        for case in cases:
            await case.inquired()
        poison, working = cases[0].number, senders.senders["SMS"]

        class Falls:
            async def send(self, message):
                if poison in message.text:
                    raise KeyError
                return await working.send(message)

        senders.senders["SMS"] = Falls()
        await dispatcher(desk, senders).run_once()
        assert len(senders.by("SMS")) == 11

    async def test_a_server_that_times_out_for_several_messages_is_not_tried_with_each(self, desk, case_of, senders, dispatcher):
        cases = [await case_of(desk) for _ in range(20)]
        for case in cases:
            await case.inquired()
        senders.failing["SMS"] = MessageTimedOut()
        await dispatcher(desk, senders).run_once()
        assert len(senders.by("SMS")) <= 2 + 4
        assert {each.state for case in cases for each in await case.notifications()} == {"PLANNED"}


class TestWorkers:
    async def test_a_notification_claimed_by_a_lost_worker_is_sent_again_under_the_same_id(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        await case.answered()
        sent, lost = asyncio.Event(), senders.senders["SMS"]

        class Lost:
            async def send(self, message):
                await lost.send(message)
                sent.set()
                await asyncio.Event().wait()

        senders.senders["SMS"] = Lost()
        worker = asyncio.create_task(dispatcher(desk, senders).run_once())
        await sent.wait()
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker
        senders.senders["SMS"] = lost
        assert await dispatcher(desk, senders).run_once() == 0
        desk.clock.advance(policy().lease)
        assert await dispatcher(desk, senders).run_once() == 1
        first, again = senders.by("SMS")
        assert first.notification_id == again.notification_id
        assert [each.state for each in await case.notifications()] == ["SENT"]

    async def test_two_workers_share_the_work_and_repeat_nothing(self, desk, case_of, senders, dispatcher):
        cases = [await case_of(desk) for _ in range(20)]
        for case in cases:
            await case.answered()
        workers = [dispatcher(desk, senders) for _ in range(2)]
        await asyncio.gather(*(worker.run_once() for worker in workers))
        await workers[0].run_once()
        assert len(senders.given) == 20
        assert len({message.notification_id for _, message in senders.given}) == 20

    async def test_a_notification_claimed_for_too_long_is_left_to_the_next_claim(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        await case.answered()
        await case.inquired()
        slow = senders.senders["SMS"]

        class Slow:
            async def send(self, message):
                desk.clock.advance(policy().lease)
                return await slow.send(message)

        senders.senders["SMS"] = Slow()
        await dispatcher(desk, senders).run_once()
        assert len(senders.given) == 1
        await dispatcher(desk, senders).run_once()
        assert len({message.notification_id for _, message in senders.given}) == len(senders.given) == 2

    @pytest.mark.parametrize("error", [None, MessageRefused(), DeliveryPending()])
    async def test_a_worker_records_nothing_once_another_has_claimed_the_notification(self, desk, case_of, senders, dispatcher, error):
        case = await case_of(desk)
        await case.answered()
        sms = senders.senders["SMS"]

        class Suspended:
            async def send(self, message):
                desk.clock.advance(policy().lease)
                lease = Lease(desk.parts.ids.new(), desk.clock.now() + policy().lease)
                async with desk.parts.units.write() as work:
                    assert await repository.claim_due(work.session, lease, desk.clock.now(), 1)
                if error is not None:
                    raise error
                return await sms.send(message)

        senders.senders["SMS"] = Suspended()
        await dispatcher(desk, senders).run_once()
        [notification] = await case.notifications()
        assert (notification.state, notification.reason, notification.sent_at) == ("PLANNED", None, None)
        assert notification.leased_until == desk.clock.now() + policy().lease
        assert await dispatcher(desk, senders).run_once() == 0
        senders.senders["SMS"] = sms
        desk.clock.advance(policy().lease)
        assert await dispatcher(desk, senders).run_once() == 1
        [notification] = await case.notifications()
        assert (notification.state, notification.leased_by, notification.leased_until) == ("SENT", None, None)


class TestHours:
    async def test_only_codes_are_sent_at_night(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        desk.clock.set(NIGHT)
        await case.answered()
        await code(desk, case)
        await dispatcher(desk, senders).run_once()
        assert [message.address for _, message in senders.given] == ["+77010000001"]
        desk.clock.set(MORNING - timedelta(seconds=1))
        await dispatcher(desk, senders).run_once()
        assert len(senders.given) == 1
        desk.clock.set(MORNING)
        await dispatcher(desk, senders).run_once()
        assert len(senders.given) == 2
        assert sorted(each.attempts for each in await case.notifications()) == [1, 1]

    async def test_the_hours_are_those_of_the_appeals_region(self, desk, case_of, senders, dispatcher):
        everywhere = [await case_of(desk, region=region) for region in ("KZ-43", "KZ-75", "KZ-00")]
        desk.clock.set(datetime(2026, 2, 2, 15, 59, tzinfo=UTC))
        for case in everywhere:
            await case.answered()
        await dispatcher(desk, senders).run_once()
        assert len(senders.given) == 3
        desk.clock.set(datetime(2026, 2, 2, 16, 0, tzinfo=UTC))
        late = await case_of(desk)
        await late.answered()
        await dispatcher(desk, senders).run_once()
        assert len(senders.given) == 3

    async def test_without_quiet_hours_a_notification_is_sent_at_night(self, desk, case_of, senders):
        case = await case_of(desk)
        desk.clock.set(NIGHT)
        await case.answered()
        await Dispatcher(desk.parts, senders.senders, "https://aryz.example", quiet_hours=False).run_once()
        assert len(senders.given) == 1


class TestLimit:
    async def test_a_combined_notification_uses_no_method_that_has_failed_for_it(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        for _ in range(policy().limit):
            await case.inquired()
        await dispatcher(desk, senders).run_once()
        senders.failing["SMS"] = MessageRefused()
        desk.clock.advance(policy().window)
        await case.answered()
        await dispatcher(desk, senders).run_once()  # refused: planned as a mail
        senders.failing.clear()
        for _ in range(policy().limit):
            await case.inquired()
        async with desk.parts.database.write() as session:
            later = table_of(Notification).c.channel == "EMAIL"
            await session.execute(update(table_of(Notification)).where(later).values(due_at=desk.clock.now() + timedelta(minutes=1)))
        await dispatcher(desk, senders).run_once()
        desk.clock.advance(timedelta(minutes=1))
        await dispatcher(desk, senders).run_once()
        assert [each.fact for each in await case.notifications() if each.state == "PLANNED"] == ["news"]
        desk.clock.advance(policy().window)
        senders.given.clear()
        await dispatcher(desk, senders).run_once()
        assert [channel for channel, _ in senders.given] == ["EMAIL"]
        assert {each.state for each in await case.notifications()} == {"SENT", "FAILED"}

    async def test_notifications_beyond_the_limit_of_an_hour_become_one_later(self, desk, case_of, senders, dispatcher):
        case, other = await case_of(desk, language="en"), await case_of(desk)
        for _ in range(6):
            await case.inquired()
            await dispatcher(desk, senders).run_once()
            desk.clock.advance(timedelta(minutes=1))
        await other.inquired()
        await dispatcher(desk, senders).run_once()
        assert len(senders.given) == 4
        states = [(each.state, each.fact) for each in await case.notifications()]
        assert states == [("SENT", "inquiry-sent")] * 3 + [("PLANNED", "news"), *[("FOLDED", "inquiry-sent")] * 2]
        desk.clock.advance(timedelta(minutes=54))
        await dispatcher(desk, senders).run_once()
        assert len(senders.given) == 5
        assert senders.given[-1][1].text == f"No. {case.number}: there is news. Call 1414"

    async def test_a_code_is_sent_beyond_the_limit(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        for _ in range(3):
            await case.inquired()
            await dispatcher(desk, senders).run_once()
        await code(desk, case)
        await dispatcher(desk, senders).run_once()
        assert senders.given[-1][1].text == "Код подтверждения контакта: 483920. Никому его не сообщайте"


class TestCodes:
    async def test_a_code_is_sent_to_its_own_address_and_deleted_then(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        await code(desk, case, "EMAIL", "basqa@mail.example")
        await dispatcher(desk, senders).run_once()
        ((channel, message),) = senders.given
        assert (channel, message.address) == ("EMAIL", "basqa@mail.example")
        assert "483920" in message.text
        assert "483920" not in message.subject
        (notification,) = await case.notifications()
        assert notification.secret is None

    async def test_a_withdrawal_code_says_what_it_is_for(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        await code(desk, case, purpose="withdrawal")
        await code(desk, case, "EMAIL", "basqa@mail.example", "withdrawal")
        await dispatcher(desk, senders).run_once()
        by_method = dict(senders.given)
        assert by_method["SMS"].text == "Код ОТЗЫВА обращения: 483920. Не вы? Не сообщайте его, звоните 1414"
        assert by_method["EMAIL"].address == "basqa@mail.example"
        assert "Если вы не просили его отозвать" in by_method["EMAIL"].text
        assert case.number not in by_method["EMAIL"].text
        assert [each.secret for each in await case.notifications()] == [None, None]

    async def test_a_code_is_not_retried_after_it_has_expired(self, desk, case_of, senders, dispatcher, down):
        case = await case_of(desk)
        await code(desk, case)
        senders.failing["SMS"] = down
        await dispatcher(desk, senders).run_once()
        desk.clock.advance(policy().code_life)
        await dispatcher(desk, senders).run_once()
        assert [(each.state, each.reason, each.secret) for each in await case.notifications()] == [("FAILED", "NO_REPLY", None)]

    async def test_a_refused_code_is_sent_by_no_other_method(self, desk, case_of, senders, dispatcher):
        case = await case_of(desk)
        await code(desk, case)
        senders.failing["SMS"] = MessageRefused()
        await dispatcher(desk, senders).run_once()
        assert [(each.state, each.secret) for each in await case.notifications()] == [("FAILED", None)]
