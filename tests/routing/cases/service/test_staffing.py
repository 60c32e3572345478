"""What supervisors and heads decide about the people of their region, over HTTP."""

from uuid import uuid4

import pytest

from tests.routing.cases.service.test_colleagues import absence, clerk, known, listed
from tests.routing.people import REGION, add_waiting, assign_all, assignees, claims, entries, switch_on
from tests.routing.support import NOW

SHIFT = {"begins": "08:00", "ends": "12:00"}
RU = f"{REGION}/2/ru"


def boss(desk, subject="saule", role="supervisor", region=REGION):
    return clerk(desk, subject, region, role)


async def post(desk, path, who, key=None, **sent):
    headers = who | ({"Idempotency-Key": key} if key else {})
    return await desk.client.post(f"/routing/v1{path}", headers=headers, json=sent)


class TestStaffing:
    async def test_capacity_skills_and_shifts_are_set_and_shown(self, desk):
        await known(desk, "aigul")
        assert (await listed(desk, boss(desk)))["aigul"] | {"name": None} == {
            "subject": "aigul",
            "name": None,
            "role": "specialist",
            "region": REGION,
            "open": 0,
            "overdue": 0,
            "absent_until": None,
            "capacity": 40,
            "languages": None,
            "tiers": [1, 2],
            "present": True,
        }
        sent = {"capacity": 5, "languages": ["ru", "kk"], "tiers": [2], "shifts": [SHIFT] * 5 + [None] * 2}
        answer = await post(desk, "/colleagues/staffing", boss(desk), subject="aigul", **sent)
        assert answer.status_code == 200, answer.text
        found = (await listed(desk, boss(desk)))["aigul"]
        assert found == answer.json()
        assert [found[name] for name in ("capacity", "languages", "tiers", "present")] == [5, ["kk", "ru"], [2], False]  # it is 14:15

    @pytest.mark.parametrize(
        "wrong",
        [
            {"capacity": -1},
            {"capacity": 1_001},
            {"languages": []},
            {"languages": ["de"]},
            {"languages": ["kk", "kk"]},
            {"tiers": [0]},
            {"tiers": [2, 2]},
            {"shifts": [SHIFT] * 6},
            {"shifts": [{"begins": "12:00", "ends": "08:00"}] * 7},
            {"shifts": [{"begins": "12:00", "ends": "18:00:30"}] * 7},
            {"shifts": [{"begins": "12:00Z", "ends": "18:00"}] * 7},
            {"shifts": [{"begins": "12:00", "ends": "24:00"}] * 7},
        ],
    )
    async def test_wrong_values_are_refused(self, desk, wrong):
        await known(desk, "aigul")
        answer = await post(desk, "/colleagues/staffing", boss(desk), subject="aigul", **wrong)
        assert answer.status_code == 422, answer.text

    @pytest.mark.parametrize("path", ["staffing", "reassignment"])
    async def test_nobody_decides_about_people_of_another_region(self, desk, path):
        await known(desk, "aigul")
        sent = {"subject": "aigul"} | ({"to": "QUEUE"} if path == "reassignment" else {})
        for who, status in (
            (boss(desk, region="KZ-75"), 404),
            (boss(desk, "head", "head", "KZ-75"), 404),
            (clerk(desk), 403),
            (boss(desk, "nowhere", region=None), 403),
        ):
            assert (await post(desk, f"/colleagues/{path}", who, **sent)).status_code == status
        assert (await post(desk, f"/colleagues/{path}", boss(desk), **sent | {"subject": "nobody"})).status_code == 404

    async def test_whoever_left_is_assigned_nothing_until_back(self, desk):
        await known(desk, "aigul", "daulet")
        [case] = await add_waiting(desk, 1)
        await post(desk, "/colleagues/staffing", boss(desk), subject="aigul", works_here=False)
        refused = await desk.carry_out(case, "assign", boss(desk), assignee="aigul")
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown-assignee")
        assert {each["subject"] for each in refused.json()["colleagues"]} == {"daulet", "saule"}
        assert set(refused.json()["colleagues"][0]) == {"subject", "name", "role", "region", "absent_until"}
        await post(desk, "/colleagues/staffing", boss(desk), subject="aigul")
        assert (await desk.carry_out(case, "assign", boss(desk), assignee="aigul")).status_code == 200


