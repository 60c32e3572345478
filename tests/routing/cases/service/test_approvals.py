import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlmodel import col

from routing.cases import policy
from routing.cases.models import ApprovalRequest
from routing.cases.policy import approval_rules
from routing.cases.service import workflow
from shared.contracts import AppealWithdrawn, CommitmentEnded
from shared.domain.tables import ReferenceDataError, parse_rows
from tests.routing.cases.service.test_extensions import actions_of, clerk, head
from tests.routing.support import NOW

GROUND = "SAME_AS_CLOSED"
REASON = "Жаңа дәлелдер бар: өтінішті қарау керек."
REFUSED = {
    "language": "ru", "text": "Отказ обоснован.", "next_steps": "Вы можете обжаловать ответ.", "how_to_complain": "В суд.",
    "findings": [{"category": "REFUSAL_APPOINTMENT", "outcome": "UNJUSTIFIED", "fact": "Нарушений нет.", "rule": "Договор."}],
}  # fmt: skip
COMPLAINT = {"kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT"}


async def ask(desk, appeal_id, who=None):
    return await desk.carry_out(appeal_id, "return", who or clerk(desk), ground=GROUND)


async def approve(desk, appeal_id, who=None):
    return await desk.carry_out(appeal_id, "approve", who or head(desk))


async def reject(desk, appeal_id, who):
    return await desk.carry_out(appeal_id, "reject", who, reason=REASON)


async def facts(desk, appeal_id):
    found = [(fact, json.loads(value)) for fact, value in await desk.emitted()]
    return [(fact, event) for fact, event in found if event.get("appeal_id") == str(appeal_id)]


def broken(appeal_id):
    return CommitmentEnded(appeal_id=appeal_id, commitment_id=uuid4(), inquiry_id=uuid4(), provider_id=uuid4(), result="BROKEN")


