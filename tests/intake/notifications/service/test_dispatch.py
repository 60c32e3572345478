import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from intake.notifications.models import Notice
from intake.notifications.service.dispatch import Dispatcher
from intake.notifications.service.planning import send_code
from intake.notifications.service.policy import policy
from intake.notifications.service.senders import Hung, NotYet, Refused
from shared.database import table_of

NIGHT = datetime(2026, 2, 2, 17, 0, tzinfo=UTC)  # 22:00 in Kyzylorda
MORNING = datetime(2026, 2, 3, 4, 0, tzinfo=UTC)  # 9:00 there


async def code(desk, case, channel="SMS", address="+77010000001", purpose="contact-confirmation"):
    sent = {"channel": channel, "address": address, "code": "483920", "language": "ru", "purpose": purpose}
    async with desk.parts.database.write() as session:
        await send_code(session, desk.parts, appeal_id=case.appeal_id, **sent)


class TestLeaving:
    async def test_the_first_known_way_of_the_policy_is_taken_and_the_number_and_the_status_are_all_it_says(
        self, desk, case_of, ways, dispatcher
    ):
        case = await case_of(desk, language="ru")
        await case.answered()
        assert await dispatcher(desk, ways).run_once() == 1
        assert await dispatcher(desk, ways).run_once() == 0
        ((channel, message),) = ways.given
        assert (channel, message.address) == ("SMS", "+77010000000")
        assert message.text == f"№ {case.number}: ответ дан. 1 – решено, 2 – не решено"
        assert len(message.text) <= 70
        (notice,) = await case.notices()
        assert (notice.state, notice.channel, notice.sent_at, notice.provider_ref) == ("SENT", "SMS", desk.clock.now(), "ref-1")

    async def test_an_applicant_without_a_way_is_seen_to_be_out_of_reach(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk, applicant={"full_name": "Сынақ Азамат"})
        await case.answered()
        await dispatcher(desk, ways).run_once()
        assert [(one.state, one.reason) for one in await case.notices()] == [("FAILED", "NO_WAY")]

    async def test_a_letter_waits_for_a_person(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk, applicant={"full_name": "Сынақ Азамат", "address": "Қызылорда, Сынақ көшесі 1"})
        await case.answered()
        await dispatcher(desk, ways).run_once()
        assert [(one.state, one.channel) for one in await case.notices()] == [("BY_HAND", "LETTER")]
        assert ways.given == []

    async def test_a_broken_seal_stops_its_own_notice_alone(self, desk, case_of, ways, dispatcher):
        broken, whole = await case_of(desk), await case_of(desk)
        await code(desk, broken)
        await code(desk, whole)
        async with desk.parts.database.write() as session:
            mine = table_of(Notice).c.appeal_id == broken.appeal_id
            await session.execute(update(table_of(Notice)).where(mine).values(address=b"\x01\x00broken"))
        await dispatcher(desk, ways).run_once()
        assert [(one.state, one.reason) for one in await broken.notices()] == [("FAILED", "UNREADABLE")]
        assert [one.state for one in await whole.notices()] == ["SENT"]


