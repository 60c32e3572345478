import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from routing.cases.models import ExtensionRequest
from routing.clocks.schemas import ClockRecord
from routing.clocks.service import latest_extension
from shared.contracts import AppealWithdrawn
from tests.routing.clocks.test_service import DUE, watch

UNTIL = "2026-03-14"  # a Saturday: the term ends on Monday
EXTENDED = datetime(2026, 3, 16, 18, 59, 59, tzinfo=UTC)
WARNING = datetime(2026, 3, 13, 4, tzinfo=UTC)  # Friday nine o'clock, the working day before
REASON = "Медұйымнан сұратылған құжаттар әлі келген жоқ."
ANSWER = {
    "language": "kk", "text": "Сізді терапевт қабылдайды.", "next_steps": "Емхана хабарласады.", "how_to_complain": "Сотқа.",
    "findings": [{"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Бас тартылған.", "rule": "Шарт."}],
}  # fmt: skip


def clerk(desk, subject="clerk-1", role="specialist", **claims):
    return desk.token(role, **({"region": "KZ-43", "subject": subject} | claims))


def head(desk, subject="head-1", **claims):
    return clerk(desk, subject, "head", **claims)


async def ask(desk, appeal_id, who=None, **fields):
    return await desk.carry_out(appeal_id, "request-extension", who or clerk(desk), **({"until": UNTIL, "reason": REASON} | fields))


async def approve(desk, appeal_id, who=None):
    return await desk.carry_out(appeal_id, "approve-extension", who or head(desk))


async def reject(desk, appeal_id, who, reason="Мерзім жеткілікті."):
    return await desk.carry_out(appeal_id, "reject-extension", who, reason=reason)


async def actions_of(desk, appeal_id, who):
    return {each["action"] for each in (await desk.case(appeal_id, who))["next_actions"]}


def running(case, policy="APPK_15WD"):
    return [clock for clock in case["clocks"] if clock["policy"] == policy and clock["state"] != "REPLACED"]


async def events(desk, fact):
    return [json.loads(value) for found, value in await desk.emitted() if found == fact]


class TestRequest:
    async def test_it_is_sealed_and_waits_and_nothing_is_published(self, desk):
        appeal_id = await desk.open()
        before = await desk.emitted()
        case = (await ask(desk, appeal_id)).json()
        assert (case["awaits_approval"], case["extended_until"], case["history"][-1]["type"]) == (True, None, "extension-requested")
        assert case["history"][-1]["ru"] == "Запрошено продление срока до 14.03.2026"
        asked = case["extension"]
        assert (asked["until"], asked["reason"], asked["requested_by"], asked["decision"]) == (UNTIL, REASON, "clerk-1", None)
        assert await desk.emitted() == before
        async with desk.parts.database.read() as session:
            (content,) = (await session.execute(select(col(ExtensionRequest.content)))).scalars()
        assert REASON.encode() not in content

    async def test_one_request_waits_at_a_time(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        assert (await ask(desk, appeal_id, clerk(desk, "clerk-2"))).json()["code"] == "action-not-possible"

    @pytest.mark.parametrize(("until", "code"), [
        ("2026-02-23", "not-later"),  # the due day itself
        ("2026-04-03", "too-late"),
    ])  # fmt: skip
    async def test_it_ends_after_the_due_day_and_within_two_months(self, desk, until, code):
        refused = await ask(desk, await desk.open(), until=until)
        assert refused.status_code == 422
        assert [(error["field"], error["code"]) for error in refused.json()["errors"]] == [("until", code)]

    async def test_the_last_day_of_two_months_is_possible(self, desk):
        assert (await ask(desk, await desk.open(), until="2026-04-02")).status_code == 200

    async def test_a_term_that_has_ended_is_not_extended(self, desk):
        appeal_id, other = await desk.open(), await desk.open()
        desk.clock.set(DUE)
        assert (await ask(desk, other)).status_code == 200
        desk.clock.set(DUE + timedelta(seconds=1))
        refused = await ask(desk, appeal_id)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "term-passed")

    async def test_the_twenty_days_are_never_extended(self, desk):
        appeal_id = await desk.open(statutory_form="ZHALOBA")
        assert (await ask(desk, appeal_id)).json()["code"] == "action-not-possible"

    async def test_an_answered_case_is_not_extended(self, desk):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await desk.carry_out(appeal_id, "answer", clerk(desk), **ANSWER)
        assert (await ask(desk, appeal_id)).json()["code"] == "action-not-possible"

    async def test_a_case_that_is_not_visible_is_not_found(self, desk):
        appeal_id = await desk.open()
        version = (await desk.case(appeal_id))["version"]
        assert (await ask(desk, appeal_id, clerk(desk, region="KZ-75"), expected_version=version)).status_code == 404


