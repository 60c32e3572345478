import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from routing.cases.models import ContentRead, History
from shared.auth import ROLES
from shared.messaging.tables import idempotency
from tests.routing.support import QUESTION, imported, registered

REGIONS = ("KZ-43", "KZ-75", "KZ-00")
SUBJECTS = {1: {"kind": "CONSULTATION", "topic": "PAY_RATES"}, 2: {"kind": "COMPLAINT", "category": "WAITING"},
            3: {"kind": "COMPLAINT", "category": "QUALITY_DEATH"}}  # fmt: skip
ANSWER = {"language": "kk", "text": "1414 нөміріне қоңырау шалыңыз."}


async def rows(desk, table):
    async with desk.parts.database.read() as session:
        return (await session.execute(select(table))).scalars().all()


async def every_page(desk, who, **wanted):
    """All the ids of a list, page by page, and the total that every page gave."""
    found, totals, cursor = [], set(), None
    while True:
        page = (await desk.get("/cases", who, **wanted, **({"cursor": cursor} if cursor else {}))).json()
        found += [item["appeal_id"] for item in page["items"]]
        totals.add(page["total"])
        cursor = page["next_cursor"]
        if cursor is None:
            return found, totals


def sees(role: str, own_region: str | None, region: str, tier: int, protection: str | None = None) -> bool:
    """Return whether a role sees a case, by the rules of the HTTP surface and the policy of protected cases."""
    if protection is not None:
        named = role in {"admin", "expert"} or (role in {"supervisor", "head"} and own_region == "KZ-00")
        return named and not (protection == "FUND" and own_region == region)
    if role == "admin":
        return True
    if role == "operator":
        return own_region in (None, region)
    if role in {"specialist", "supervisor", "head"}:
        return own_region == region
    return role == "expert" and tier == 3


