"""The staff known to the desk: their open cases, and their absences."""

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.contracts import AppealWithdrawn
from tests.routing.cases.test_api import sees
from tests.routing.support import NOW, registered

COMPLAINT = {"kind": "COMPLAINT", "category": "WAITING", "has_text": False}
BACK = "2026-03-02"


def clerk(desk, subject="aigul", region="KZ-43", role="specialist"):
    return desk.token(role, region=region, subject=subject, name=f"Сынақ {subject}")


async def known(desk, *subjects, region="KZ-43", role="specialist"):
    for subject in subjects:
        assert (await desk.get("/cases", clerk(desk, subject, region, role))).status_code == 200


async def absence(desk, who, until=BACK, subject=None, key=None):
    headers = who | ({"Idempotency-Key": key} if key else {})
    return await desk.client.post("/routing/v1/colleagues/absence", headers=headers, json={"subject": subject, "absent_until": until})


async def listed(desk, who, **params):
    answer = await desk.get("/colleagues", who, **params)
    assert answer.status_code == 200, answer.text
    return {each["subject"]: each for each in answer.json()["items"]}


class TestTheList:
    async def test_it_counts_the_open_and_overdue_cases_of_each_as_the_list_of_cases_does(self, desk):
        await known(desk, "aigul", "daulet")
        events = [registered(**COMPLAINT) for _ in range(4)]
        await desk.apply(*events)
        for event in events[:3]:
            await desk.carry_out(event.appeal_id, "claim", clerk(desk))
        await desk.apply(AppealWithdrawn(appeal_id=events[0].appeal_id, reason="OTHER"))
        desk.clock.advance(timedelta(days=60))
        await desk.carry_out(events[3].appeal_id, "claim", clerk(desk, "daulet"))
        found = await listed(desk, clerk(desk, "saule", role="supervisor"))
        assert {subject: (each["open"], each["overdue"]) for subject, each in found.items()} == {
            "aigul": (2, 2),
            "daulet": (1, 1),
            "saule": (0, 0),
        }
        for subject, each in found.items():
            for name, more in (("open", {}), ("overdue", {"overdue": "true"})):
                total = (await desk.get("/cases", clerk(desk), assignee=subject, open="true", **more)).json()["total"]
                assert total == each[name]

    async def test_colleagues_of_another_region_are_left_out_and_a_region_can_be_asked_for(self, desk):
        await known(desk, "aigul")
        await known(desk, "almaty", region="KZ-75")
        await known(desk, "anywhere", region=None, role="operator")
        assert set(await listed(desk, clerk(desk))) == {"aigul", "anywhere"}
        assert set(await listed(desk, desk.token("admin"))) == {"aigul", "almaty", "anywhere"}
        assert set(await listed(desk, desk.token("admin"), region="KZ-75")) == {"almaty"}
        assert (await desk.get("/colleagues", desk.token("admin"), region="KZ-99")).status_code == 422

    @pytest.mark.parametrize("role", ["specialist", "supervisor", "expert", "operator", "admin"])
    async def test_it_counts_what_the_reader_sees_and_nothing_else(self, desk, role):
        subjects = [{"kind": "COMPLAINT", "category": "WAITING"}, {"kind": "COMPLAINT", "category": "QUALITY_DEATH"}]
        events = [registered(region=region, has_text=False, **subject) for region in ("KZ-43", "KZ-75") for subject in subjects]
        await desk.apply(*events)
        boss = desk.token("operator", subject="aigul", name="Сынақ")
        cases = {event.appeal_id: await desk.case(event.appeal_id) for event in events}
        for key in cases:
            assert (await desk.carry_out(key, "claim", boss)).status_code == 200
        region = "KZ-43" if role in {"specialist", "supervisor"} else None
        seen = sum(sees(role, region, case["region"], case["tier"]) for case in cases.values())
        found = await listed(desk, desk.token(role, subject="reader", **({"region": region} if region else {})))
        assert found["aigul"]["open"] == seen

    async def test_whoever_sees_no_case_sees_no_colleague(self, desk):
        await known(desk, "aigul")
        assert await listed(desk, desk.token("specialist", subject="nowhere")) == {}

    async def test_it_has_pages(self, desk):
        await known(desk, "a", "b", "c")
        first = (await desk.get("/colleagues", clerk(desk, "a"), limit=2)).json()
        second = (await desk.get("/colleagues", clerk(desk, "a"), limit=2, cursor=first["next_cursor"])).json()
        assert [each["subject"] for each in first["items"] + second["items"]] == ["a", "b", "c"]
        assert (first["total"], second["next_cursor"]) == (3, None)


