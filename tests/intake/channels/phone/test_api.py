from datetime import timedelta
from itertools import count, permutations
from uuid import uuid4

import pytest

from intake.channels.phone.models import Call, CallBack, CallEvent
from intake.channels.phone.service.calls import publish_ended_calls
from intake.register.models import ContentRead, Tracking
from shared.contracts import CallEnded
from shared.messaging import tables
from tests.intake.conftest import NOW

NUMBER = "+77010000000"


def event(kind, after=0, *, call="1770023700.17", start=NOW - timedelta(minutes=10), **fields):
    at = (start + timedelta(seconds=after)).isoformat().replace("+00:00", "Z")
    return {"call_id": call, "seq": after, "type": kind, "at": at} | fields


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


async def publish_calls(desk):
    """Run the job once."""
    async with desk.parts.units.write() as work:
        await publish_ended_calls(work)


async def ended(desk):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(tables.outbox.select().where(tables.outbox.c.type == CallEnded.TYPE))).all()
    return [CallEnded.model_validate_json(row.value) for row in rows]


class TestCalls:
    async def test_a_call_is_published_once_when_it_is_over(self, desk):
        assert (await send(desk, ANSWERED)).json() == {"received": 6, "new": 6}
        for _ in range(2):
            await publish_calls(desk)
        [published] = await ended(desk)
        assert (published.outcome, published.waited_seconds, published.talked_seconds, published.queue) == ("ANSWERED", 12, 118, "1414-kk")

    async def test_a_single_event_is_accepted(self, desk):
        assert (await send(desk, ANSWERED[0])).json() == {"received": 1, "new": 1}

    async def test_repeated_events_change_nothing(self, desk):
        await send(desk, ANSWERED)
        assert (await send(desk, [*ANSWERED[:3], *ANSWERED[:3]])).json() == {"received": 6, "new": 0}
        assert len(await desk.rows(CallEvent)) == len(ANSWERED)

    async def test_every_order_of_arrival_leads_to_the_same_call(self, desk):
        numbers = count()
        for order in list(permutations(ANSWERED[:5]))[::9]:
            name = f"call-{next(numbers)}"
            for given in order:
                await send(desk, given | {"call_id": name})
        calls = await desk.rows(Call)
        assert (
            len({(call.state, call.outcome, call.agent, call.offered_at, call.waited_seconds, call.talked_seconds) for call in calls}) == 1
        )

    async def test_a_call_is_published_only_after_the_grace_period(self, desk):
        start = NOW - timedelta(seconds=150)
        late = [given | {"at": event(given["type"], given["seq"], start=start)["at"]} for given in ANSWERED[:5]]
        await send(desk, [given for given in late if given["type"] != "answered"])
        await publish_calls(desk)
        assert await ended(desk) == []
        await send(desk, late[3])
        desk.clock.advance(timedelta(minutes=1))
        await publish_calls(desk)
        assert [call.outcome for call in await ended(desk)] == ["ANSWERED"]

    async def test_events_after_the_publication_do_not_change_the_call(self, desk):
        await send(desk, [given for given in ANSWERED if given["type"] != "answered"])
        await publish_calls(desk)
        await send(desk, ANSWERED[3])
        await publish_calls(desk)
        assert [call.outcome for call in await ended(desk)] == ["ABANDONED"]

    async def test_a_call_without_an_end_ends_with_its_latest_event(self, desk):
        await send(desk, ANSWERED[:4])
        desk.clock.advance(timedelta(hours=5))
        await publish_calls(desk)
        [published] = await ended(desk)
        assert (published.outcome, published.ended_at) == ("ANSWERED", published.answered_at)

    async def test_an_outgoing_call_is_not_published(self, desk):
        out = [event("offered", 0, direction="out", **{"from": "1414", "to": NUMBER}), event("ended", 9, direction="out")]
        await send(desk, out)
        await publish_calls(desk)
        assert await ended(desk) == []

    async def test_one_event_with_a_direction_is_enough_in_any_order(self, desk):
        out = [event("offered", 0, direction="out", **{"from": "1414", "to": NUMBER}), event("answered", 4), event("ended", 9)]
        await send(desk, out)
        await send(desk, [given | {"call_id": "other"} for given in reversed(out)])
        await publish_calls(desk)
        assert [call.direction for call in await desk.rows(Call)] == ["out", "out"]
        assert await ended(desk) == []

    async def test_the_number_is_never_readable_and_is_erased(self, desk):
        await send(desk, ANSWERED)
        [call] = await desk.rows(Call)
        assert call.caller_tail == "+7 7•• ••• •• 00"
        assert desk.parts.sealer.open("call", call.id, "number", call.number).decode() == NUMBER
        await publish_calls(desk)
        assert (await desk.rows(Call))[0].number is None
        stored = await desk.engine.stored(desk.parts.database)
        assert b"7010000000" not in stored
        assert b"1770023700.17" not in stored

    @pytest.mark.parametrize("digits", ["77010000000", "99123150"])
    async def test_digits_outside_the_menu_are_not_stored(self, desk, digits):
        await send(desk, event("ivr_choice", ivr_path=digits))
        assert (await desk.rows(CallEvent))[0].data == {}

    async def test_a_withheld_or_foreign_number_is_not_stored(self, desk):
        await send(desk, [event("offered", call="a", **{"from": "anonymous"}), event("offered", call="b", **{"from": "+79160000000"})])
        assert [call.caller for call in await desk.rows(Call)] == [None, None]

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
    async def test_an_impossible_event_is_refused(self, desk, body, field):
        refused = await send(desk, body)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == field
        assert await desk.rows(Call) == []

    async def test_only_the_exchange_reports_calls(self, desk):
        assert (await send(desk, ANSWERED, "operator")).status_code == 403
        assert (await desk.client.post("/intake/v1/channels/phone/calls", json=ANSWERED)).status_code == 401


