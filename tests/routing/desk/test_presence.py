"""Who else has a case open, and what happened while one was writing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from routing.app import create_app
from routing.desk.models import CasePresence
from routing.desk.repository import present
from routing.desk.service.presence import LIFETIME, purge_presence
from tests.routing.desk.support import ANSWER, open_desk, send, session

JSON = {"Accept": "application/json"}


def aigul(desk, **claims):
    return session(desk, subject="aigul", name="Сынақ Айгүл", **claims)


def daulet(desk, **claims):
    return session(desk, subject="daulet", name="Сынақ Дәулет", **claims)


async def beat(desk, appeal_id, who, writing="no"):
    return await desk.client.post(f"/routing/desk/{appeal_id}/presence", headers=who | JSON, data={"writing": writing})


async def stored(desk):
    async with desk.parts.database.read() as opened:
        rows = (await opened.execute(select(CasePresence).order_by(CasePresence.subject))).scalars()
        return [(row.subject, row.writing) for row in rows]


class TestPresence:
    async def test_a_page_says_who_has_the_case_open_as_of_its_loading(self, desk, complaint):
        first = await open_desk(desk, f"/{complaint}", aigul(desk))
        second = await open_desk(desk, f"/{complaint}", daulet(desk))
        assert "has this case open" not in first.text
        assert "Сынақ Айгүл has this case open" in second.text
        assert 'aria-live="polite"' in second.text

    async def test_a_visible_page_shows_others_who_is_answering(self, desk, complaint):
        await open_desk(desk, f"/{complaint}", daulet(desk))
        await open_desk(desk, f"/{complaint}", aigul(desk))
        assert (await beat(desk, complaint, aigul(desk), "yes")).json() == {"lines": ["Сынақ Дәулет has this case open"]}
        assert (await beat(desk, complaint, daulet(desk))).json() == {"lines": ["Сынақ Айгүл is answering now"]}
        assert await stored(desk) == [("aigul", True), ("daulet", False)]

    async def test_a_closed_page_is_forgotten_and_its_row_deleted(self, desk, complaint):
        await open_desk(desk, f"/{complaint}", aigul(desk))
        desk.clock.advance(LIFETIME - timedelta(seconds=1))
        assert (await beat(desk, complaint, daulet(desk))).json()["lines"] != []
        desk.clock.advance(timedelta(seconds=1))
        assert (await beat(desk, complaint, daulet(desk))).json()["lines"] == []
        async with desk.parts.units.write() as work:
            await purge_presence(work)
        assert await stored(desk) == [("daulet", False)]

    async def test_another_process_sees_the_same(self, desk, complaint):
        await beat(desk, complaint, aigul(desk), "yes")
        other = create_app(desk.app.state.parts.settings, desk.foundation)
        async with other.router.lifespan_context(other), other.state.parts.units.read() as work:
            assert await _names(work, complaint) == ["aigul"]

    async def test_lists_and_searches_leave_no_row(self, desk, complaint):
        await open_desk(desk, who=aigul(desk))
        await open_desk(desk, who=aigul(desk), query="2026")
        await desk.get(f"/cases/{complaint}", desk.token("specialist", region="KZ-43", subject="aigul"))
        assert await stored(desk) == []

    @pytest.mark.parametrize(("role", "region"), [("specialist", "KZ-75"), ("supervisor", None), ("expert", None)])
    async def test_whoever_does_not_see_the_case_leaves_no_row_and_reads_none(self, desk, complaint, role, region):
        await open_desk(desk, f"/{complaint}", aigul(desk))
        answer = await beat(desk, complaint, session(desk, role, region, subject="stranger"))
        assert (answer.status_code, "Айгүл" in answer.text) == (404, False)
        assert await stored(desk) == [("aigul", False)]

    async def test_an_admin_reads_and_is_not_recorded(self, desk, complaint):
        await open_desk(desk, f"/{complaint}", aigul(desk))
        page = await open_desk(desk, f"/{complaint}", session(desk, "admin", None))
        assert ("Сынақ Айгүл has this case open" in page.text, "data-presence" in page.text) == (True, False)
        assert await stored(desk) == [("aigul", False)]

    async def test_a_visitor_and_a_form_from_elsewhere_are_refused(self, desk, complaint):
        assert (await beat(desk, complaint, {})).status_code == 401
        assert (await beat(desk, complaint, aigul(desk) | {"Sec-Fetch-Site": "cross-site"})).status_code == 403


async def _names(work, appeal_id):
    return [row.subject for row in await present(work.session, appeal_id, "nobody", work.clock.now() - LIFETIME, 5)]


class TestTwoClerks:
    async def test_whoever_comes_second_reads_what_the_first_did_and_loses_nothing(self, desk, complaint):
        case = await desk.case(complaint)
        read = {"expected_version": str(case["version"]), "entries_read": str(len(case["history"])), "expected_draft_version": "0"}
        await send(desk, complaint, "claim", daulet(desk))
        await send(desk, complaint, "escalate", daulet(desk), reason="URGENT")
        page = await send(desk, complaint, "answer", aigul(desk), **(ANSWER | read))
        assert page.status_code == 409
        assert "A member of staff took the case</b> · Сынақ Дәулет" in page.text
        assert "Passed to the next tier" in page.text
        assert ANSWER["text"] in page.text
        again = await open_desk(desk, f"/{complaint}", aigul(desk))
        assert ANSWER["text"] in again.text, "the draft survives"
        assert "Сынақ Дәулет" in again.text

    async def test_entries_that_the_form_has_shown_are_not_repeated(self, desk, complaint):
        await send(desk, complaint, "claim", daulet(desk))
        case = await desk.case(complaint)
        await send(desk, complaint, "escalate", aigul(desk), reason="URGENT")
        read = {"expected_version": str(case["version"]), "entries_read": str(len(case["history"]))}
        page = (await send(desk, complaint, "classify", daulet(desk), kind="COMPLAINT", category="WAITING", **read)).text
        note = page[page.index("The case has changed meanwhile") :].partition("</ul>")[0]
        assert ("Passed to the next tier" in note, "took the case" in note) == (True, False)
        assert "Сынақ Айгүл" in note