class TestApproval:
    async def test_the_clock_and_the_case_follow_the_new_day_and_the_event_has_codes_alone(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        case = (await approve(desk, appeal_id)).json()
        (clock,) = running(case)
        assert (clock["due_at"], clock["state"], clock["started_at"]) == ("2026-03-16T18:59:59Z", "RUNNING", "2026-02-02T09:15:00Z")
        assert (case["extended_until"], case["awaits_approval"], case["next_due_at"]) == ("2026-03-16", False, "2026-03-16T18:59:59Z")
        assert (case["extension"]["decision"], case["extension"]["decided_by"], case["status"]) == ("APPROVED", "head-1", "IN_REVIEW")
        assert case["history"][-1]["ru"] == "Срок по закону продлён до 16.03.2026"
        (event,) = await events(desk, "term-extended")
        assert event == {
            "appeal_id": str(appeal_id), "clock_id": clock["clock_id"], "policy": "APPK_15WD", "due_at": "2026-03-16T18:59:59Z",
            "actor_role": "head",
        }  # fmt: skip

    async def test_warning_and_breach_follow_the_new_day_even_after_the_warning_of_the_old_one(self, desk):
        appeal_id = await desk.open()
        await watch(desk, DUE - timedelta(hours=1))
        await ask(desk, appeal_id)
        assert (await approve(desk, appeal_id)).json()["overdue"] is False
        assert await watch(desk, WARNING - timedelta(seconds=1)) == 0
        await watch(desk, WARNING)
        await watch(desk, EXTENDED)
        assert [event["due_at"] for event in await events(desk, "clock-warned")] == ["2026-02-23T18:59:59Z", "2026-03-16T18:59:59Z"]
        assert [event["due_at"] for event in await events(desk, "clock-breached")] == ["2026-03-16T18:59:59Z"]

    async def test_nobody_approves_their_own_request(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id, head(desk))
        assert (await approve(desk, appeal_id)).json()["code"] == "action-not-possible"
        assert (await approve(desk, appeal_id, head(desk, "head-2"))).status_code == 200

    @pytest.mark.parametrize("role", ["operator", "specialist", "supervisor"])
    async def test_only_the_head_approves(self, desk, role):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        assert (await approve(desk, appeal_id, clerk(desk, "other", role))).status_code == 403

    async def test_a_request_that_waited_until_the_term_ended_is_rejected_but_not_approved(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        await watch(desk, DUE + timedelta(seconds=1))
        refused = await approve(desk, appeal_id)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "term-passed")
        assert (await events(desk, "term-extended"), len(await events(desk, "clock-breached"))) == ([], 1)
        assert (await reject(desk, appeal_id, head(desk))).status_code == 200

    async def test_a_term_is_extended_once_and_the_day_survives_the_end_of_the_case(self, desk):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await ask(desk, appeal_id)
        await approve(desk, appeal_id)
        assert (await ask(desk, appeal_id, until="2026-04-01")).json()["code"] == "action-not-possible"
        desk.clock.set(DUE + timedelta(days=10))
        await desk.carry_out(appeal_id, "answer-and-close", clerk(desk), outcome="JUSTIFIED", **ANSWER)
        case = await desk.case(appeal_id)
        assert (case["status"], case["extended_until"], running(case)[0]["state"]) == ("CLOSED", "2026-03-16", "MET")

    async def test_another_term_of_the_law_takes_the_extension_away(self, desk):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await ask(desk, appeal_id)
        await approve(desk, appeal_id)
        codes = {"kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT"}
        case = (await desk.carry_out(appeal_id, "classify", clerk(desk), statutory_form="ZHALOBA", **codes)).json()
        assert (case["extended_until"], case["next_due_at"]) == (None, "2026-03-02T18:59:59Z")

    async def test_the_extended_term_comes_back_with_its_end_and_is_not_extended_again(self, desk):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await ask(desk, appeal_id)
        await approve(desk, appeal_id)
        codes = {"kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT"}
        for form in ("ZHALOBA", "ZAYAVLENIE"):
            case = (await desk.carry_out(appeal_id, "classify", clerk(desk), statutory_form=form, **codes)).json()
        assert (case["extended_until"], case["next_due_at"]) == ("2026-03-16", "2026-03-16T18:59:59Z")
        (clock,) = running(case)
        assert (clock["due_at"], clock["started_at"]) == ("2026-03-16T18:59:59Z", "2026-02-02T09:15:00Z")
        assert (await events(desk, "clock-started"))[-1]["due_at"] == "2026-03-16T18:59:59Z"
        assert (await ask(desk, appeal_id, until="2026-04-01")).json()["code"] == "action-not-possible"

    async def test_another_term_of_the_law_leaves_nothing_to_approve(self, desk):
        appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await ask(desk, appeal_id)
        codes = {"kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT"}
        case = (await desk.carry_out(appeal_id, "classify", clerk(desk), statutory_form="ZHALOBA", **codes)).json()
        assert case["awaits_approval"] is False
        assert "extension-lapsed" in [entry["type"] for entry in case["history"]]
        assert (await approve(desk, appeal_id)).json()["code"] == "action-not-possible"

    async def test_a_request_does_not_outlive_the_answer_or_the_withdrawal(self, desk):
        answered = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        withdrawn = await desk.open()
        for appeal_id in (answered, withdrawn):
            await ask(desk, appeal_id)
        await desk.carry_out(answered, "answer", clerk(desk), **ANSWER)
        await desk.apply(AppealWithdrawn(appeal_id=withdrawn, reason="SOLVED"))
        for appeal_id in (answered, withdrawn):
            assert (await desk.case(appeal_id))["awaits_approval"] is False
            assert not {"approve-extension", "reject-extension"} & await actions_of(desk, appeal_id, head(desk))
        assert (await desk.get("/cases", head(desk), awaits_approval=True)).json()["total"] == 0


class TestRejection:
    async def test_the_head_refuses_with_a_sealed_reason_that_the_author_reads(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        case = (await reject(desk, appeal_id, head(desk))).json()
        assert (case["history"][-1]["type"], case["next_due_at"]) == ("extension-rejected", "2026-02-23T18:59:59Z")
        assert (case["extension"]["decision"], case["extension"]["refusal"]) == ("REJECTED", "Мерзім жеткілікті.")
        assert await events(desk, "term-extended") == []
        async with desk.parts.database.read() as session:
            (refusal,) = (await session.execute(select(col(ExtensionRequest.refusal)))).scalars()
        assert "Мерзім жеткілікті.".encode() not in refusal
        assert (await ask(desk, appeal_id)).status_code == 200

    async def test_the_author_withdraws_and_no_other_clerk_decides(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        assert (await reject(desk, appeal_id, clerk(desk, "clerk-2"))).json()["code"] == "action-not-possible"
        case = (await reject(desk, appeal_id, clerk(desk))).json()
        assert (case["extension"]["decision"], case["history"][-1]["type"]) == ("WITHDRAWN", "extension-withdrawn")

    async def test_the_list_of_what_waits_shows_what_the_head_sees(self, desk):
        mine, other = await desk.open(), await desk.open(region="KZ-75")
        await ask(desk, mine)
        await ask(desk, other, clerk(desk, region="KZ-75"))
        await desk.open()
        found = (await desk.get("/cases", head(desk), awaits_approval=True)).json()
        assert ([item["appeal_id"] for item in found["items"]], found["total"]) == ([str(mine)], 1)
        assert "approve-extension" in [each["action"] for each in found["items"][0]["next_actions"]]
        assert (await desk.get("/cases", head(desk), awaits_approval=False)).json()["total"] == 1


class TestLatestDay:
    @pytest.mark.parametrize(("decided", "latest"), [
        (date(2026, 2, 2), date(2026, 4, 2)),
        (date(2026, 12, 31), date(2027, 2, 28)),
        (date(2027, 12, 30), date(2028, 2, 29)),
    ])  # fmt: skip
    def test_two_months_end_on_the_same_day_of_the_month_or_its_last(self, decided, latest):
        clock = ClockRecord(*(None for _ in ClockRecord.__dataclass_fields__))
        clock.policy = "APPK_15WD"
        assert latest_extension(clock, decided) == latest
