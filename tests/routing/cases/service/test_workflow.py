from dataclasses import fields, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from routing.cases.policy import action_labels, workflow_rows
from routing.cases.schemas.rows import CaseRecord
from routing.cases.service import workflow
from routing.cases.service.workflow import FILE, build, may_ever, next_actions, steps
from shared.auth import ROLES, STAFF, Principal
from shared.domain.tables import ReferenceDataError, Row, parse_rows
from shared.domain.taxonomy import taxonomy
from tests.routing.support import NOW

HEADER = "# source: a test\naction,kk,ru,en,states,fact,roles,guard,next,held\n"
CLAIM = "claim,к,р,e,IN_REVIEW,case-claimed,operator,unassigned,,"
ANSWER = "answer,к,р,e,IN_REVIEW AWAITING_PROVIDER AWAITING_APPLICANT,answer-given,operator,,ANSWERED,"
CLOSE = "close,к,р,e,ANSWERED,case-closed,operator,,CLOSED,"
WAITING = "answer,к,р,e,IN_REVIEW AWAITING_PROVIDER AWAITING_APPLICANT,answer-given,operator,,ANSWERED,true"
UNDO = "undo,к,р,e,SENDING,,operator,own-answer,,"


def table(*lines) -> list[Row]:
    return parse_rows(FILE, HEADER + "\n".join(lines))


def case(**given) -> CaseRecord:
    usual = dict.fromkeys((field.name for field in fields(CaseRecord)), None) | {
        "appeal_id": UUID(int=1), "status": "IN_REVIEW", "kind": "COMPLAINT", "tier": 2, "region": "KZ-43", "channel": "APP",
        "statutory_form": "ZAYAVLENIE", "anonymous": False, "fix_passed": False, "received_at": NOW, "registered_at": NOW,
    }  # fmt: skip
    return CaseRecord(**(usual | given))


def staff(role, region="KZ-43") -> Principal:
    return Principal(subject=role, issuer="test", roles=frozenset({role}), region=region)


def offered(found) -> list[str]:
    return [action.action for action in found]


def _without(status, row):
    return " ".join(state for state in row.cells["states"].split() if state != status)


class TestBuild:
    def test_the_workflow_of_the_product_is_valid(self):
        assert build(workflow_rows()) == steps()

    def test_a_small_valid_table_is_accepted(self):
        assert len(build(table(CLAIM, ANSWER, CLOSE))) == 5

    @pytest.mark.parametrize(
        ("lines", "problem"),
        [
            ((CLAIM, CLOSE, ANSWER.replace("IN_REVIEW ", "")), "no way out of: IN_REVIEW"),
            ((CLAIM, ANSWER.replace(" AWAITING_PROVIDER", ""), CLOSE), "no way out of: AWAITING_PROVIDER"),
            ((ANSWER,), "no way out of: ANSWERED"),
            ((CLAIM.replace("IN_REVIEW", "NEEDS_FIX"), ANSWER, CLOSE), "never reached: NEEDS_FIX"),
            ((CLAIM.replace("IN_REVIEW", "CLOSED"), ANSWER, CLOSE), "CLOSED is final"),
            ((CLAIM.replace("IN_REVIEW", "IN_LIMBO"), ANSWER, CLOSE), "state 'IN_LIMBO'"),
            ((ANSWER, ANSWER, CLOSE), "answer is given twice"),
            ((ANSWER, CLOSE.replace(",CLOSED", ",RETURNED")), "would not read RETURNED"),
            ((ANSWER.replace("operator", "janitor"), CLOSE), "a role is not known"),
            ((CLAIM.replace("unassigned", "full-moon"), ANSWER, CLOSE), "guard 'full-moon'"),
            ((CLAIM.replace("claim,", "juggle,"), ANSWER, CLOSE), "action 'juggle'"),
            ((WAITING, CLOSE), "no action of staff in: SENDING"),
            ((ANSWER, CLOSE, UNDO), "never reached: SENDING"),
            ((WAITING, CLOSE, UNDO.replace("SENDING,", "SENDING,case-claimed")), "nothing may be published out of SENDING"),
            ((WAITING.replace("answer-given", "answer-given case-closed"), CLOSE, UNDO), "would not read ANSWERED"),
            ((WAITING.replace("true", "maybe"), CLOSE, UNDO), "held 'maybe'"),
        ],
    )
    def test_an_invalid_table_is_refused(self, lines, problem):
        with pytest.raises(ReferenceDataError, match=problem):
            build(table(*lines))

    @pytest.mark.parametrize("status", ["IN_REVIEW", "AWAITING_PROVIDER", "AWAITING_APPLICANT", "NEEDS_FIX", "ANSWERED"])
    def test_a_status_of_the_product_without_its_exits_is_refused(self, status):
        lines = [replace(row, cells=row.cells | {"states": _without(status, row)}) for row in workflow_rows() if row.cells["next"]]
        lines += [row for row in workflow_rows() if not row.cells["next"]]
        with pytest.raises(ReferenceDataError, match=rf"(no way out of: .*{status}|never reached)"):
            build([line for line in lines if line.cells["states"]])

    @pytest.mark.parametrize("status", [code for code, status in taxonomy().statuses.items() if status.final])
    def test_a_final_status_of_the_product_with_any_action_but_the_redirection_of_a_danger_or_a_proof_is_refused(self, status):
        for action in action_labels().keys() - {"redirect", "undo", "record-delivery"}:
            added = {action: f" {status}"}
            lines = [
                replace(row, cells=row.cells | {"states": row.cells["states"] + added.get(row.cells["action"], "")})
                for row in workflow_rows()
            ]
            with pytest.raises(ReferenceDataError, match=f"{status} is final"):
                build(lines)

    def test_an_answer_that_waits_is_sent_or_taken_back(self):
        assert len(build(table(WAITING, CLOSE, UNDO))) == 5

    def test_a_wait_that_the_action_does_not_take_is_refused(self, monkeypatch):
        lines = [
            replace(row, cells=row.cells | {"held": "true" if row.cells["action"] == "claim" else row.cells["held"]})
            for row in workflow_rows()
        ]
        monkeypatch.setattr(workflow, "workflow_rows", lambda: lines)
        with pytest.raises(ReferenceDataError, match="held differs from the actions with `hold_seconds`: claim"):
            steps.__wrapped__()

    def test_a_workflow_without_one_of_the_actions_is_refused(self, monkeypatch):
        labels = {code: label for code, label in action_labels().items() if code != "assign"}
        monkeypatch.setattr(workflow, "action_labels", lambda: labels)
        with pytest.raises(ReferenceDataError, match="differs from the actions: assign"):
            steps.__wrapped__()


