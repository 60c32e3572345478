import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import select

from routing.cases.models import AnswerDraft
from tests.routing.support import QUESTION

TYPED = {
    "language": "ru",
    "text": "Вас примет терапевт",
    "findings": [{"category": "REFUSAL_APPOINTMENT", "outcome": None, "fact": "В записи отказано.", "rule": None}],
    "next_steps": None,
    "how_to_complain": "В суд.",
}


@pytest.fixture
def clerk(desk):
    return desk.token("specialist", region="KZ-43", subject="clerk-1")


def path(appeal_id):
    return f"/routing/v1/cases/{appeal_id}/draft"


async def save(desk, appeal_id, who, version=0, **changed):
    return await desk.client.put(path(appeal_id), headers=who, json=TYPED | {"expected_draft_version": version} | changed)


async def read(desk, appeal_id, who):
    return await desk.client.get(path(appeal_id), headers=who)


class TestADraft:
    async def test_it_is_read_as_it_was_saved_with_every_part_that_is_missing(self, desk, clerk):
        appeal_id = await desk.open()
        saved = await save(desk, appeal_id, clerk)
        assert saved.status_code == 200
        assert saved.json() == TYPED | {"sources": [], "draft_version": 1, "saved_at": "2026-02-02T09:15:00Z"}
        assert (await read(desk, appeal_id, clerk)).json() == saved.json()
        empty = await save(desk, appeal_id, clerk, 1, text=None, findings=[], how_to_complain=None)
        assert (empty.json()["draft_version"], empty.json()["text"]) == (2, None)

    async def test_a_stale_version_changes_nothing_and_names_the_current_one(self, desk, clerk):
        appeal_id = await desk.open()
        await save(desk, appeal_id, clerk)
        refused = await save(desk, appeal_id, clerk, text="Из другой вкладки")
        assert (refused.status_code, refused.json()["code"], refused.json()["current_version"]) == (409, "version-conflict", 1)
        assert (await read(desk, appeal_id, clerk)).json()["text"] == TYPED["text"]

    async def test_of_two_tabs_that_save_at_once_one_wins(self, desk, clerk):
        appeal_id = await desk.open()
        texts = ["первая", "вторая"]
        done = await asyncio.gather(*(save(desk, appeal_id, clerk, text=text) for text in texts))
        assert sorted(answer.status_code for answer in done) == [200, 409]
        winner = next(text for text, answer in zip(texts, done, strict=True) if answer.status_code == 200)
        assert (await read(desk, appeal_id, clerk)).json()["text"] == winner

    async def test_it_is_its_author_s_alone(self, desk, clerk):
        appeal_id = await desk.open()
        await save(desk, appeal_id, clerk)
        colleague = desk.token("head", region="KZ-43", subject="clerk-2")
        assert (await read(desk, appeal_id, colleague)).status_code == 404
        assert (await save(desk, appeal_id, colleague, text="Другой")).status_code == 200
        assert (await read(desk, appeal_id, clerk)).json()["text"] == TYPED["text"]

    async def test_it_is_seen_as_its_case_is(self, desk, clerk):
        appeal_id = await desk.open()
        await save(desk, appeal_id, clerk)
        moved = desk.token("specialist", region="KZ-75", subject="clerk-1")
        for unseen, who in ((appeal_id, moved), (uuid4(), clerk)):
            answers = [await read(desk, unseen, who), await save(desk, unseen, who, 1), await desk.client.delete(path(unseen), headers=who)]
            assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert (await read(desk, appeal_id, clerk)).status_code == 200

    async def test_deleting_it_is_repeatable(self, desk, clerk):
        appeal_id = await desk.open()
        await save(desk, appeal_id, clerk)
        gone = [(await desk.client.delete(path(appeal_id), headers=clerk)).status_code for _ in range(2)]
        assert gone == [204, 204]
        assert (await read(desk, appeal_id, clerk)).status_code == 404
        assert (await save(desk, appeal_id, clerk, 1)).json()["current_version"] == 0

    async def test_sending_the_answer_deletes_the_author_s_own_and_a_late_save_does_not_bring_it_back(self, desk, clerk):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        colleague = desk.token("head", region="KZ-43", subject="clerk-2")
        for who in (clerk, colleague):
            await save(desk, appeal_id, who)
        assert (await desk.carry_out(appeal_id, "answer", clerk, language="ru", text="По ИИН.")).status_code == 200
        assert [(await read(desk, appeal_id, who)).status_code for who in (clerk, colleague)] == [404, 200]
        assert (await save(desk, appeal_id, clerk, 1)).status_code == 409

    async def test_an_answer_that_is_refused_leaves_it(self, desk, clerk):
        appeal_id = await desk.open()
        await save(desk, appeal_id, clerk)
        assert (await desk.carry_out(appeal_id, "answer", clerk, language="ru", text="Разберёмся.")).status_code == 422
        assert (await read(desk, appeal_id, clerk)).json()["draft_version"] == 1

    async def test_no_word_of_it_is_stored_in_plain_text(self, desk, clerk):
        appeal_id = await desk.open()
        await save(desk, appeal_id, clerk)
        async with desk.parts.database.read() as session:
            [row] = (await session.execute(select(AnswerDraft.__table__))).all()
        assert all("терапевт".encode() not in str(value).encode() and b"\xd1\x82\xd0\xb5" not in bytes(row.content) for value in row)
        assert await desk.emitted() == [each for each in await desk.emitted() if each[0] == "appeal-routed"]
