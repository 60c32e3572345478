"""People's control over HTTP: an entry, and the public list."""

import html
import re
from uuid import uuid4

from sqlalchemy import update

from intake.channels.peoples_control.policy import policy
from intake.register.models import Appeal, Tracking
from tests.intake.conftest import NOW

PATH = "/intake/peoples-control"
ENTRY = {
    "kind": "REPORT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Көрсетілмеген қызметті жазып қойған.",
    "applicant.full_name": "Сынақ Азамат",
    "applicant.phone": "+77010000000",
    "consents.PROCESSING": "yes",
}


async def leave(desk, key=None, **changes):
    sent = {**ENTRY, "step": "send", "key": key or str(uuid4()), **changes}
    return await desk.client.post(PATH, params={"lang": "ru"}, data=sent)


async def read(desk, **query):
    answer = await desk.client.get(PATH, params={"lang": "ru", **query})
    assert answer.status_code == 200
    return html.unescape(answer.text)


def numbers(page):
    return re.findall(r"№ (\d{4}-\d\d-\d{7}-\d)", page)


class TestAnEntry:
    async def test_it_is_registered_under_its_own_channel_and_gets_number_and_pin(self, desk):
        answer = await leave(desk)
        assert answer.status_code == 201
        [row] = await desk.rows(Appeal)
        assert (row.channel, row.kind, row.owner) == ("PEOPLES_CONTROL", "REPORT", None)
        assert row.number in answer.text

    async def test_only_kinds_of_the_section_are_accepted(self, desk):
        for kind in ("CONSULTATION", "GRATITUDE", "ZHALOBA", "", "NONSENSE"):
            answer = await leave(desk, kind=kind)
            assert answer.status_code == 422
            assert 'href="#f-kind"' in answer.text
        assert await desk.rows(Appeal) == []

    async def test_errors_are_named_and_nothing_typed_is_lost(self, desk):
        answer = await leave(desk, kind="", region="", **{"applicant.phone": "1"})
        assert answer.status_code == 422
        assert re.findall(r'<a href="#f-([\w-]+)"', answer.text) == ["kind", "region", "applicant-phone"]
        assert ENTRY["text"] in html.unescape(answer.text)

    async def test_a_repeat_is_one_entry_and_a_changed_repeat_is_refused(self, desk):
        key = str(uuid4())
        assert (await leave(desk, key)).text == (await leave(desk, key)).text
        assert (await leave(desk, key, text="Басқа мәтін")).status_code == 422
        assert len(await desk.rows(Appeal)) == 1

    async def test_an_address_over_the_rate_limit_waits_and_loses_nothing(self, start, tmp_path):
        async with start(tmp_path, anonymous_per_minute=1) as desk:
            await leave(desk)
            answer = await leave(desk)
            assert answer.status_code == 429
            assert int(answer.headers["retry-after"]) > 0
            assert ENTRY["text"] in html.unescape(answer.text)


class TestTheList:
    async def test_it_shows_number_subject_and_status_and_no_content(self, desk):
        assert "Записей пока нет" in await read(desk)
        await leave(desk)
        await desk.file()
        page = await read(desk)
        [entry] = [one for one in await desk.rows(Appeal) if one.channel == "PEOPLES_CONTROL"]
        assert numbers(page) == [entry.number]
        for word in (ENTRY["text"], "Азамат", "7010000000", str(entry.id)):
            assert word not in page

    async def test_an_answered_entry_is_marked(self, desk):
        await leave(desk)
        assert "Ответ дан" not in await read(desk)
        async with desk.parts.database.write() as session:
            await session.execute(update(Tracking).values(status="ANSWERED", answered_at=NOW))
        assert "Ответ дан" in await read(desk)

    async def test_older_entries_are_on_the_next_page(self, desk):
        listed = policy().listed
        for _ in range(listed + 1):
            await leave(desk)
        first, second = await read(desk), await read(desk, page=2)
        assert (len(numbers(first)), len(numbers(second))) == (listed, 1)
        assert set(numbers(first)).isdisjoint(numbers(second))
        assert "page=2" in first
        assert (await desk.client.get(PATH, params={"page": 0})).status_code == 422