class TestQueues:
    async def test_a_supervisor_sees_and_switches_the_queues_of_the_region(self, desk):
        await known(desk, "aigul")
        await add_waiting(desk, 3)
        await add_waiting(desk, 2, region="KZ-75")
        found = {each["queue"]: each for each in (await desk.get("/queues", boss(desk))).json()["items"]}
        assert len(found) == 8
        assert found[RU] == {"queue": RU, "region": REGION, "automatic": False, "waiting": 3, "able": 1}
        answer = await post(desk, "/queues/automatic", boss(desk), queue=RU, automatic=True)
        assert (answer.status_code, answer.json()) == (200, found[RU] | {"automatic": True})
        assert await assign_all(desk) == 3
        answer = await post(desk, "/queues/automatic", boss(desk), queue=RU, automatic=False)
        assert answer.json() == found[RU] | {"waiting": 0}

    async def test_those_of_other_regions_are_not_theirs(self, desk):
        for queue in ("KZ-75/2/ru", "KZ-43/9/ru", "nonsense"):
            answer = await post(desk, "/queues/automatic", boss(desk), queue=queue, automatic=True)
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown-code")
        for who in (clerk(desk), desk.token("expert", subject="e"), desk.token("admin"), boss(desk, "nowhere", region=None)):
            assert (await desk.get("/queues", who)).status_code == 403
            assert (await post(desk, "/queues/automatic", who, queue=RU, automatic=True)).status_code == 403


class TestReassignment:
    async def reassign(self, desk, to, key=None, **more):
        answer = await post(desk, "/colleagues/reassignment", boss(desk), key, subject="aigul", to=to, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def test_all_open_cases_go_back_to_the_queue_in_one_step(self, desk):
        await known(desk, "aigul", "daulet")
        cases = await add_waiting(desk, 3, assignee="aigul")
        closed = await add_waiting(desk, 1, assignee="aigul", closed_at=NOW, status="CLOSED", outcome="JUSTIFIED")
        others = await add_waiting(desk, 1, assignee="daulet")
        assert await self.reassign(desk, "QUEUE", leaves=True) == {"cases": 3, "assigned": 0, "queued": 3, "held": 0}
        assert await assignees(desk) == dict.fromkeys(cases) | dict.fromkeys(closed, "aigul") | dict.fromkeys(others, "daulet")
        assert sorted(await entries(desk, "case-queued")) == sorted((case, "supervisor", "saule") for case in cases)
        assert await claims(desk) == []
        refused = await desk.carry_out(cases[0], "assign", boss(desk), assignee="x")
        assert "aigul" not in {each["subject"] for each in refused.json()["colleagues"]}

    async def test_those_present_share_them_and_the_rest_is_queued(self, desk):
        await known(desk, "aigul", "daulet", "marat")
        await post(desk, "/colleagues/staffing", boss(desk), subject="daulet", capacity=2)
        await absence(desk, clerk(desk, "marat"))
        cases = await add_waiting(desk, 3, assignee="aigul")
        answered = await add_waiting(desk, 1, assignee="aigul", status="ANSWERED")
        held = await add_waiting(desk, 1, assignee="aigul", sends_at=NOW, sending_by="aigul")
        key = str(uuid4())
        assert await self.reassign(desk, "SHARED", key) == {"cases": 5, "assigned": 2, "queued": 2, "held": 1}
        found = await assignees(desk)
        assert found == {cases[0]: "daulet", cases[1]: "daulet", cases[2]: None, answered[0]: None, held[0]: "aigul"}
        assert sorted(await claims(desk)) == sorted(cases[:2])
        assert sorted(await entries(desk, "case-assigned")) == sorted((case, "supervisor", "saule") for case in cases[:2])
        assert (await self.reassign(desk, "SHARED", key))["assigned"] == 2
        assert await assignees(desk) == found

    async def test_the_deputy_of_an_absent_colleague_gets_them(self, desk):
        await known(desk, "aigul", "daulet")
        await add_waiting(desk, 2, assignee="aigul")
        nobody = await post(desk, "/colleagues/reassignment", boss(desk), subject="aigul", to="DEPUTY")
        assert (nobody.status_code, nobody.json()["errors"][0]["field"]) == (422, "to")
        sent = {"subject": "aigul", "absent_until": "2026-03-02", "deputy": "daulet"}
        assert (await post(desk, "/colleagues/absence", boss(desk), **sent)).status_code == 200
        assert await self.reassign(desk, "DEPUTY") == {"cases": 2, "assigned": 2, "queued": 0, "held": 0}
        assert set((await assignees(desk)).values()) == {"daulet"}

    async def test_what_is_queued_is_assigned_by_rule_where_that_is_switched_on(self, desk):
        await known(desk, "aigul", "daulet")
        await switch_on(desk, RU)
        await add_waiting(desk, 2, assignee="aigul")
        await self.reassign(desk, "QUEUE", leaves=True)
        assert await assign_all(desk) == 2
        assert set((await assignees(desk)).values()) == {"daulet"}