class TestTrouble:
    async def test_a_way_that_is_down_is_tried_again_and_again_and_then_the_next_one(self, desk, case_of, ways, dispatcher, down):
        case = await case_of(desk)
        await case.answered()
        ways.failing["SMS"] = down
        for wait in policy().retries:
            await dispatcher(desk, ways).run_once()
            (notice,) = await case.notices()
            assert (notice.state, notice.reason, notice.due_at) == ("PLANNED", "NO_REPLY", desk.clock.now() + wait)
            assert await dispatcher(desk, ways).run_once() == 0
            desk.clock.advance(wait)
        await dispatcher(desk, ways).run_once()
        await dispatcher(desk, ways).run_once()
        assert len(ways.by("SMS")) == len(policy().retries) + 1
        assert len({message.notice_id for message in ways.by("SMS")}) == 1
        assert [(one.channel, one.state, one.reason) for one in await case.notices()] == [
            ("SMS", "FAILED", "NO_REPLY"),
            ("EMAIL", "SENT", None),
        ]

    async def test_an_address_that_is_refused_is_not_tried_again(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        await case.answered()
        ways.failing |= {"SMS": Refused(), "EMAIL": Refused()}
        for _ in range(3):
            await dispatcher(desk, ways).run_once()
        states = [(one.channel, one.state, one.reason) for one in await case.notices()]
        assert sorted(states) == [("EMAIL", "FAILED", "REFUSED"), ("SMS", "FAILED", "REFUSED")]
        assert len(ways.given) == 2

    async def test_one_channels_trouble_keeps_no_other_waiting_and_is_found_out_once_a_handful(self, desk, case_of, ways, dispatcher, down):
        by_sms = [await case_of(desk) for _ in range(12)]
        by_mail = [await case_of(desk, answer_by="EMAIL") for _ in range(3)]
        for case in (*by_sms, *by_mail):
            await case.inquired()
        ways.failing["SMS"] = down
        await dispatcher(desk, ways).run_once()
        assert len(ways.by("EMAIL")) == 3
        assert len(ways.by("SMS")) <= 4
        for case in by_sms:
            assert [one.reason for one in await case.notices()] == ["NO_REPLY"]

    async def test_what_is_on_its_way_is_looked_at_again_and_keeps_nobody_waiting(self, desk, case_of, ways, dispatcher):
        cases = [await case_of(desk) for _ in range(12)]
        for case in cases:
            await case.inquired()
        ways.failing["SMS"] = NotYet()
        await dispatcher(desk, ways).run_once()
        assert len(ways.by("SMS")) == 12
        ways.failing.clear()
        desk.clock.advance(policy().retries[0])
        await dispatcher(desk, ways).run_once()
        assert {one.state for case in cases for one in await case.notices()} == {"SENT"}

    async def test_an_unforeseen_error_of_a_way_is_a_failed_attempt(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        await case.answered()
        ways.failing["SMS"] = KeyError("synaq@mail.example")
        await dispatcher(desk, ways).run_once()
        assert [(one.state, one.reason) for one in await case.notices()] == [("PLANNED", "NOT_NOW")]

    async def test_one_message_that_a_way_falls_over_keeps_no_other_waiting(self, desk, case_of, ways, dispatcher):
        cases = [await case_of(desk) for _ in range(12)]
        for case in cases:
            await case.inquired()
        poison, works = cases[0].number, ways.senders["SMS"]

        class Falls:
            async def send(self, message):
                if poison in message.text:
                    raise KeyError
                return await works.send(message)

        ways.senders["SMS"] = Falls()
        await dispatcher(desk, ways).run_once()
        assert len(ways.by("SMS")) == 11

    async def test_a_server_that_falls_silent_over_several_messages_is_not_waited_for_over_each(self, desk, case_of, ways, dispatcher):
        cases = [await case_of(desk) for _ in range(20)]
        for case in cases:
            await case.inquired()
        ways.failing["SMS"] = Hung()
        await dispatcher(desk, ways).run_once()
        assert len(ways.by("SMS")) <= 2 + 4
        assert {one.state for case in cases for one in await case.notices()} == {"PLANNED"}


class TestWorkers:
    async def test_what_a_lost_worker_had_in_hand_goes_out_again_under_the_same_id(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        await case.answered()
        sent, lost = asyncio.Event(), ways.senders["SMS"]

        class Lost:
            async def send(self, message):
                await lost.send(message)
                sent.set()
                await asyncio.Event().wait()

        ways.senders["SMS"] = Lost()
        worker = asyncio.create_task(dispatcher(desk, ways).run_once())
        await sent.wait()
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker
        ways.senders["SMS"] = lost
        assert await dispatcher(desk, ways).run_once() == 0
        desk.clock.advance(policy().lease)
        assert await dispatcher(desk, ways).run_once() == 1
        first, again = ways.by("SMS")
        assert first.notice_id == again.notice_id
        assert [one.state for one in await case.notices()] == ["SENT"]

    async def test_two_workers_share_the_work_and_repeat_nothing(self, desk, case_of, ways, dispatcher):
        cases = [await case_of(desk) for _ in range(20)]
        for case in cases:
            await case.answered()
        workers = [dispatcher(desk, ways) for _ in range(2)]
        await asyncio.gather(*(worker.run_once() for worker in workers))
        await workers[0].run_once()
        assert len(ways.given) == 20
        assert len({message.notice_id for _, message in ways.given}) == 20

    async def test_what_was_in_hand_for_too_long_is_left_to_whoever_takes_it_next(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        await case.answered()
        await case.inquired()
        slow = ways.senders["SMS"]

        class Slow:
            async def send(self, message):
                desk.clock.advance(policy().lease)
                return await slow.send(message)

        ways.senders["SMS"] = Slow()
        await dispatcher(desk, ways).run_once()
        assert len(ways.given) == 1
        await dispatcher(desk, ways).run_once()
        assert len({message.notice_id for _, message in ways.given}) == len(ways.given) == 2


class TestHours:
    async def test_nobody_is_written_to_at_night_except_for_a_code(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        desk.clock.set(NIGHT)
        await case.answered()
        await code(desk, case)
        await dispatcher(desk, ways).run_once()
        assert [message.address for _, message in ways.given] == ["+77010000001"]
        desk.clock.set(MORNING - timedelta(seconds=1))
        await dispatcher(desk, ways).run_once()
        assert len(ways.given) == 1
        desk.clock.set(MORNING)
        await dispatcher(desk, ways).run_once()
        assert len(ways.given) == 2
        assert sorted(one.attempts for one in await case.notices()) == [1, 1]

    async def test_the_hours_are_those_of_the_appeals_region(self, desk, case_of, ways, dispatcher):
        everywhere = [await case_of(desk, region=region) for region in ("KZ-43", "KZ-75", "KZ-00")]
        desk.clock.set(datetime(2026, 2, 2, 15, 59, tzinfo=UTC))
        for case in everywhere:
            await case.answered()
        await dispatcher(desk, ways).run_once()
        assert len(ways.given) == 3
        desk.clock.set(datetime(2026, 2, 2, 16, 0, tzinfo=UTC))
        late = await case_of(desk)
        await late.answered()
        await dispatcher(desk, ways).run_once()
        assert len(ways.given) == 3

    async def test_without_quiet_hours_a_notice_leaves_at_night(self, desk, case_of, ways):
        case = await case_of(desk)
        desk.clock.set(NIGHT)
        await case.answered()
        await Dispatcher(desk.parts, ways.senders, "https://aryz.example", quiet_hours=False).run_once()
        assert len(ways.given) == 1


class TestLimit:
    async def test_what_becomes_one_notice_goes_on_no_way_that_has_failed_for_it(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        for _ in range(policy().limit):
            await case.inquired()
        await dispatcher(desk, ways).run_once()
        ways.failing["SMS"] = Refused()
        desk.clock.advance(policy().window)
        await case.answered()
        await dispatcher(desk, ways).run_once()  # refused: planned as a mail
        ways.failing.clear()
        for _ in range(policy().limit):
            await case.inquired()
        async with desk.parts.database.write() as session:
            later = table_of(Notice).c.channel == "EMAIL"
            await session.execute(update(table_of(Notice)).where(later).values(due_at=desk.clock.now() + timedelta(minutes=1)))
        await dispatcher(desk, ways).run_once()
        desk.clock.advance(timedelta(minutes=1))
        await dispatcher(desk, ways).run_once()
        assert [one.fact for one in await case.notices() if one.state == "PLANNED"] == ["news"]
        desk.clock.advance(policy().window)
        ways.given.clear()
        await dispatcher(desk, ways).run_once()
        assert [channel for channel, _ in ways.given] == ["EMAIL"]
        assert {one.state for one in await case.notices()} == {"SENT", "FAILED"}

    async def test_what_comes_beyond_the_limit_of_an_hour_becomes_one_notice_later(self, desk, case_of, ways, dispatcher):
        case, other = await case_of(desk, language="en"), await case_of(desk)
        for _ in range(6):
            await case.inquired()
            await dispatcher(desk, ways).run_once()
            desk.clock.advance(timedelta(minutes=1))
        await other.inquired()
        await dispatcher(desk, ways).run_once()
        assert len(ways.given) == 4
        states = [(one.state, one.fact) for one in await case.notices()]
        assert states == [("SENT", "inquiry-sent")] * 3 + [("PLANNED", "news"), *[("FOLDED", "inquiry-sent")] * 2]
        desk.clock.advance(timedelta(minutes=54))
        await dispatcher(desk, ways).run_once()
        assert len(ways.given) == 5
        assert ways.given[-1][1].text == f"No. {case.number}: there is news. Call 1414"

    async def test_a_code_is_never_kept_back(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        for _ in range(3):
            await case.inquired()
            await dispatcher(desk, ways).run_once()
        await code(desk, case)
        await dispatcher(desk, ways).run_once()
        assert ways.given[-1][1].text == "Код подтверждения контакта: 483920. Никому его не сообщайте"


class TestCodes:
    async def test_a_code_goes_to_its_address_and_nowhere_else_and_is_gone_then(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        await code(desk, case, "EMAIL", "basqa@mail.example")
        await dispatcher(desk, ways).run_once()
        ((channel, message),) = ways.given
        assert (channel, message.address) == ("EMAIL", "basqa@mail.example")
        assert "483920" in message.text
        assert "483920" not in message.subject
        (notice,) = await case.notices()
        assert notice.secret is None

    async def test_one_that_takes_the_appeal_back_says_so(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        await code(desk, case, purpose="withdrawal")
        await code(desk, case, "EMAIL", "basqa@mail.example", "withdrawal")
        await dispatcher(desk, ways).run_once()
        said = dict(ways.given)
        assert said["SMS"].text == "Код ОТЗЫВА обращения: 483920. Не вы? Не сообщайте его, звоните 1414"
        assert said["EMAIL"].address == "basqa@mail.example"
        assert "Если вы не просили его отозвать" in said["EMAIL"].text
        assert case.number not in said["EMAIL"].text
        assert [one.secret for one in await case.notices()] == [None, None]

    async def test_a_code_is_not_tried_for_longer_than_it_is_of_use(self, desk, case_of, ways, dispatcher, down):
        case = await case_of(desk)
        await code(desk, case)
        ways.failing["SMS"] = down
        await dispatcher(desk, ways).run_once()
        desk.clock.advance(policy().code_life)
        await dispatcher(desk, ways).run_once()
        assert [(one.state, one.reason, one.secret) for one in await case.notices()] == [("FAILED", "NO_REPLY", None)]

    async def test_a_code_that_is_refused_goes_on_no_other_way(self, desk, case_of, ways, dispatcher):
        case = await case_of(desk)
        await code(desk, case)
        ways.failing["SMS"] = Refused()
        await dispatcher(desk, ways).run_once()
        assert [(one.state, one.secret) for one in await case.notices()] == [("FAILED", None)]
