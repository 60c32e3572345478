"""The protected lane: how a case enters and leaves it, who acts on it, and how its receipt by another body is proved."""

from datetime import timedelta

import pytest

from routing.cases.models import BodyDelivery
from tests.routing.cases.test_api import rows
from tests.routing.support import NOW, imported, registered

EXTORTED = {"kind": "COMPLAINT", "category": "EXTORTION"}
LEAKED = {"kind": "COMPLAINT", "category": "PRIVACY"}
PROOF = {"method": "E_DOCUMENT", "delivered_on": "2026-02-02", "reference": "№ 12-345"}


@pytest.fixture
def expert(desk):
    return desk.token("expert", subject="nurlan")


@pytest.fixture
async def clerk(desk):
    who = desk.token("specialist", subject="aigul", region="KZ-43")
    await desk.get("/cases", who)
    return who


class TestEntering:
    @pytest.mark.parametrize(
        ("category", "ground", "protection"),
        [
            ("EXTORTION", "EXTORTION", "SENSITIVE"),
            ("CORRUPTION", "CORRUPTION", "SENSITIVE"),
            ("PRIVACY", "PRIVACY", "SENSITIVE"),
            ("FUND_SERVICE", "FUND", "FUND"),
        ],
    )
    async def test_a_category_of_the_policy_is_protected_on_the_highest_tier_in_a_queue_of_the_central_office(
        self, desk, expert, category, ground, protection
    ):
        case = await desk.case(await desk.open(kind="COMPLAINT", category=category, text=None), expert)
        assert (case["protection_ground"], case["protection"], case["tier"]) == (ground, protection, 3)
        assert case["queue"] == "KZ-00/protected/ru"

    async def test_signs_in_the_text_protect_whatever_its_declared_category_is(self, desk, expert, clerk):
        appeal_id = await desk.open(text="Врач вымогал взятку в конверте за операцию", kind="COMPLAINT", category="WAITING")
        assert (await desk.case(appeal_id, expert))["protection_ground"] == "EXTORTION"
        assert (await desk.get(f"/cases/{appeal_id}", clerk)).status_code == 404

    async def test_an_imported_case_is_protected_by_its_category(self, desk, expert):
        former = imported(category="CORRUPTION")
        await desk.apply(former)
        assert (await desk.case(former.appeal_id, expert))["protection"] == "SENSITIVE"

    async def test_the_event_says_it_to_the_other_services_and_nothing_of_others(self, desk):
        await desk.open(**EXTORTED, text=None)
        await desk.open(text=None)
        values = [value for fact, value in await desk.emitted() if fact == "appeal-routed"]
        assert [b'"protection":"SENSITIVE"' in value for value in values] == [True, False]

    async def test_a_clerk_who_finds_it_loses_sight_of_the_case_at_once(self, desk, expert, clerk):
        appeal_id = await desk.open()
        done = await desk.carry_out(appeal_id, "protect", clerk, ground="PRIVACY")
        assert done.status_code == 200
        assert done.json()["next_actions"] == []
        assert (await desk.get(f"/cases/{appeal_id}", clerk)).status_code == 404
        assert (await desk.get("/cases", clerk)).json()["total"] == 0
        case = await desk.case(appeal_id, expert)
        assert (case["protection_ground"], case["tier"], case["assignee"]) == ("PRIVACY", 3, None)

    async def test_correcting_the_category_protects_as_well_and_reports_the_crime(self, desk, expert, clerk):
        appeal_id = await desk.open()
        assert (await desk.carry_out(appeal_id, "classify", clerk, **EXTORTED)).status_code == 200
        case = await desk.case(appeal_id, expert)
        assert (case["protection"], case["danger"]) == ("SENSITIVE", "EXTORTION")
        corrected = [value for fact, value in await desk.emitted() if fact == "classification-corrected"]
        assert b'"protection":"SENSITIVE"' in corrected[-1]

    async def test_a_crime_that_a_clerk_names_is_redirected_at_once_whatever_the_category(self, desk, expert, clerk):
        appeal_id = await desk.open()
        await desk.carry_out(appeal_id, "protect", clerk, ground="EXTORTION")
        case = await desk.case(appeal_id, expert)
        assert case["danger"] == "EXTORTION"
        assert any(clock["policy"] == "REDIRECT_CRIME" for clock in case["clocks"])


class TestWhoIsComplainedAbout:
    async def test_the_person_never_sees_the_case_and_never_gets_it(self, desk, clerk):
        for subject in ("nurlan", "dana"):
            await desk.get("/cases", desk.token("expert", subject=subject))
        nurlan, dana = (desk.token("expert", subject=subject) for subject in ("nurlan", "dana"))
        appeal_id = await desk.open()
        assert (await desk.carry_out(appeal_id, "protect", clerk, ground="FUND", concerned="nurlan")).status_code == 200
        assert (await desk.get(f"/cases/{appeal_id}", nurlan)).status_code == 404
        assert (await desk.get("/cases", nurlan)).json()["total"] == 0
        assert (await desk.case(appeal_id, dana))["concerned"] == "nurlan"
        head = desk.token("head", subject="boss", region="KZ-00")
        refused = await desk.carry_out(appeal_id, "assign", head, assignee="nurlan")
        assert refused.status_code == 422
        assert "nurlan" not in [each["subject"] for each in refused.json()["colleagues"]]
        assert (await desk.carry_out(appeal_id, "assign", head, assignee="dana")).status_code == 200

    async def test_the_branch_complained_about_does_not_see_it_whatever_the_role(self, desk):
        appeal_id = await desk.open(kind="COMPLAINT", category="FUND_SERVICE", text=None)
        here, elsewhere = desk.token("expert", region="KZ-43"), desk.token("expert", region="KZ-75")
        assert (await desk.get(f"/cases/{appeal_id}", here)).status_code == 404
        assert (await desk.get(f"/cases/{appeal_id}", elsewhere)).status_code == 200

    async def test_an_unknown_person_is_refused_and_so_is_oneself(self, desk, clerk):
        appeal_id = await desk.open()
        for concerned, code in (("nobody", "unknown-colleague"), ("aigul", "own-case")):
            refused = await desk.carry_out(appeal_id, "protect", clerk, ground="FUND", concerned=concerned)
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)