class TestCallBacks:
    async def test_a_caller_who_asked_at_night_is_called_back_and_counts_as_received_then(self, desk):
        night = NOW.replace(hour=0, minute=30)  # 05:30 in Astana
        events = [event("offered", 0, start=night, **{"from": NUMBER}), event("ivr_choice", 9, start=night, ivr_path="3")]
        await send(desk, [*events, event("ended", 15, start=night)])
        await publish_calls(desk)
        [back] = await desk.rows(CallBack)
        assert (back.reason, back.state, back.received_at) == ("ASKED", "OPEN", night)
        assert desk.parts.sealer.open("call_back", back.id, "number", back.number).decode() == NUMBER
        assert [call.outcome for call in await ended(desk)] == ["AFTER_HOURS"]

    @pytest.mark.parametrize(("waited", "entries"), [(5, 0), (60, 1)])
    async def test_a_caller_who_gave_up_is_called_back_unless_the_wait_was_short(self, desk, waited, entries):
        events = [event("offered", 0, **{"from": NUMBER}), event("queued", 3, queue="1414-ru"), event("abandoned", 3 + waited)]
        await send(desk, events)
        await publish_calls(desk)
        assert len(await desk.rows(CallBack)) == entries

    async def test_an_answered_caller_and_a_withheld_number_are_not_called_back(self, desk):
        await send(desk, ANSWERED)
        await send(desk, [event("offered", 0, call="x"), event("ivr_choice", 3, call="x", ivr_path="3"), event("ended", 9, call="x")])
        await publish_calls(desk)
        assert await desk.rows(CallBack) == []


class TestKeypad:
    async def ask(self, desk, number, pin, language="kk", caller=NUMBER):
        body = {"number": number, "pin": pin, "language": language, **({"from": caller} if caller else {})}
        return await desk.client.post("/intake/v1/channels/phone/status", json=body, headers=desk.token("telephony"))

    @pytest.mark.parametrize(
        ("language", "sentence"), [("kk", "Өтінішіңіздің мәртебесі: Тіркелді."), ("ru", "Статус вашего обращения: Зарегистрировано.")]
    )
    async def test_digits_without_hyphens_open_the_appeal_and_return_a_sentence(self, desk, language, sentence):
        receipt = (await desk.file()).json()
        answer = await self.ask(desk, receipt["number"].replace("-", ""), receipt["pin"], language)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "REGISTERED"
        assert answer.json()["sentence"].startswith(sentence)
        assert ".." not in answer.json()["sentence"]

    @pytest.mark.parametrize(("status", "is_answered"), [("ANSWERED", True), ("IN_REVIEW", False)])
    async def test_a_disputed_answer_does_not_count_while_it_is_reviewed(self, desk, status, is_answered):
        receipt = (await desk.file()).json()
        async with desk.parts.database.write() as session:
            await session.execute(Tracking.__table__.update().values(status=status, answer_id=uuid4(), answered_at=NOW))
        answer = (await self.ask(desk, receipt["number"], receipt["pin"], "ru")).json()
        assert (answer["answered"], answer["sentence"].startswith("На ваше обращение дан ответ")) == (is_answered, is_answered)

    async def test_wrong_attempts_are_counted_for_the_calling_number(self, desk):
        receipt = (await desk.file()).json()
        codes = [(await self.ask(desk, receipt["number"], "00000000")).status_code for _ in range(4)]
        assert codes == [404, 404, 404, 429]
        assert (await self.ask(desk, receipt["number"], receipt["pin"])).status_code == 429
        assert (await self.ask(desk, receipt["number"], receipt["pin"], caller="+77010000002")).status_code == 200
        assert await desk.rows(ContentRead) == []
