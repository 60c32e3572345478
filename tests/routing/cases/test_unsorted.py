"""Appeals whose text decides nothing: their queue, their clock, and how they leave both."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts import AppealWithdrawn
from tests.routing.cases.service.test_actions import facts
from tests.routing.clocks.test_service import published, watch
from tests.routing.desk.support import session
from tests.routing.support import COMPLAINT, registered

NOTHING = "… ?!"
SORTED = {"kind": "COMPLAINT", "category": "WAITING"}


def clocks_of(case) -> dict[str, str]:
    return {clock["policy"]: clock["state"] for clock in case["clocks"]}


async def listed(desk, who, **filters) -> list[str]:
    return [item["appeal_id"] for item in (await desk.get("/cases", who, **filters)).json()["items"]]


@pytest.fixture
def specialist(desk):
    return desk.token("specialist", region="KZ-43", subject="aigul", name="Сынақ Айгүл")


class TestOpening:
    async def test_a_text_without_evidence_waits_in_a_queue_of_its_own_with_four_working_hours(self, desk):
        case = await desk.case(await desk.open(text=NOTHING, language="kk"))
        assert (case["queue"], case["tier"], case["unsorted"]) == ("KZ-43/unsorted/kk", 1, True)
        assert clocks_of(case) == {"TRIAGE": "RUNNING", "APPK_15WD": "RUNNING"}
        assert [entry["type"] for entry in case["history"]] == ["appeal-unsorted"]
        assert case["next_due_at"] == "2026-02-03T04:15:00Z"  # Monday 14:15 to 18:00, and 15 minutes of Tuesday

    async def test_it_costs_no_event_of_its_own(self, desk):
        await desk.open(text=NOTHING)
        ((fact, payload),) = await facts(desk)
        assert (fact, payload["queue"], payload["decision"], payload["tier"]) == ("appeal-routed", "KZ-43/unsorted/ru", "triage", 1)

    @pytest.mark.parametrize(
        "declared",
        [
            {"text": COMPLAINT},
            {"kind": "COMPLAINT", "category": "WAITING"},
            {"topic": "PAY_RATES"},
            {"text": "Бала тыныс алмай жатыр, жедел жәрдем келмейді"},
        ],
    )
    async def test_evidence_a_declaration_or_a_danger_leads_to_the_queue_of_a_tier(self, desk, declared):
        case = await desk.case(await desk.open(**{"text": NOTHING} | declared))
        assert (case["unsorted"], "unsorted" in case["queue"], "TRIAGE" in clocks_of(case)) == (False, False, False)

    async def test_a_declared_kind_keeps_its_tier(self, desk):
        case = await desk.case(await desk.open(text=NOTHING, kind="COMPLAINT"))
        assert (case["queue"], case["tier"]) == ("KZ-43/unsorted/ru", 2)

    async def test_what_the_contact_answered_waits_for_nobody(self, desk):
        case = await desk.case(await desk.open(text=NOTHING, resolved_in_contact=True))
        assert (case["unsorted"], case["status"]) == (False, "CLOSED")

    async def test_the_hours_of_an_appeal_filed_on_saturday_begin_on_monday(self, desk):
        monday = datetime(2026, 2, 9, 4, tzinfo=UTC)  # 9:00 in Kyzylorda
        case = await desk.case(await desk.open(text=NOTHING, registered_at=monday))
        assert case["next_due_at"] == "2026-02-09T08:00:00Z"


class TestSorting:
    async def test_classify_moves_it_to_its_queue_and_stops_the_clock(self, desk, specialist):
        appeal_id = await desk.open(text=NOTHING, language="kk")
        case = (await desk.carry_out(appeal_id, "classify", specialist, **SORTED)).json()
        assert (case["queue"], case["tier"], case["unsorted"]) == ("KZ-43/2/kk", 2, False)
        assert clocks_of(case) == {"TRIAGE": "MET", "APPK_15WD": "RUNNING"}
        assert (await facts(desk))[-1][1]["queue"] == "KZ-43/2/kk"

    async def test_sorted_as_it_was_proposed_it_stays_with_the_clerk(self, desk, specialist):
        appeal_id = await desk.open(text=NOTHING)
        await desk.carry_out(appeal_id, "claim", specialist)
        case = (await desk.carry_out(appeal_id, "classify", specialist, kind="OTHER", topic="OTHER_TOPIC")).json()
        assert (case["queue"], case["assignee"]) == ("KZ-43/1/ru", "aigul")

    async def test_a_case_passed_up_leaves_the_queue(self, desk, specialist):
        appeal_id = await desk.open(text=NOTHING)
        case = (await desk.carry_out(appeal_id, "escalate", specialist, reason="NEEDS_EXPERT")).json()
        assert (case["queue"], case["unsorted"], clocks_of(case)["TRIAGE"]) == ("KZ-43/2/ru", False, "MET")

    async def test_a_claim_sorts_nothing(self, desk, specialist):
        case = (await desk.carry_out(await desk.open(text=NOTHING), "claim", specialist)).json()
        assert (case["queue"], case["unsorted"]) == ("KZ-43/unsorted/ru", True)

    async def test_a_withdrawn_appeal_leaves_the_queue(self, desk):
        appeal_id = await desk.open(text=NOTHING)
        await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="OTHER"))
        case = await desk.case(appeal_id)
        assert (case["unsorted"], case["queue"], clocks_of(case)["TRIAGE"]) == (False, "KZ-43/1/ru", "MET")

    async def test_a_late_sorting_is_missed_after_its_breach(self, desk, specialist):
        appeal_id = await desk.open(text=NOTHING)
        desk.clock.advance(timedelta(days=1))
        assert await watch(desk) == 1
        assert await published(desk) == [("clock-breached", "TRIAGE")]
        case = (await desk.carry_out(appeal_id, "classify", specialist, **SORTED)).json()
        assert clocks_of(case)["TRIAGE"] == "MISSED"


class TestLists:
    async def test_the_filter_and_the_queue_find_the_same_cases_of_the_reader(self, desk):
        unsorted, other = registered(), registered(region="KZ-75")
        desk.texts.known |= {unsorted.appeal_id: NOTHING, other.appeal_id: NOTHING}
        await desk.apply(unsorted, other, registered(kind="COMPLAINT", category="WAITING"))
        who, own = desk.token("operator", region="KZ-43"), [str(unsorted.appeal_id)]
        assert await listed(desk, who, unsorted="true") == await listed(desk, who, queue="KZ-43/unsorted/ru") == own
        assert set(await listed(desk, desk.token("admin"), unsorted="true")) == {*own, str(other.appeal_id)}
        assert len(await listed(desk, desk.token("admin"), unsorted="false")) == 1

    async def test_the_tab_counts_what_it_lists_and_a_row_names_no_tier(self, desk):
        appeal_id = await desk.open(text=NOTHING, language="kk")
        page = await desk.client.get("/routing/desk?tab=unsorted&lang=ru", headers=session(desk, "operator", region="KZ-43"))
        assert "Не классифицировано 1" in page.text
        assert str(appeal_id) in page.text
        assert "· не распределено · " in page.text
