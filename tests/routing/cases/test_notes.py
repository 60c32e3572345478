from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from routing.cases.models import ContentRead, Note
from tests.routing.support import NOW, count

TEXT = "Осы емханаға төртінші шағым."


def clerk(desk, subject="clerk-1", region="KZ-43", **claims):
    return desk.token("specialist", region=region, subject=subject, **claims)


async def write(desk, appeal_id, who=None, **note):
    return await desk.client.post(f"/routing/v1/cases/{appeal_id}/notes", headers=who or clerk(desk), json={"text": TEXT, **note})


async def marked(desk, who):
    return [case["mentions_you"] for case in (await desk.get("/cases", who)).json()["items"]]


class TestNotes:
    async def test_a_note_is_sealed_counted_and_read_by_colleagues(self, desk):
        appeal_id = await desk.open()
        written = await write(desk, appeal_id, clerk(desk, name="Сынақ Арман"))
        assert written.status_code == 201
        found = (await desk.get(f"/cases/{appeal_id}/notes", clerk(desk, "clerk-2"))).json()
        assert found == {"items": [written.json()], "total": 1, "next_cursor": None}
        assert found["items"][0] | {"note_id": "", "at": ""} == {
            "note_id": "", "at": "", "author": "clerk-1", "author_name": "Сынақ Арман", "author_role": "specialist", "text": TEXT,
            "mentions": [],
        }  # fmt: skip
        assert (await desk.case(appeal_id))["notes_count"] == 1
        async with desk.parts.database.read() as session:
            (content,) = (await session.execute(select(col(Note.content)))).scalars()
            reads = [(row.reader, row.purpose) for row in (await session.execute(select(ContentRead))).scalars()]
        assert TEXT.encode() not in content
        assert reads == [("clerk-2", "conversation")]

    async def test_it_changes_neither_the_version_nor_the_history_and_publishes_nothing(self, desk):
        appeal_id = await desk.open()
        before, emitted = await desk.case(appeal_id), await desk.emitted()
        await write(desk, appeal_id)
        after = await desk.case(appeal_id)
        assert (after["version"], after["history"], await desk.emitted()) == (before["version"], before["history"], emitted)

    async def test_an_action_that_read_the_case_before_keeps_the_number_of_notes(self, desk):
        appeal_id = await desk.open()
        await write(desk, appeal_id)
        assert (await desk.carry_out(appeal_id, "claim", clerk(desk))).json()["notes_count"] == 1

    async def test_a_mentioned_colleague_sees_a_mark_until_the_case_is_opened(self, desk):
        appeal_id = await desk.open()
        aigul = clerk(desk, "aigul")
        assert await marked(desk, aigul) == [False]
        assert (await write(desk, appeal_id, mentions=["aigul", "aigul"])).json()["mentions"] == ["aigul"]
        assert (await marked(desk, aigul), await marked(desk, clerk(desk))) == ([True], [False])
        await desk.get(f"/cases/{appeal_id}/conversation", clerk(desk))
        assert await marked(desk, aigul) == [True]
        await desk.get(f"/cases/{appeal_id}/conversation", aigul)
        assert await marked(desk, aigul) == [False]

    @pytest.mark.parametrize("claims", [{"region": "KZ-75"}, {"region": None}])
    async def test_only_colleagues_who_see_the_case_are_mentioned(self, desk, claims):
        appeal_id = await desk.open()
        await desk.get("/cases", clerk(desk, "aigul", **claims))
        for stranger in ("aigul", "nobody"):
            refused = await write(desk, appeal_id, mentions=[stranger])
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "mentions.0")
        assert await count(desk, Note) == 0

    @pytest.mark.parametrize(("role", "claims", "status"), [
        ("specialist", {"region": "KZ-75"}, 404), ("expert", {}, 404), ("admin", {}, 403), ("provider", {}, 403), ("analyst", {}, 403),
    ])  # fmt: skip
    async def test_whoever_does_not_see_the_case_writes_and_reads_no_note(self, desk, role, claims, status):
        appeal_id = await desk.open()
        who = desk.token(role, **claims)
        assert (await write(desk, appeal_id, who)).status_code == status
        assert (await desk.get(f"/cases/{appeal_id}/notes", who)).status_code == (200 if role == "admin" else status)

    async def test_the_same_key_writes_one_note(self, desk):
        appeal_id = await desk.open()
        headers = clerk(desk) | {"Idempotency-Key": "note-1"}
        first, second = [await write(desk, appeal_id, headers) for _ in range(2)]
        assert (first.json(), await count(desk, Note)) == (second.json(), 1)


class TestLogCall:
    async def test_a_call_is_in_the_conversation_and_its_day_on_the_case(self, desk):
        appeal_id, day = await desk.open(), (NOW + timedelta(days=2)).date().isoformat()
        done = (await desk.carry_out(appeal_id, "log-call", clerk(desk), text="Бейсенбіде хабарласуды сұрады.", follow_up_on=day)).json()
        assert (done["follow_up_on"], done["status"], done["history"][-1]["type"]) == (day, "IN_REVIEW", "call-logged-again")
        assert done["history"][-1]["ru"].endswith("Перезвонить: 04.02.2026")
        items = (await desk.get(f"/cases/{appeal_id}/conversation", clerk(desk))).json()["items"]
        call = next(item for item in items if item["type"] == "CALL")
        assert (call["from"], call["text"], call["language"]) == ("COLLEAGUE", "Бейсенбіде хабарласуды сұрады.", "kk")
        assert [fact for fact, _ in await desk.emitted()] == ["appeal-routed"]
        assert done["notes_count"] == 0

    async def test_the_next_call_ends_the_waiting(self, desk):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "log-call", clerk(desk), text="Жауап бермеді.", follow_up_on=NOW.date().isoformat())
        done = (await desk.carry_out(appeal_id, "log-call", clerk(desk), text="Сөйлестік.")).json()
        assert (done["follow_up_on"], done["history"][-1]["type"]) == (None, "call-logged")

    async def test_a_day_that_has_passed_is_refused(self, desk):
        yesterday = (NOW - timedelta(days=1)).date().isoformat()
        refused = await desk.carry_out(await desk.open(), "log-call", clerk(desk), text="Жауап бермеді.", follow_up_on=yesterday)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "too-early")
