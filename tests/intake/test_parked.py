"""The page of parked events, on intake as on every service."""

import re
from uuid import UUID, uuid4

import pytest

from intake.register.models import ContentRead, Tracking
from shared.contracts import APPEALS, AppealRouted, CaseClaimed
from shared.messaging import inbox, tables
from shared.messaging.envelope import Envelope
from shared.messaging.log import Record
from shared.web.session import COOKIE

PATH = "/intake/parked"


def cookie(desk, role="admin"):
    claims = {"region": "KZ-43"} if role == "specialist" else {}
    return {"Cookie": f"{COOKIE}={desk.foundation.issuer.issue(role, subject='admin-1', **claims)}; aryz_lang=ru", "Accept": "text/html"}


async def park(desk, *events, broken=False):
    """Park events as the consumer does: the first failed, the others wait behind it."""
    async with desk.parts.database.write() as session:
        await inbox.locked_offsets(session, [(APPEALS, 0)], {APPEALS: "log-1"})
        first = (await session.execute(tables.dead_letter.select())).all()
        for number, event in enumerate(events):
            value = b"{}" if broken and number == 0 else event.model_dump_json().encode()
            envelope = Envelope(uuid4(), event.TYPE, desk.clock.now(), str(event.subject), uuid4(), None, None, value)
            record = Record(APPEALS, 0, len(first) + number, str(event.subject), envelope.headers, value)
            reason = "behind" if number else "KeyError"
            await inbox.park(session, record, reason=reason, poison=not number, now=desk.clock.now())


async def page(desk, query="", role="admin"):
    return await desk.client.get(PATH + query, headers=cookie(desk, role))


async def post(desk, action, headers=None, **fields):
    return await desk.client.post(f"{PATH}/{action}", data=fields, headers=headers or cookie(desk))


def claimed(appeal_id):
    return CaseClaimed(appeal_id=appeal_id, actor_role="specialist")


def routed(appeal_id):
    return AppealRouted(
        appeal_id=appeal_id, kind="COMPLAINT", category=None, topic=None, statutory_form="ZAYAVLENIE", urgency="NORMAL", tier=2,
        queue="KZ-43/2/kk", region="KZ-43", language="kk", decision="auto", confidence=0.9, versions={},
    )  # fmt: skip


async def filed(desk):
    return UUID((await desk.file()).json()["appeal_id"])


async def parked(desk):
    async with desk.parts.database.read() as session:
        return [row.reason for row in await session.execute(tables.dead_letter.select().order_by(tables.dead_letter.c.id))]


class TestList:
    async def test_the_first_event_of_each_appeal_is_shown_with_what_waits_behind_it(self, desk):
        first, second = await filed(desk), await filed(desk)
        await park(desk, routed(first), claimed(first))
        await park(desk, routed(second))
        shown = (await page(desk)).text
        assert re.findall(r'<h2 id="e-\d+">([a-z-]+)', shown) == ["appeal-routed", "appeal-routed"]
        assert shown.index(str(first)) < shown.index(str(second))
        assert ("за ним ждёт 1 событие" in shown, "за ним ждёт 0 событий" in shown) == (True, True)

    async def test_an_empty_list_says_so(self, desk):
        assert "Отложенных событий нет" in (await page(desk)).text

    async def test_a_long_list_has_pages(self, desk, monkeypatch):
        monkeypatch.setattr("shared.web.parked.LISTED", 1)
        first, second = uuid4(), uuid4()
        await park(desk, claimed(first))
        await park(desk, claimed(second))
        shown = (await page(desk)).text
        assert (str(first) in shown, str(second) in shown) == (True, False)
        following = re.search(r'href="/intake/parked(\?cursor=[^"]+)"', shown)[1]
        assert str(second) in (await page(desk, following)).text

    @pytest.mark.parametrize("role", ["specialist", "analyst", "applicant"])
    async def test_it_is_for_administrators(self, desk, role):
        assert (await page(desk, role=role)).status_code == 403
        assert (await post(desk, "retry", cookie(desk, role), key=str(uuid4()))).status_code == 403
        visitor = await desk.client.get(PATH)
        assert (visitor.status_code, visitor.headers["location"]) == (303, "/sign-in?next=%2Fintake%2Fparked")


class TestRetry:
    async def test_what_is_mended_is_applied_in_order_and_who_did_it_is_recorded(self, desk):
        appeal_id = await filed(desk)
        await park(desk, routed(appeal_id), claimed(appeal_id))
        answer = await post(desk, "retry", key=str(appeal_id))
        assert answer.headers["location"] == f"{PATH}?flash=parked-applied"
        (tracking,) = await desk.rows(Tracking)
        assert (tracking.tier, tracking.status, await parked(desk)) == (2, "IN_REVIEW", [])
        (entry,) = await desk.rows(ContentRead)
        assert (entry.reader, entry.purpose, entry.ids, entry.appeal_id) == ("admin-1", "parked-event", [str(appeal_id)], None)
        assert (await post(desk, "retry", key=str(appeal_id))).headers["location"] == f"{PATH}?flash=parked-gone"

    async def test_what_fails_again_stays_with_what_is_behind_it(self, desk):
        appeal_id = await filed(desk)
        await park(desk, routed(appeal_id), claimed(appeal_id), broken=True)
        assert (await post(desk, "retry", key=str(appeal_id))).headers["location"] == f"{PATH}?flash=parked-again"
        assert await parked(desk) == ["KeyError", "behind"]

    async def test_another_site_cannot_post(self, desk):
        crossed = cookie(desk) | {"Sec-Fetch-Site": "cross-site"}
        assert (await post(desk, "retry", crossed, key=str(uuid4()))).status_code == 403


class TestDismiss:
    async def test_a_confirmed_dismissal_deletes_the_first_and_frees_the_others(self, desk):
        appeal_id = await filed(desk)
        await park(desk, routed(appeal_id), claimed(appeal_id), broken=True)
        row_id = re.search(r'name="id" value="(\d+)"', (await page(desk)).text)[1]
        assert (await post(desk, "dismiss", id=row_id)).headers["location"] == f"{PATH}?flash=parked-unsure"
        assert (await post(desk, "dismiss", id=row_id, sure="yes")).headers["location"] == f"{PATH}?flash=parked-dismissed"
        assert (await post(desk, "dismiss", id=row_id, sure="yes")).headers["location"] == f"{PATH}?flash=parked-gone"
        assert await parked(desk) == ["behind"]
        assert (await post(desk, "retry", key=str(appeal_id))).headers["location"] == f"{PATH}?flash=parked-applied"
        (tracking,) = await desk.rows(Tracking)
        assert (tracking.tier, tracking.status) == (None, "REGISTERED")

    async def test_an_event_that_waits_behind_another_is_not_dismissed(self, desk):
        await park(desk, routed(appeal_id := uuid4()), claimed(appeal_id))
        row_id = int(re.search(r'name="id" value="(\d+)"', (await page(desk)).text)[1])
        assert (await post(desk, "dismiss", id=str(row_id + 1), sure="yes")).headers["location"] == f"{PATH}?flash=parked-gone"
        assert await parked(desk) == ["KeyError", "behind"]

    async def test_nonsense_is_not_found(self, desk):
        assert (await post(desk, "dismiss", id="nonsense", sure="yes")).status_code == 404
        assert (await post(desk, "retry", key="nonsense")).status_code == 404