class TestRequest:
    async def test_the_action_waits_sealed_and_nothing_is_published(self, desk):
        appeal_id = await desk.open()
        before = await desk.emitted()
        case = (await ask(desk, appeal_id)).json()
        assert (case["status"], case["outcome"], case["awaits_approval"], case["awaits_extension"]) == ("IN_REVIEW", None, True, False)
        assert (case["approval_action"], case["approval_by"]) == ("return", "clerk-1")
        asked = case["approval"]
        assert (asked["rule"], asked["fields"], asked["requested_by"], asked["decision"]) == ("RETURN", {"ground": GROUND}, "clerk-1", None)
        assert case["history"][-1]["ru"] == "Ожидает утверждения: Вернуть обращение"
        assert await desk.emitted() == before
        async with desk.parts.database.read() as session:
            (content,) = (await session.execute(select(col(ApprovalRequest.content)))).scalars()
        assert GROUND.encode() not in content

    async def test_while_it_waits_the_case_does_not_end_otherwise(self, desk):
        appeal_id = await desk.open(**COMPLAINT)
        await ask(desk, appeal_id)
        offered = await actions_of(desk, appeal_id, head(desk))
        assert not {"answer", "answer-and-close", "return", "terminate", "forward"} & offered
        assert {"approve", "reject", "ask", "log-call", "escalate"} <= offered
        assert (await ask(desk, appeal_id, clerk(desk, "clerk-2"))).json()["code"] == "action-not-possible"

    @pytest.mark.parametrize(("opened", "outcome", "waits"), [
        ({"statutory_form": "ZHALOBA"}, "UNJUSTIFIED", "REFUSED_COMPLAINT"),
        ({"statutory_form": "ZHALOBA"}, "PARTLY_JUSTIFIED", "REFUSED_COMPLAINT"),
        ({"statutory_form": "ZHALOBA"}, "JUSTIFIED", None),
        ({"lowest_tier": 3}, "UNJUSTIFIED", "EXPERT_REFUSAL"),
        ({"lowest_tier": 3}, "JUSTIFIED", None),
        ({}, "UNJUSTIFIED", None),
    ])  # fmt: skip
    async def test_a_refusal_of_a_complaint_or_of_an_expert_waits_and_what_grants_goes_out(self, desk, opened, outcome, waits):
        appeal_id = await desk.open(**COMPLAINT, **opened)
        answer = REFUSED | {"findings": [REFUSED["findings"][0] | {"outcome": outcome}]}
        case = (await desk.carry_out(appeal_id, "answer", head(desk, "author"), **answer)).json()
        assert (case["status"], case["approval"] and case["approval"]["rule"]) == ("IN_REVIEW" if waits else "ANSWERED", waits)

    async def test_an_answer_that_says_too_little_is_refused_before_anybody_is_asked(self, desk):
        appeal_id = await desk.open(**COMPLAINT, statutory_form="ZHALOBA")
        refused = await desk.carry_out(appeal_id, "answer", clerk(desk), **(REFUSED | {"next_steps": None}))
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "next_steps")

    async def test_a_refusal_at_the_end_of_an_answer_that_does_not_say_so_waits_too(self, desk):
        appeal_id = await desk.open(**COMPLAINT, statutory_form="ZHALOBA")
        explained = REFUSED | {"findings": [REFUSED["findings"][0] | {"outcome": "EXPLAINED"}]}
        case = (await desk.carry_out(appeal_id, "answer-and-close", clerk(desk), **explained, outcome="UNJUSTIFIED")).json()
        assert (case["status"], case["approval"]["rule"]) == ("IN_REVIEW", "REFUSED_COMPLAINT")

    @pytest.mark.parametrize(("answered", "closed", "ends"), [
        ("EXPLAINED", "UNJUSTIFIED", False), ("JUSTIFIED", "PARTLY_JUSTIFIED", False), ("EXPLAINED", "EXPLAINED", True),
    ])  # fmt: skip
    async def test_a_case_is_not_closed_with_a_refusal_that_its_answer_does_not_have(self, desk, answered, closed, ends):
        appeal_id = await desk.open(**COMPLAINT, statutory_form="ZHALOBA")
        answer = REFUSED | {"findings": [REFUSED["findings"][0] | {"outcome": answered}]}
        offered = (await desk.carry_out(appeal_id, "answer", clerk(desk), **answer)).json()["next_actions"]
        [outcome] = [field for action in offered if action["action"] == "close" for field in action["fields"]]
        assert (closed in outcome["options"]) is ends
        done = await desk.carry_out(appeal_id, "close", clerk(desk), outcome=closed)
        assert (done.status_code, done.json().get("errors", [{}])[0].get("code")) == ((200, None) if ends else (422, "not-answered"))

    async def test_a_case_is_closed_with_the_refusal_that_was_approved(self, desk):
        appeal_id = await desk.open(**COMPLAINT, statutory_form="ZHALOBA")
        await desk.carry_out(appeal_id, "answer", clerk(desk), **REFUSED)
        assert (await approve(desk, appeal_id)).json()["status"] == "ANSWERED"
        assert (await desk.carry_out(appeal_id, "close", clerk(desk), outcome="PARTLY_JUSTIFIED")).json()["outcome"] == "PARTLY_JUSTIFIED"

    @pytest.mark.parametrize("outcome", ["RETURNED", "TERMINATED", "FORWARDED"])
    async def test_what_follows_from_an_action_of_its_own_closes_no_case(self, desk, outcome):
        appeal_id = await desk.open(kind="GRATITUDE", topic=None)
        await desk.carry_out(appeal_id, "answer", clerk(desk), **(REFUSED | {"findings": []}))
        refused = await desk.carry_out(appeal_id, "close", clerk(desk), outcome=outcome)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "outcome")

    async def test_it_is_due_when_the_action_is_not_when_the_answer_is(self, desk):
        appeal_id = await desk.open(**COMPLAINT, statutory_form="ZHALOBA")
        [offer] = [
            each for each in (await desk.get(f"/cases/{appeal_id}", clerk(desk))).json()["next_actions"] if each["action"] == "return"
        ]
        returned = (await ask(desk, appeal_id)).json()
        assert returned["approval_due_at"] == offer["due_at"] < returned["next_due_at"]
        other = await desk.open(**COMPLAINT, statutory_form="ZHALOBA")
        refused = (await desk.carry_out(other, "answer", clerk(desk), **REFUSED)).json()
        assert refused["approval_due_at"] == refused["next_due_at"]
        items = (await desk.get("/cases?awaits_approval=true", head(desk))).json()["items"]
        listed = {each["appeal_id"]: each["approval_due_at"] for each in items}
        assert listed == {str(appeal_id): returned["approval_due_at"], str(other): refused["approval_due_at"]}