class TestAbsence:
    async def test_everybody_records_their_own_and_ends_it_early(self, desk):
        answer = await absence(desk, clerk(desk))
        assert (answer.status_code, answer.json()["absent_until"]) == (200, BACK)
        assert (await listed(desk, clerk(desk)))["aigul"]["absent_until"] == BACK
        assert (await absence(desk, clerk(desk), None)).json()["absent_until"] is None
        assert (await listed(desk, clerk(desk)))["aigul"]["absent_until"] is None

    async def test_it_ends_by_itself_on_the_day_of_return(self, desk):
        await absence(desk, clerk(desk))
        desk.clock.advance(timedelta(days=27))  # 1 March
        assert (await listed(desk, clerk(desk)))["aigul"]["absent_until"] == BACK
        desk.clock.advance(timedelta(days=1))
        assert (await listed(desk, clerk(desk)))["aigul"]["absent_until"] is None

    async def test_a_later_visit_keeps_it(self, desk):
        await absence(desk, clerk(desk))
        desk.clock.advance(timedelta(days=1))
        await known(desk, "aigul")
        assert (await listed(desk, clerk(desk)))["aigul"]["absent_until"] == BACK

    @pytest.mark.parametrize(
        ("role", "region", "status"),
        [
            ("supervisor", "KZ-43", 200),
            ("head", "KZ-43", 200),
            ("supervisor", "KZ-75", 404),
            ("specialist", "KZ-43", 404),
            ("supervisor", None, 404),
        ],
    )
    async def test_that_of_others_is_recorded_by_the_supervisor_and_the_head_of_their_region(self, desk, role, region, status):
        await known(desk, "aigul")
        who = desk.token(role, subject="other", **({"region": region} if region else {}))
        assert (await absence(desk, who, subject="aigul")).status_code == status
        assert (await listed(desk, clerk(desk)))["aigul"]["absent_until"] == (BACK if status == 200 else None)
        unknown = await absence(desk, who, subject="nobody")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")

    async def test_the_day_of_return_is_after_today(self, desk):
        for day in (f"{NOW:%Y-%m-%d}", "2020-01-01"):
            answer = await absence(desk, clerk(desk), day)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "too-early")

    async def test_a_repeat_under_its_key_gets_the_first_answer_unless_the_region_was_left(self, desk):
        await known(desk, "aigul")
        key, boss = str(uuid4()), clerk(desk, "saule", role="supervisor")
        first = await absence(desk, boss, subject="aigul", key=key)
        assert (await absence(desk, boss, subject="aigul", key=key)).json() == first.json()
        await known(desk, "aigul", region="KZ-75")
        assert (await absence(desk, boss, subject="aigul", key=key)).status_code == 404


class TestAssigning:
    async def test_an_absent_colleague_gets_no_case_until_the_day_of_return(self, desk):
        await absence(desk, clerk(desk))
        await known(desk, "daulet")
        appeal_id, boss = await desk.open(**COMPLAINT), clerk(desk, "saule", role="supervisor")
        refused = await desk.carry_out(appeal_id, "assign", boss, assignee="aigul")
        assert (refused.status_code, refused.json()["code"], refused.json()["absent_until"]) == (422, "colleague-absent", BACK)
        unknown = (await desk.carry_out(appeal_id, "assign", boss, assignee="nobody")).json()
        assert {each["subject"] for each in unknown["colleagues"]} == {"daulet", "saule"}
        sent = {"action": "assign", "fields": {"assignee": "aigul"}, "cases": [{"appeal_id": str(appeal_id), "expected_version": 1}]}
        many = (await desk.client.post("/routing/v1/bulk", headers=boss, json=sent)).json()
        assert many == {"done": [], "refused": [{"appeal_id": str(appeal_id), "code": "colleague-absent"}]}
        await absence(desk, clerk(desk), None)
        assert (await desk.carry_out(appeal_id, "assign", boss, assignee="aigul")).status_code == 200