class TestVisibility:
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])
    @given(
        made=st.lists(st.tuples(st.sampled_from(REGIONS), st.sampled_from(sorted(SUBJECTS))), min_size=1, max_size=5),
        role=st.sampled_from(["operator", "specialist", "expert", "supervisor", "head", "admin"]),
        own_region=st.sampled_from([None, *REGIONS]),
        limit=st.integers(1, 7),
    )
    async def test_list_count_search_and_item_show_the_same_cases_and_no_other(self, desk, made, role, own_region, limit):
        events = {event.appeal_id: (event, tier) for region, tier in made for event in [registered(region=region, **SUBJECTS[tier])]}
        await desk.apply(*(event for event, _ in events.values()))
        everything = {str(key): (event, tier) for key, (event, tier) in events.items()}
        who = desk.token(role, region=own_region)
        listed, totals = await every_page(desk, who, limit=limit)
        assert totals == {len(listed)}
        assert len(set(listed)) == len(listed)
        for appeal_id, (event, tier) in everything.items():
            visible = sees(role, own_region, event.region, tier)
            item = await desk.get(f"/cases/{appeal_id}", who)
            searched = (await desk.get("/cases", who, query=event.number)).json()
            assert (appeal_id in listed) == visible
            assert item.status_code == (200 if visible else 404)
            assert searched["total"] == len(searched["items"]) == int(visible)

    async def test_an_invisible_case_gets_the_same_response_as_a_missing_one(self, desk):
        appeal_id = await desk.open()
        stranger = desk.token("head", region="KZ-75")
        hidden, missing = await desk.get(f"/cases/{appeal_id}", stranger), await desk.get(f"/cases/{uuid4()}", stranger)
        assert (hidden.status_code, hidden.content) == (missing.status_code, missing.content)

    @pytest.mark.parametrize("role", sorted(ROLES - {"operator", "specialist", "expert", "supervisor", "head", "admin"}))
    async def test_the_desk_is_for_staff(self, desk, role):
        appeal_id = await desk.open()
        who = desk.token(role)
        answers = [
            await desk.get("/cases", who), await desk.get(f"/cases/{appeal_id}", who), await desk.carry_out(appeal_id, "claim", who),
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [403, 403, 403]

    async def test_without_a_token_it_is_401(self, desk):
        assert (await desk.get("/cases")).status_code == 401


class TestListCases:
    async def test_the_next_due_comes_first_and_the_finished_last(self, desk):
        done = imported()
        await desk.apply(done)
        later, sooner = await desk.open(), await desk.open(text=QUESTION, kind="CONSULTATION")
        listed, _ = await every_page(desk, desk.token("admin"), limit=1)
        assert listed == [str(sooner), str(later), str(done.appeal_id)]

    async def test_scope_mine_lists_own_open_cases_and_queue_unassigned_ones(self, desk):
        operator = desk.token("operator", subject="one")
        mine, answered, free = await desk.open(text=QUESTION, kind="CONSULTATION"), await desk.open(kind="CONSULTATION"), await desk.open()
        for appeal_id in (mine, answered):
            await desk.carry_out(appeal_id, "claim", operator)
        await desk.carry_out(answered, "answer", operator, **ANSWER)
        await desk.carry_out(answered, "close", operator, outcome="EXPLAINED")
        await desk.apply(imported())
        assert (await every_page(desk, operator, scope="mine"))[0] == [str(mine)]
        assert (await every_page(desk, operator, scope="queue"))[0] == [str(free)]
        assert (await every_page(desk, operator, scope="mine", status="CLOSED"))[0] == [str(answered)]

    async def test_scope_region_uses_the_region_of_the_token(self, desk):
        here, _there = await desk.open(region="KZ-75"), await desk.open(region="KZ-43")
        assert (await every_page(desk, desk.token("operator", region="KZ-75"), scope="region"))[0] == [str(here)]
        assert (await every_page(desk, desk.token("operator"), scope="region"))[0] == []

    async def test_filters_narrow_the_list_and_its_total_alike(self, desk):
        complaint, question = await desk.open(), await desk.open(text=QUESTION, kind="CONSULTATION")
        who = desk.token("admin")
        desk.clock.advance(timedelta(days=5))
        for wanted, ids in (
            ({"tier": 2}, [complaint]),
            ({"kind": "CONSULTATION"}, [question]),
            ({"overdue": "true"}, [question]),
            ({"overdue": "false"}, [complaint]),
            ({"status": "ANSWERED"}, []),
        ):
            assert await every_page(desk, who, **wanted) == ([str(each) for each in ids], {len(ids)})

    async def test_a_number_is_found_by_its_beginning_however_it_is_typed(self, desk):
        event = registered(number="2026-43-7654321-9")
        await desk.apply(event, registered(number="2026-43-7654320-9"))
        who = desk.token("admin")
        for typed, many in (("2026-43-7654321-9", 1), ("20264376543219", 1), ("2026 43 765", 2), ("2027", 0), ("арыз", 0), ("9" * 15, 0)):
            assert (await desk.get("/cases", who, query=typed)).json()["total"] == many

    @pytest.mark.parametrize(
        "wanted",
        [
            {"scope": "theirs"}, {"status": "LOST"}, {"tier": 4}, {"kind": "POEM"}, {"limit": 0}, {"limit": 201}, {"overdue": "perhaps"},
            {"cursor": "zzz"}, {"cursor": "WyJub3QiLCJhIl0"}, {"query": "1" * 41},
        ],
    )  # fmt: skip
    async def test_an_invalid_filter_is_422(self, desk, wanted):
        answer = await desk.get("/cases", desk.token("admin"), **wanted)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")

    @pytest.mark.parametrize("path", ["/cases", f"/cases/{UUID(int=1)}", "/articles", "/deadlines"])
    async def test_an_unknown_parameter_is_refused_by_its_name(self, desk, path):
        refused = await desk.get(path, desk.token("admin"), **{"statsu": "NEW", "policy": "APPK_15WD", "from": "2026-02-02"})
        assert refused.status_code == 422
        assert ("statsu", "unknown-field") in [(error["field"], error["code"]) for error in refused.json()["errors"]]

    @pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # the format of the plan is that of SQLite
    async def test_work_lists_are_answered_by_an_index_of_open_cases(self, desk):
        async with desk.parts.database.read() as session:
            plan = await session.connection()
            rows = await plan.exec_driver_sql(
                "EXPLAIN QUERY PLAN SELECT * FROM appeal_case WHERE assignee = 'x' AND closed_at IS NULL ORDER BY next_due_at, appeal_id"
            )
            assert any("ix_case_open_assignee" in str(row) for row in rows)


class TestActions:
    async def test_a_repeat_with_the_same_key_gets_the_same_response_and_changes_nothing(self, desk):
        appeal_id, who = await desk.open(), desk.token("operator")
        first = await desk.carry_out(appeal_id, "claim", who, key="k-1", expected_version=1)
        again = await desk.carry_out(appeal_id, "claim", who, key="k-1", expected_version=1)
        assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (200, first.content, "true")
        assert len(await rows(desk, History)) == 2

    async def test_one_key_for_two_operations_is_refused(self, desk):
        appeal_id, who = await desk.open(), desk.token("operator")
        await desk.carry_out(appeal_id, "claim", who, key="k-1", expected_version=1)
        other = await desk.carry_out(appeal_id, "escalate", who, key="k-1", expected_version=2, reason="URGENT")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")

    async def test_a_refusal_is_not_stored(self, desk):
        appeal_id, who = await desk.open(), desk.token("operator")
        assert (await desk.carry_out(appeal_id, "close", who, key="k", expected_version=1, outcome="NOTED")).status_code == 409
        assert await rows(desk, idempotency.c.key) == []

    async def test_a_stored_response_is_sealed(self, desk):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        await desk.carry_out(appeal_id, "answer", desk.token("operator"), key="k", **ANSWER)
        assert "қоңырау".encode() not in await desk.engine.stored(desk.parts.database)

    async def test_one_of_ten_concurrent_claims_succeeds(self, desk):
        appeal_id = await desk.open()
        claims = [desk.carry_out(appeal_id, "claim", desk.token("operator", subject=f"o{n}"), expected_version=1) for n in range(10)]
        codes = sorted([answer.status_code for answer in await asyncio.gather(*claims)])
        assert codes == [200] + [409] * 9

    @pytest.mark.parametrize(
        ("action", "fields", "field"),
        [
            ("claim", {"expected_version": "1"}, "expected_version"),
            ("claim", {"expected_version": 0}, "expected_version"),
            ("claim", {"note": "x"}, "note"),
            ("assign", {}, "assignee"),
            ("assign", {"assignee": "  "}, "assignee"),
            ("classify", {"kind": "POEM"}, "kind"),
            ("classify", {"kind": "COMPLAINT", "category": "POEM"}, "category"),
            ("escalate", {}, "reason"),
            ("answer", {"language": "fr", "text": "x"}, "language"),
            ("answer", {"language": "kk", "text": "x" * 20_001}, "text"),
            ("answer", {"language": "kk", "text": "x", "findings": [{"category": "WAITING"}]}, "findings.0.outcome"),
            ("close", {"outcome": "LOST"}, "outcome"),
        ],
    )
    async def test_an_invalid_field_is_named_and_its_value_is_not_echoed(self, desk, action, fields, field):
        refused = await desk.carry_out(await desk.open(), action, desk.token("head", region="KZ-43"), **({"expected_version": 1} | fields))
        assert refused.status_code == 422
        assert field in [error["field"] for error in refused.json()["errors"]]
        assert "POEM" not in refused.text

    async def test_an_action_that_does_not_exist_is_not_found(self, desk):
        assert (await desk.carry_out(await desk.open(), "juggle", desk.token("operator"), expected_version=1)).status_code == 404


class TestContents:
    async def test_a_service_reads_an_answer_by_its_id_and_the_access_is_recorded(self, desk):
        appeal_id = await desk.open(text=QUESTION, kind="CONSULTATION")
        await desk.carry_out(appeal_id, "answer", desk.token("operator"), **ANSWER)
        answer_id = next(value for fact, value in await desk.emitted() if fact == "answer-given").decode().split('answer_id":"')[1][:36]
        unknown = str(uuid4())
        asked = {"ids": [answer_id, unknown], "purpose": "tracking", "on_behalf_of": "applicant"}
        found = await desk.client.post("/routing/internal/v1/contents", json=asked, headers=desk.token("service", subject="intake"))
        items = {item["id"]: item for item in found.json()["items"]}
        assert items[unknown] == {"id": unknown, "found": False, "content": None}
        unsaid = {"findings": [], "next_steps": None, "how_to_complain": None, "sources": []}
        assert items[answer_id]["content"] == ANSWER | unsaid | {"at": "2026-02-02T09:15:00Z"}
        (read,) = await rows(desk, ContentRead)
        assert (read.reader, read.on_behalf_of, read.purpose, read.ids) == ("intake", "applicant", "tracking", [answer_id, unknown])

    @pytest.mark.parametrize("role", sorted(ROLES - {"service"}))
    async def test_no_other_role_reads_contents(self, desk, role):
        asked = {"ids": [], "purpose": "tracking"}
        assert (await desk.client.post("/routing/internal/v1/contents", json=asked, headers=desk.token(role))).status_code == 403

    async def test_an_unknown_purpose_is_refused(self, desk):
        asked = {"ids": [], "purpose": "curiosity"}
        refused = await desk.client.post("/routing/internal/v1/contents", json=asked, headers=desk.token("service"))
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "purpose")
        async with desk.parts.database.read() as session:
            assert (await session.execute(select(func.count()).select_from(ContentRead))).scalar_one() == 0