class TestMayEver:
    @pytest.mark.parametrize(
        "action", ["claim", "classify", "escalate", "answer", "close", "ask", "request-completion", "redirect", "log-call"]
    )
    def test_staff_work_on_cases_and_nobody_else_does(self, action):
        assert {role for role in ROLES if may_ever(staff(role), action)} == STAFF

    def test_supervisors_and_heads_assign(self):
        assert {role for role in ROLES if may_ever(staff(role), "assign")} == {"supervisor", "head"}

    def test_an_operator_ends_nothing_without_an_answer_and_those_who_lead_terminate(self):
        for action in ("return", "forward"):
            assert {role for role in ROLES if may_ever(staff(role), action)} == STAFF - {"operator"}
        assert {role for role in ROLES if may_ever(staff(role), "terminate")} == {"supervisor", "head"}


class TestNextActions:
    def test_a_specialist_may_do_everything_but_assign_and_terminate_with_a_free_case_of_the_region(self):
        assert offered(next_actions(case(category="WAITING"), staff("specialist"))) == [
            "claim", "classify", "escalate", "answer", "answer-and-close", "ask", "request-completion", "forward", "return", "log-call",
            "ask-provider", "request-extension", "split-issue", "set-finding", "link-duplicate", "protect",
        ]  # fmt: skip

    def test_a_supervisor_assigns_and_terminates_too(self):
        assert {"assign", "terminate"} <= set(offered(next_actions(case(), staff("supervisor"))))

    def test_a_termination_is_proposed_on_whatever_ground_the_head_decides(self):
        grounds = {}
        for role in ("supervisor", "head"):
            (terminate,) = [action for action in next_actions(case(), staff(role)) if action.action == "terminate"]
            grounds[role] = terminate.fields[0].options
            assert terminate.needs_approval
        assert "ANONYMOUS" in grounds["head"]
        assert grounds["supervisor"] == grounds["head"]

    def test_forwarding_names_the_end_of_its_three_working_days(self):
        (forward,) = [action for action in next_actions(case(), staff("specialist")) if action.action == "forward"]
        assert forward.due_at == datetime(2026, 2, 5, 18, 59, 59, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("given", "proposed"),
        [
            ({}, {}),
            ({"anonymous": True, "statutory_form": "ZAPROS"}, {"terminate": "ANONYMOUS"}),
            ({"anonymous": True, "statutory_form": "OTKLIK"}, {"terminate": "ANONYMOUS"}),
            ({"anonymous": True}, {"request-completion": ["FULL_NAME", "ADDRESS", "SIGNATURE"]}),
            ({"anonymous": True, "statutory_form": "ZHALOBA", "fix_passed": True}, {"return": "NOT_COMPLETED"}),
            ({"danger": "EXTORTION", "anonymous": True, "statutory_form": "ZAPROS"}, {"redirect": "POLICE"}),
            ({"danger": "LIFE"}, {"redirect": "HEALTH_DEPARTMENT_DUTY"}),
        ],
    )
    def test_proposals_fill_in_the_field(self, given, proposed):
        actions = next_actions(case(**given), staff("head"))
        found = {action.action: next(field.value for field in action.fields if field.value) for action in actions if action.suggested}
        assert found == proposed

    def test_a_crime_is_never_returned_and_no_case_ends_before_its_danger_is_redirected(self):
        crime, redirected = case(danger="EXTORTION"), case(danger="EXTORTION", redirected_to="POLICE")
        assert not {"return", "terminate", "forward"} & set(offered(next_actions(crime, staff("head"))))
        assert {"return", "terminate", "forward", "redirect"} & set(offered(next_actions(redirected, staff("head")))) == {
            "terminate",
            "forward",
        }
        assert offered(next_actions(case(status="ANSWERED", danger="LIFE"), staff("head"))) == ["redirect", "log-call", "link-duplicate"]

    def test_a_crime_is_not_returned_even_if_the_case_is_marked_with_a_danger_to_life(self):
        both = case(danger="LIFE", category="EXTORTION", redirected_to="HEALTH_DEPARTMENT_DUTY", anonymous=True)
        found = next_actions(both, staff("head"))
        assert "return" not in offered(found)
        assert not [action.action for action in found if action.suggested and action.action != "redirect"]

    @pytest.mark.parametrize("status", ["CLOSED", "WITHDRAWN"])
    def test_a_danger_is_redirected_even_after_the_applicant_has_ended_the_case(self, status):
        ended = case(status=status, danger="EXTORTION", category="EXTORTION")
        assert offered(next_actions(ended, staff("specialist"))) == ["redirect"]
        assert offered(next_actions(case(status=status, danger="EXTORTION", redirected_to="POLICE"), staff("specialist"))) == []

    def test_a_return_after_the_period_set_shows_no_term_that_began_before(self):
        terms = {action.action: action.due_at for action in next_actions(case(fix_passed=True), staff("specialist"))}
        assert (terms["return"], terms["forward"] is not None) == (None, True)

    def test_an_entry_of_the_peoples_control_ends_with_an_answer_alone(self):
        entry = case(channel="PEOPLES_CONTROL")
        assert not {"return", "terminate", "close"} & set(offered(next_actions(entry, staff("head"))))
        entry.answer_id = UUID(int=1)
        assert {"return", "terminate"} <= set(offered(next_actions(entry, staff("head"))))

    def test_an_assigned_case_cannot_be_claimed(self):
        assert "claim" not in offered(next_actions(case(assignee="somebody"), staff("specialist")))

    def test_a_provider_is_asked_about_a_category_alone(self):
        assert "ask-provider" not in offered(next_actions(case(), staff("specialist")))

    def test_there_is_no_tier_above_the_third(self):
        assert "escalate" not in offered(next_actions(case(tier=3), staff("head")))

    def test_an_answered_case_is_closed_and_nothing_else_but_a_call_and_a_link_is_left(self):
        assert offered(next_actions(case(status="ANSWERED"), staff("head"))) == ["close", "log-call", "link-duplicate"]

    @pytest.mark.parametrize("status", [code for code, status in taxonomy().statuses.items() if status.final])
    def test_a_finished_case_offers_nothing(self, status):
        assert next_actions(case(status=status), staff("head")) == []

    @pytest.mark.parametrize(
        "somebody",
        [staff("specialist", "KZ-75"), staff("specialist", None), staff("expert"), staff("admin"), staff("analyst"), staff("provider")],
    )
    def test_readers_who_cannot_see_the_case_or_cannot_act_are_offered_nothing(self, somebody):
        assert next_actions(case(), somebody) == []

    def test_every_action_says_in_three_languages_what_it_is_and_which_fields_it_takes(self):
        found = {
            action.action: action
            for action in (*next_actions(case(category="WAITING"), staff("head")), *next_actions(case(status="ANSWERED"), staff("head")))
        }
        assert found.keys() == {
            "claim", "assign", "classify", "escalate", "answer", "answer-and-close", "close", "ask", "request-completion", "forward",
            "return", "terminate", "log-call", "ask-provider", "request-extension", "split-issue", "set-finding", "link-duplicate",
            "protect",
        }  # fmt: skip
        assert (found["claim"].kk, found["claim"].ru, found["claim"].en) == ("Орындауға алу", "Взять в работу", "Take the case")
        assert [field.name for field in found["classify"].fields] == ["kind", "category", "topic", "statutory_form"]
        assert "ON_SPOT_OR_WITHDRAWN_UNSPLIT" not in found["close"].fields[0].options

    @pytest.mark.parametrize(("kind", "needed"), [("COMPLAINT", True), ("CONSULTATION", False)])
    def test_an_answer_asks_for_what_the_gate_of_the_kind_asks_for(self, kind, needed):
        (answer,) = [action for action in next_actions(case(kind=kind), staff("head")) if action.action == "answer"]
        assert {field.name: field.required for field in answer.fields} == {
            "language": True, "text": True, "findings": needed, "next_steps": needed, "how_to_complain": needed, "hold_seconds": False,
        }  # fmt: skip