class TestApproval:
    async def test_a_second_person_carries_it_out_and_is_named(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        case = (await approve(desk, appeal_id)).json()
        assert (case["status"], case["outcome"], case["awaits_approval"], case["approval_action"]) == ("RETURNED", "RETURNED", False, None)
        asked = case["approval"]
        assert (asked["decision"], asked["decided_by"], asked["decided_by_role"]) == ("APPROVED", "head-1", "head")
        assert [entry["type"] for entry in case["history"]][-3:] == ["approval-requested", "approval-given", "case-returned"]
        assert [event["actor_role"] for fact, event in await facts(desk, appeal_id) if fact == "case-returned"] == ["head"]

    async def test_an_approved_answer_is_of_its_author_and_is_sent_at_once(self, desk):
        appeal_id = await desk.open(**COMPLAINT, statutory_form="ZHALOBA")
        await desk.carry_out(appeal_id, "answer-and-close", clerk(desk), **REFUSED, outcome="UNJUSTIFIED", hold_seconds=30)
        case = (await approve(desk, appeal_id, clerk(desk, "boss-1", "supervisor"))).json()
        assert (case["status"], case["outcome"], case["answer"]["text"]) == ("CLOSED", "UNJUSTIFIED", REFUSED["text"])
        roles = {fact: event["actor_role"] for fact, event in await facts(desk, appeal_id) if fact in {"answer-given", "case-closed"}}
        assert roles == {"answer-given": "specialist", "case-closed": "specialist"}

    async def test_nobody_approves_their_own(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id, head(desk))
        assert (await approve(desk, appeal_id)).json()["code"] == "action-not-possible"
        assert "approve" not in await actions_of(desk, appeal_id, head(desk))
        assert (await approve(desk, appeal_id, head(desk, "head-2"))).json()["status"] == "RETURNED"

    @pytest.mark.parametrize(("role", "decides"), [("operator", False), ("specialist", False), ("supervisor", True), ("head", True)])
    async def test_the_roles_of_the_rule_decide(self, desk, role, decides):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        second = clerk(desk, "second", role)
        assert (await approve(desk, appeal_id, second)).status_code == (200 if decides else 403)

    async def test_an_expert_of_another_region_does_not_see_what_waits_on_the_second_tier(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        version = (await desk.case(appeal_id))["version"]
        refused = await desk.carry_out(appeal_id, "approve", desk.token("expert", subject="expert-1"), expected_version=version)
        assert refused.status_code == 404

    async def test_what_a_crime_forbids_meanwhile_is_not_approved(self, desk):
        appeal_id = await desk.open(**COMPLAINT)
        await ask(desk, appeal_id)
        await desk.carry_out(appeal_id, "classify", clerk(desk), kind="COMPLAINT", category="EXTORTION")
        central = desk.token("head", subject="central", region="KZ-00")  # the case is protected now
        offered = await actions_of(desk, appeal_id, central)
        assert ("approve" in offered, "reject" in offered) == (False, True)
        assert (await approve(desk, appeal_id, central)).json()["code"] == "action-not-possible"


class TestRejection:
    async def test_the_reason_is_shown_and_the_case_goes_on(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        case = (await reject(desk, appeal_id, head(desk))).json()
        assert (case["status"], case["awaits_approval"], case["history"][-1]["type"]) == ("IN_REVIEW", False, "approval-rejected")
        assert (case["approval"]["decision"], case["approval"]["refusal"]) == ("REJECTED", REASON)
        assert "return" in await actions_of(desk, appeal_id, clerk(desk))

    async def test_the_author_withdraws_and_a_colleague_does_not(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        assert (await reject(desk, appeal_id, clerk(desk, "clerk-2"))).json()["code"] == "action-not-possible"
        case = (await reject(desk, appeal_id, clerk(desk))).json()
        assert (case["approval"]["decision"], case["history"][-1]["type"]) == ("WITHDRAWN", "approval-withdrawn")


class TestLapse:
    async def test_what_the_applicant_ends_leaves_nothing_to_decide_even_when_it_is_reopened(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        await desk.apply(AppealWithdrawn(appeal_id=appeal_id, reason="SOLVED"))
        case = await desk.case(appeal_id)
        assert (case["status"], case["awaits_approval"], case["approval"]["decision"]) == ("WITHDRAWN", False, "LAPSED")
        await desk.apply(broken(appeal_id))
        case = await desk.case(appeal_id, head(desk))
        assert (case["status"], case["awaits_approval"]) == ("IN_REVIEW", False)
        assert not {"approve", "reject"} & {each["action"] for each in case["next_actions"]}

    async def test_a_reopened_case_is_not_ended_by_what_waited_before(self, desk):
        appeal_id = await desk.open()
        await ask(desk, appeal_id)
        await desk.apply(broken(appeal_id))
        assert (await desk.case(appeal_id))["awaits_approval"] is False


class TestList:
    async def test_actions_and_extensions_wait_in_one_list(self, desk):
        returned, extended, other = await desk.open(), await desk.open(), await desk.open()
        await ask(desk, returned)
        await desk.carry_out(extended, "request-extension", clerk(desk), until="2026-03-14", reason=REASON)
        found = (await desk.get("/cases", head(desk), awaits_approval=True)).json()
        assert found["total"] == 2
        waiting = {each["appeal_id"]: (each["approval_action"], each["approval_by"]) for each in found["items"]}
        assert waiting == {str(returned): ("return", "clerk-1"), str(extended): ("request-extension", "clerk-1")}
        rest = (await desk.get("/cases", head(desk), awaits_approval=False)).json()
        assert [each["appeal_id"] for each in rest["items"]] == [str(other)]

    async def test_a_term_that_is_breached_meanwhile_is_breached(self, desk):
        """Waiting for a second person stops no clock."""
        appeal_id = await desk.open()
        case = (await ask(desk, appeal_id)).json()
        assert case["clocks"][0]["state"] == "RUNNING"
        desk.clock.set(NOW + timedelta(days=30))
        assert (await desk.case(appeal_id))["overdue"]


HEADER = "# source: test\nrule,kk,ru,en,actions,forms,tiers,outcomes,decided_by,signed_by,basis\n"
EXTENSION = "EXTENSION,а,а,a,request-extension,*,*,*,head,decider,x\n"


def rules(monkeypatch, *rows):
    table = parse_rows("approvals.csv", HEADER + "".join(rows))
    monkeypatch.setattr(policy, "policy_table", lambda _package, _file, build, key: {row.text(key): build(row) for row in table})
    found = approval_rules.__wrapped__()
    monkeypatch.setattr(workflow, "approval_rules", lambda: found)
    return found


class TestPolicy:
    def test_every_rule_says_who_decides(self):
        assert {code: set(rule.decided_by) for code, rule in approval_rules().items()} == {
            "EXTENSION": {"head"}, "TERMINATION": {"head"}, "RETURN": {"supervisor", "head"},
            "REFUSED_COMPLAINT": {"supervisor", "head"}, "EXPERT_REFUSAL": {"expert", "supervisor", "head"},
        }  # fmt: skip

    @pytest.mark.parametrize(("row", "problem"), [
        ("X,а,а,a,dance,*,*,*,head,author,x\n", "action is not known"),
        ("X,а,а,a,return,POEM,*,*,head,author,x\n", "forms names an unknown code"),
        ("X,а,а,a,return,*,4,*,head,author,x\n", "tiers names an unknown code"),
        ("X,а,а,a,answer,*,*,PERHAPS,head,author,x\n", "outcomes names an unknown code"),
        ("X,а,а,a,return,*,*,*,king,author,x\n", "a role is not known"),
        ("X,а,а,a,return,*,*,*,analyst,author,x\n", "only staff decides"),
        ("X,а,а,a,return,*,*,*,head,nobody,x\n", "signed_by 'nobody' is not known"),
    ])  # fmt: skip
    def test_a_wrong_row_stops_the_start(self, monkeypatch, row, problem):
        with pytest.raises(ReferenceDataError, match=problem):
            rules(monkeypatch, EXTENSION, row)

    @pytest.mark.parametrize(("rows", "problem"), [
        (("X,а,а,a,return,*,*,*,head,author,x\n",), "missing: EXTENSION"),
        ((EXTENSION.replace("head", "specialist"),), "nobody may approve-extension"),
        ((EXTENSION, "X,а,а,a,return,*,*,*,operator,author,x\n"), "nobody may approve"),
        ((EXTENSION, "X,а,а,a,close,*,*,*,head,author,x\n"), "nobody may approve in ANSWERED"),
        ((EXTENSION, "X,а,а,a,escalate,*,*,*,head,author,x\n"), "escalate is possible while a request waits"),
    ])  # fmt: skip
    def test_a_rule_that_the_workflow_does_not_carry_out_stops_the_start(self, monkeypatch, rows, problem):
        rules(monkeypatch, *rows)
        with pytest.raises(ReferenceDataError, match=problem):
            workflow.steps.__wrapped__()
