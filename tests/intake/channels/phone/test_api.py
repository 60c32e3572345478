from datetime import timedelta
from itertools import count, permutations
from uuid import uuid4

import pytest

from intake.channels.phone.models import Call, CallBack, CallEvent
from intake.channels.phone.service.calls import settle
from intake.register.models import ContentRead, Tracking
from shared.contracts import CallEnded
from shared.messaging import tables
from tests.intake.conftest import NOW

NUMBER = "+77010000000"


def event(kind, after=0, *, call="1770023700.17", start=NOW - timedelta(minutes=10), **said):
    at = (start + timedelta(seconds=after)).isoformat().replace("+00:00", "Z")
    return {"call_id": call, "seq": after, "type": kind, "at": at} | said


ANSWERED = [
    event("offered", 0, **{"from": NUMBER, "to": "1414"}),
    event("ivr_choice", 5, ivr_path="1"),
    event("queued", 8, queue="1414-kk"),
    event("answered", 20, agent_id="operator-1414"),
    event("ended", 140, talk_s=118),
    event("recording_ready", 150, recording_ref="77010000000-17.wav"),
]


async def send(desk, events, role="telephony"):
    return await desk.client.post("/intake/v1/channels/phone/calls", json=events, headers=desk.token(role))


async def ended(desk):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(tables.outbox.select().where(tables.outbox.c.type == CallEnded.TYPE))).all()
    return [CallEnded.model_validate_json(row.value) for row in rows]


class TestCalls:
    async def test_a_call_is_told_of_once_when_it_is_over(self, desk):
        assert (await send(desk, ANSWERED)).json() == {"received": 6, "new": 6}
        for _ in range(2):
            await settle(desk.parts)
        [told] = await ended(desk)
        assert (told.outcome, told.waited_seconds, told.talked_seconds, told.queue) == ("ANSWERED", 12, 118, "1414-kk")

    async def test_one_event_alone_is_taken_too(self, desk):
        assert (await send(desk, ANSWERED[0])).json() == {"received": 1, "new": 1}

    async def test_what_was_told_before_changes_nothing(self, desk):
        await send(desk, ANSWERED)
        assert (await send(desk, [*ANSWERED[:3], *ANSWERED[:3]])).json() == {"received": 6, "new": 0}
        assert len(await desk.rows(CallEvent)) == len(ANSWERED)

    async def test_every_order_of_arrival_leads_to_the_same_call(self, desk):
        numbers = count()
        for order in list(permutations(ANSWERED[:5]))[::9]:
            name = f"call-{next(numbers)}"
            for one in order:
                await send(desk, one | {"call_id": name})
        calls = await desk.rows(Call)
        assert len({(one.state, one.outcome, one.agent, one.offered_at, one.waited_seconds, one.talked_seconds) for one in calls}) == 1

    async def test_events_on_their_way_are_waited_for(self, desk):
        start = NOW - timedelta(seconds=150)
        late = [one | {"at": event(one["type"], one["seq"], start=start)["at"]} for one in ANSWERED[:5]]
        await send(desk, [one for one in late if one["type"] != "answered"])
        await settle(desk.parts)
        assert await ended(desk) == []
        await send(desk, late[3])
        desk.clock.advance(timedelta(minutes=1))
        await settle(desk.parts)
        assert [one.outcome for one in await ended(desk)] == ["ANSWERED"]

    async def test_news_after_it_was_told_does_not_change_it(self, desk):
        await send(desk, [one for one in ANSWERED if one["type"] != "answered"])
        await settle(desk.parts)
        await send(desk, ANSWERED[3])
        await settle(desk.parts)
        assert [one.outcome for one in await ended(desk)] == ["ABANDONED"]

    async def test_a_call_whose_end_was_never_heard_of_ends_with_the_last_that_was(self, desk):
        await send(desk, ANSWERED[:4])
        desk.clock.advance(timedelta(hours=5))
        await settle(desk.parts)
        [told] = await ended(desk)
        assert (told.outcome, told.ended_at) == ("ANSWERED", told.answered_at)

    async def test_what_an_operator_dials_is_no_call_of_the_centre(self, desk):
        out = [event("offered", 0, direction="out", **{"from": "1414", "to": NUMBER}), event("ended", 9, direction="out")]
        await send(desk, out)
        await settle(desk.parts)
        assert await ended(desk) == []

    async def test_one_word_of_the_direction_is_enough_whatever_came_first(self, desk):
        out = [event("offered", 0, direction="out", **{"from": "1414", "to": NUMBER}), event("answered", 4), event("ended", 9)]
        await send(desk, out)
        await send(desk, [one | {"call_id": "other"} for one in reversed(out)])
        await settle(desk.parts)
        assert [one.direction for one in await desk.rows(Call)] == ["out", "out"]
        assert await ended(desk) == []

    async def test_the_number_is_nowhere_to_be_read_and_is_let_go(self, desk):
        await send(desk, ANSWERED)
        [call] = await desk.rows(Call)
        assert call.caller_tail == "+7 7•• ••• •• 00"
        assert desk.parts.sealer.open("call", call.id, "number", call.number).decode() == NUMBER
        await settle(desk.parts)
        assert (await desk.rows(Call))[0].number is None
        stored = await desk.engine.stored(desk.parts.database)
        assert b"7010000000" not in stored
        assert b"1770023700.17" not in stored

    @pytest.mark.parametrize("digits", ["77010000000", "99123150"])
    async def test_what_is_keyed_outside_the_menu_is_not_kept(self, desk, digits):
        await send(desk, event("ivr_choice", ivr_path=digits))
        assert (await desk.rows(CallEvent))[0].data == {}

    async def test_a_withheld_or_foreign_number_is_none(self, desk):
        await send(desk, [event("offered", call="a", **{"from": "anonymous"}), event("offered", call="b", **{"from": "+79160000000"})])
        assert [one.caller for one in await desk.rows(Call)] == [None, None]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (event("offered", 4000), "0.at"),
            (event("offered") | {"at": "yesterday"}, "0.at"),
            (event("offered") | {"type": "sneezed"}, "0.type"),
            (event("offered") | {"colour": "red"}, "0.colour"),
            ([], ""),
        ],
        ids=["future", "nonsense", "type", "unknown", "empty"],
    )
    async def test_what_cannot_be_is_refused(self, desk, body, field):
        refused = await send(desk, body)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == field
        assert await desk.rows(Call) == []

    async def test_only_the_exchange_tells_of_calls(self, desk):
        assert (await send(desk, ANSWERED, "operator")).status_code == 403
        assert (await desk.client.post("/intake/v1/channels/phone/calls", json=ANSWERED)).status_code == 401