class TestGivingBack:
    async def test_a_wrong_sign_is_given_back_to_the_branch(self, desk, expert, clerk):
        appeal_id = await desk.open(text="Врач вымогал взятку в конверте за операцию", kind="COMPLAINT", category="WAITING")
        assert (await desk.carry_out(appeal_id, "unprotect", clerk)).status_code == 404
        assert (await desk.carry_out(appeal_id, "unprotect", expert)).status_code == 200
        case = await desk.case(appeal_id, clerk)
        assert (case["protection"], case["protection_ground"], case["tier"], case["queue"]) == (None, None, 2, "KZ-43/2/ru")
        corrected = [value for fact, value in await desk.emitted() if fact == "classification-corrected"]
        assert b'"protection":"OPEN"' in corrected[-1]

    async def test_a_category_of_the_policy_has_to_be_corrected_first(self, desk, expert):
        appeal_id = await desk.open(**LEAKED, text=None)
        assert (await desk.carry_out(appeal_id, "unprotect", expert)).status_code == 409
        await desk.carry_out(appeal_id, "classify", expert, kind="COMPLAINT", category="WAITING")
        assert (await desk.case(appeal_id, expert))["protection"] == "SENSITIVE"
        assert (await desk.carry_out(appeal_id, "unprotect", expert)).status_code == 200


class TestPassingOn:
    async def test_the_policy_names_the_bodies(self, desk, expert):
        appeal_id = await desk.open(**LEAKED, text=None)
        offer = next(each for each in (await desk.case(appeal_id, expert))["next_actions"] if each["action"] == "forward")
        body = next(field for field in offer["fields"] if field["name"] == "body")
        assert (offer["suggested"], body["options"], body["value"]) == (True, ["DATA_PROTECTION", "POLICE"], "DATA_PROTECTION")
        refused = await desk.carry_out(appeal_id, "forward", expert, body="LABOUR_SOCIAL")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "body")

    async def test_a_forwarded_case_waits_for_the_proof_of_delivery_which_is_stored_sealed(self, desk, expert):
        appeal_id = await desk.open(**LEAKED, text=None)
        assert (await desk.carry_out(appeal_id, "record-delivery", expert, **PROOF)).status_code == 409
        await desk.carry_out(appeal_id, "forward", expert, body="DATA_PROTECTION")
        assert (await desk.get("/cases", expert, awaits_proof="true")).json()["total"] == 1
        done = await desk.carry_out(appeal_id, "record-delivery", expert, **PROOF)
        assert done.status_code == 200, done.text
        assert done.json()["status"] == "FORWARDED"
        (proof,) = done.json()["deliveries"]
        assert (proof["body"], proof["method"], proof["delivered_on"]) == ("DATA_PROTECTION", "E_DOCUMENT", "2026-02-02")
        assert proof["reference"] == PROOF["reference"]
        (row,) = await rows(desk, BodyDelivery)
        assert b"12-345" not in row.content
        assert (await desk.get("/cases", expert, awaits_proof="true")).json()["total"] == 0
        assert (await desk.carry_out(appeal_id, "record-delivery", expert, **PROOF)).status_code == 409

    async def test_no_case_of_a_redirected_crime_ends_before_the_proof(self, desk, expert):
        appeal_id = await desk.open(**EXTORTED, text=None)
        await desk.carry_out(appeal_id, "redirect", expert, body="POLICE")
        actions = {each["action"] for each in (await desk.case(appeal_id, expert))["next_actions"]}
        assert {"answer", "record-delivery"} <= actions
        assert not {"answer-and-close", "forward"} & actions
        await desk.carry_out(appeal_id, "record-delivery", expert, **PROOF)
        actions = {each["action"] for each in (await desk.case(appeal_id, expert))["next_actions"]}
        assert {"answer-and-close", "forward"} <= actions

    @pytest.mark.parametrize(("day", "code"), [(NOW + timedelta(days=2), "in-future"), (NOW - timedelta(days=2), "too-early")])
    async def test_a_day_that_cannot_be_is_refused(self, desk, expert, day, code):
        appeal_id = await desk.open(**LEAKED, text=None)
        await desk.carry_out(appeal_id, "forward", expert, body="POLICE")
        refused = await desk.carry_out(appeal_id, "record-delivery", expert, **(PROOF | {"delivered_on": day.date().isoformat()}))
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)


class TestAssignmentByRule:
    async def test_a_protected_case_goes_to_a_reader_of_protected_cases_alone(self, desk, expert):
        await desk.get("/cases", expert)
        boss = desk.token("head", subject="boss", region="KZ-00")
        await desk.apply(*(registered(has_text=False, **each) for each in (EXTORTED, LEAKED)))
        queues = (await desk.get("/queues", boss)).json()["items"]
        (queue,) = [each for each in queues if each["queue"] == "KZ-00/protected/ru"]
        assert (queue["waiting"], queue["able"]) == (2, 1)
        assert all("/protected/" not in each["queue"] for each in await _queues_of(desk, "KZ-43"))


async def _queues_of(desk, region):
    return (await desk.get("/queues", desk.token("head", subject=f"head-{region}", region=region))).json()["items"]
