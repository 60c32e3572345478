"""The filters and orders of the list of cases, compared with what the cases themselves say."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from routing.cases.repository import listing
from shared.contracts import MessageAdded
from tests.routing.support import PROVIDER, imported, registered, sent

DAY = timedelta(days=1)
SUBJECTS = (
    {"kind": "COMPLAINT", "category": "WAITING", "channel": "WEB", "language": "kk"},
    {"kind": "COMPLAINT", "category": "QUALITY_DEATH", "channel": "APP", "language": "ru", "region": "KZ-75"},
    {"kind": "CONSULTATION", "topic": "PAY_RATES", "channel": "CALL_1406", "language": "en", "provider_id": PROVIDER},
    {"kind": "CONSULTATION", "topic": "STATUS_CHECK", "channel": "WEB", "language": "ru"},
)


async def pages(desk, who, **wanted) -> tuple[list[dict], set[int]]:
    """Return every item of a list, read two at a time, and the totals that the pages gave."""
    items, totals, cursor = [], set(), None
    while True:
        answer = await desk.get("/cases", who, limit=2, **wanted, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        totals.add(page["total"])
        cursor = page["next_cursor"]
        if cursor is None:
            return items, totals


async def ids(desk, who, **wanted) -> list[str]:
    """Return the ids of a list; its totals must agree with it."""
    items, totals = await pages(desk, who, **wanted)
    assert totals == {len(items)}
    return [item["appeal_id"] for item in items]


@pytest.fixture
async def cases(desk) -> list[str]:
    """Return the ids of one case of each subject, received on following days, and of a closed one."""
    made = [registered(received_at=desk.clock.now() + n * DAY, **subject) for n, subject in enumerate(SUBJECTS)]
    for event in made:
        await desk.apply(event)
        desk.clock.advance(timedelta(minutes=1))
    done = imported()
    await desk.apply(done)
    return [str(event.appeal_id) for event in (*made, done)]


class TestFilters:
    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            ({"category": "WAITING"}, {0, 4}), ({"category": "QUALITY_DEATH"}, {1}), ({"topic": "PAY_RATES"}, {2}),
            ({"channel": "WEB"}, {0, 3}), ({"channel": "CALL_1406"}, {2, 4}), ({"channel": "WEB", "language": "ru"}, {3}),
            ({"language": "kk"}, {0, 4}), ({"language": "en"}, {2}),
            ({"provider_id": str(PROVIDER)}, {2}), ({"provider_id": str(UUID(int=7))}, set()),
            ({"urgency": "NORMAL"}, {0, 1, 2, 3, 4}), ({"urgency": "URGENT"}, set()),
            ({"status": "CLOSED"}, {4}), ({"tier": 1}, {2, 3}), ({"tier": 3}, {1}),
            ({"queue": "KZ-75/3/ru"}, {1}), ({"queue": "KZ-75/3/kk"}, set()), ({"assignee": "nobody"}, set()),
            ({"received_from": "2026-02-03"}, {1, 2, 3}), ({"received_to": "2026-02-03"}, {0, 1, 4}),
            ({"received_from": "2026-02-03", "received_to": "2026-02-03"}, {1}), ({"received_from": "0001-01-01"}, {0, 1, 2, 3, 4}),
            ({"received_to": "9999-12-31", "kind": "CONSULTATION"}, {2, 3}),
            ({"received_from": "2026-02-04", "received_to": "2026-02-03"}, set()),
            ({"has_news": "true"}, set()), ({"has_news": "false"}, {0, 1, 2, 3, 4}), ({"overdue": "true"}, set()),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("sort", ["due", "received", "updated"])
    async def test_each_filter_finds_its_cases_in_every_order(self, desk, cases, wanted, expected, sort):
        found = await ids(desk, desk.token("admin"), sort=sort, **wanted)
        assert set(found) == {cases[index] for index in expected}
        assert len(found) == len(expected)

    async def test_a_day_of_receipt_is_a_day_of_the_capital(self, desk):
        late = registered(received_at=datetime(2026, 2, 2, 19, 30, tzinfo=UTC))  # 00:30 on the third in Astana
        await desk.apply(late)
        who = desk.token("admin")
        assert await ids(desk, who, received_to="2026-02-02") == []
        assert await ids(desk, who, received_from="2026-02-03") == [str(late.appeal_id)]

    async def test_news_are_found_until_a_clerk_acts(self, desk, cases):
        who = desk.token("specialist", region="KZ-43")
        await desk.apply(MessageAdded(appeal_id=UUID(cases[0]), message_id=uuid4(), attachments=0))
        assert await ids(desk, who, has_news="true") == [cases[0]]
        await desk.carry_out(UUID(cases[0]), "claim", who)
        assert await ids(desk, who, has_news="true") == []

    @pytest.mark.parametrize("typed", ["2026-43-7654321-9", "№ 2026 43 7654321 9", "7654321-9", "76543219", "7654321", "  765–4321–9 "])
    async def test_a_number_is_found_whole_or_by_its_end_as_pasted(self, desk, typed):
        wanted = registered(number="2026-43-7654321-9")
        await desk.apply(wanted, registered(number="2026-43-7654322-6"))
        assert await ids(desk, desk.token("admin"), number=typed) == [str(wanted.appeal_id)]

    @pytest.mark.parametrize(
        "wanted",
        [
            {"category": "POEM"}, {"topic": "POEM"}, {"provider_id": "7"}, {"channel": "PIGEON"}, {"language": "fr"}, {"urgency": "SOON"},
            {"received_from": "yesterday"}, {"received_to": "2026-02-30"}, {"has_news": "perhaps"}, {"sort": "colour"}, {"queue": "q" * 41},
            {"assignee": "a" * 201},
        ],
    )  # fmt: skip
    async def test_an_invalid_value_is_refused_by_the_name_of_its_field(self, desk, wanted):
        refused = await desk.get("/cases", desk.token("admin"), **wanted)
        assert refused.status_code == 422
        assert [error["field"] for error in refused.json()["errors"]] == list(wanted)


class TestOrder:
    async def test_received_and_updated_begin_with_the_latest(self, desk, cases):
        who = desk.token("admin")
        assert await ids(desk, who, sort="received") == [*reversed(cases[:4]), cases[4]]
        await desk.apply(sent(UUID(cases[0])))
        assert (await ids(desk, who, sort="updated"))[0] == cases[0]
        desk.clock.advance(DAY)
        await desk.carry_out(UUID(cases[2]), "claim", desk.token("operator"))
        items, _ = await pages(desk, who, sort="updated")
        assert [item["appeal_id"] for item in items][:2] == [cases[2], cases[0]]
        times = [item["updated_at"] for item in items]
        assert times == sorted(times, reverse=True)

    @pytest.mark.usefixtures("cases")
    async def test_a_cursor_of_another_order_is_refused(self, desk):
        who = desk.token("admin")
        cursor = (await desk.get("/cases", who, limit=1, sort="received")).json()["next_cursor"]
        refused = await desk.get("/cases", who, limit=1, sort="due", cursor=cursor)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "bad-cursor")

    async def test_cases_of_one_moment_are_all_listed_once(self, desk):
        made = [registered(received_at=desk.clock.now()) for _ in range(7)]
        await desk.apply(*made)
        for sort in ("due", "received", "updated"):
            found = await ids(desk, desk.token("admin"), sort=sort)
            assert sorted(found) == sorted(str(event.appeal_id) for event in made)


class TestItems:
    async def test_an_item_names_the_clerk(self, desk, cases):
        who = desk.token("operator", subject="one", name="Сынақ Айгүл")
        await desk.carry_out(UUID(cases[2]), "claim", who)
        items, _ = await pages(desk, who)
        claimed = next(item for item in items if item["appeal_id"] == cases[2])
        free = next(item for item in items if item["appeal_id"] == cases[0])
        assert (claimed["assignee_name"], claimed["provider_id"]) == ("Сынақ Айгүл", str(PROVIDER))
        assert (free["assignee_name"], free["provider"], free["has_news"], free["overdue"]) == (None, None, False, False)


class TestLargeCounts:
    async def test_a_large_count_is_stored_for_seconds_and_never_with_a_filter(self, desk, cases, monkeypatch):
        operator = desk.token("operator")
        monkeypatch.setattr(listing, "LARGE", len(cases))
        _items, totals = await pages(desk, operator)
        assert totals == {len(cases)}
        await desk.apply(registered())
        _items, totals = await pages(desk, operator)
        assert totals == {len(cases)}, "counted a moment ago"
        items, totals = await pages(desk, operator, received_from="0001-01-01")
        assert totals == {len(items)} == {len(cases) + 1}
        desk.clock.advance(listing.FRESH)
        _items, totals = await pages(desk, operator)
        assert totals == {len(cases) + 1}