class TestCallBacks:
    async def test_who_asked_at_night_is_called_back_and_was_received_then(self, desk):
        night = NOW.replace(hour=0, minute=30)  # 05:30 in Astana
        told = [event("offered", 0, start=night, **{"from": NUMBER}), event("ivr_choice", 9, start=night, ivr_path="3")]
        await send(desk, [*told, event("ended", 15, start=night)])
        await settle(desk.parts)
        [back] = await desk.rows(CallBack)
        assert (back.reason, back.state, back.received_at) == ("ASKED", "OPEN", night)
        assert desk.parts.sealer.open("call_back", back.id, "number", back.number).decode() == NUMBER
        assert [one.outcome for one in await ended(desk)] == ["AFTER_HOURS"]

    @pytest.mark.parametrize(("waited", "entries"), [(5, 0), (60, 1)])
    async def test_who_gave_up_waiting_is_called_back_unless_it_was_for_a_moment(self, desk, waited, entries):
        told = [event("offered", 0, **{"from": NUMBER}), event("queued", 3, queue="1414-ru"), event("abandoned", 3 + waited)]
        await send(desk, told)
        await settle(desk.parts)
        assert len(await desk.rows(CallBack)) == entries

    async def test_who_was_answered_or_withheld_the_number_is_not_on_the_list(self, desk):
        await send(desk, ANSWERED)
        await send(desk, [event("offered", 0, call="x"), event("ivr_choice", 3, call="x", ivr_path="3"), event("ended", 9, call="x")])
        await settle(desk.parts)
        assert await desk.rows(CallBack) == []


class TestKeypad:
    async def ask(self, desk, number, pin, language="kk", caller=NUMBER):
        body = {"number": number, "pin": pin, "language": language, **({"from": caller} if caller else {})}
        return await desk.client.post("/intake/v1/channels/phone/status", json=body, headers=desk.token("telephony"))

    @pytest.mark.parametrize(
        ("language", "said"), [("kk", "Өтінішіңіздің мәртебесі: Тіркелді."), ("ru", "Статус вашего обращения: Зарегистрировано.")]
    )
    async def test_digits_without_hyphens_open_it_and_a_sentence_is_read_out(self, desk, language, said):
        told = (await desk.file()).json()
        answer = await self.ask(desk, told["number"].replace("-", ""), told["pin"], language)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "REGISTERED"
        assert answer.json()["sentence"].startswith(said)

    @pytest.mark.parametrize(("status", "is_answered"), [("ANSWERED", True), ("IN_REVIEW", False)])
    async def test_a_disputed_answer_is_none_while_it_is_looked_at_again(self, desk, status, is_answered):
        told = (await desk.file()).json()
        async with desk.parts.database.write() as session:
            await session.execute(Tracking.__table__.update().values(status=status, answer_id=uuid4(), answered_at=NOW))
        answer = (await self.ask(desk, told["number"], told["pin"], "ru")).json()
        assert (answer["answered"], answer["sentence"].startswith("На ваше обращение дан ответ")) == (is_answered, is_answered)

    async def test_wrong_attempts_count_for_the_number_that_calls(self, desk):
        told = (await desk.file()).json()
        codes = [(await self.ask(desk, told["number"], "00000000")).status_code for _ in range(4)]
        assert codes == [404, 404, 404, 429]
        assert (await self.ask(desk, told["number"], told["pin"])).status_code == 429
        assert (await self.ask(desk, told["number"], told["pin"], caller="+77010000002")).status_code == 200
        assert await desk.rows(ContentRead) == []
