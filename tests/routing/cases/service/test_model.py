"""Random actions of every role, and events of the applicant and the provider, over several cases with several issues: what always holds.

Actions are drawn from `COMMANDS` and events from `HANDLERS`, with bodies made from their fields, so that new ones are covered as they are.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from random import Random
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pydantic import BaseModel
from pydantic_core import to_json

from routing.cases.codes import DeskStatus
from routing.cases.errors import ActionNotPossible, VersionConflict
from routing.cases.handlers import HANDLERS
from routing.cases.policy import approval_rules
from routing.cases.schemas import commands
from routing.cases.schemas.command import CaseAction, Command
from routing.cases.schemas.commands import COMMANDS
from routing.cases.schemas.rows import CaseRecord
from routing.cases.schemas.views import CaseView
from routing.cases.service import workflow
from routing.clocks.codes import ACTIVE, ClockState, ClockTrigger
from routing.clocks.service import triggered_by
from shared.auth import STAFF, Principal
from shared.code_fields import Options
from shared.contracts import (
    AppealEvent,
    AppealImported,
    AppealRegistered,
    AppealWithdrawn,
    CommitmentEnded,
    OutcomeConfirmed,
    OutcomeVerified,
    ProposalAnswered,
)
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import taxonomy
from shared.errors import Conflict, Forbidden, InvalidInput, NotFound
from shared.http import parse
from shared.projection import AppealState, state_after
from tests.routing.cases.service.desk_access import PLAIN, DeskAccess
from tests.routing.desk.pages.test_provider import recorded
from tests.routing.support import NOW, PROVIDER

REGION = "KZ-43"
EVENTS = [event for event in HANDLERS if issubclass(event, AppealEvent) and event not in {AppealRegistered, AppealImported}]
OPENED = [
    {"kind": "COMPLAINT", "category": "REFUSAL_APPOINTMENT"},
    {"kind": "COMPLAINT", "category": "QUALITY_DEATH"},
    {"kind": "COMPLAINT", "category": "EXTORTION"},
    {"kind": "CONSULTATION", "topic": "PAY_RATES"},
    {"kind": "SUGGESTION", "topic": "OTHER_TOPIC", "anonymous": True},
]
APPLICANTS = {"RESOLVED_ON_SPOT": {OutcomeConfirmed, ProposalAnswered}, "WITHDRAWN": {AppealWithdrawn}}
HELD = "an answer that waits"
FOUND = {"outcome": "JUSTIFIED", "fact": "Анықталды.", "rule": "ҚР ДСМ бұйрығы"}


def person(role: str, region: str | None = REGION) -> Principal:
    return Principal(subject=f"{role}-{region}", issuer="test", roles=frozenset({role}), region=region)


PEOPLE = [
    *(person(role) for role in sorted(STAFF)),
    person("specialist", "KZ-75"),
    person("operator", None),
    person("analyst", None),
    person("head", "KZ-00"),
]


class Case:
    """A case as the other services see it: the state that they project from the published facts."""

    def __init__(self, appeal_id: UUID, state: AppealState) -> None:
        self.appeal_id = appeal_id
        self.state = state
        self.version = 1
        self.by_applicant: set[type[AppealEvent]] = set()
        self.is_raised = False
        """Somebody passed it to a higher tier than that of its issues."""
        self.is_reopened = False
        """Its statutory clock, if it was stopped, is not started again."""


class Desk(DeskAccess, RuleBasedStateMachine):
    """The rules of the walk. The use cases run on the loop of the test, the walk in a thread of its own."""

    def __init__(self, desk: Any, loop: asyncio.AbstractEventLoop, carried_out: Counter[str]) -> None:
        super().__init__()
        self.desk, self.loop = desk, loop
        self.carried_out = carried_out
        self.tried: Counter[str] = Counter()
        self.cases: list[Case] = []
        self.touched: Case | None = None
        """The case that the last rule was about, None for all."""

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    @initialize(chosen=st.lists(st.sampled_from(OPENED), min_size=2, max_size=3), seed=st.integers(0, 2**64))
    def open(self, chosen: list[dict[str, Any]], seed: int) -> None:
        self.pick = Random(seed)
        self.desk.clock.set(NOW)
        for given in chosen:
            self.open_case(given)

    def open_case(self, given: dict[str, Any]) -> None:
        position = self.run(self.position())
        times = dict.fromkeys(("received_at", "registered_at", "due_at"), self.desk.clock.now())
        appeal_id = self.run(self.desk.open(text=None, has_text=False, region=REGION, **given, **times))
        start: AppealState = {"status": "REGISTERED", "kind": None, "tier": None, "provider_id": None, "outcome": None, "protection": None}
        self.cases.append(Case(appeal_id, start))
        self.follow(position)

    @rule()
    def try_actions(self) -> None:
        """Several actions are tried, on new cases once most have ended."""
        while len(self.unfinished()) < 2:
            self.open_case(self.pick.choice(OPENED))
        for _ in range(5):
            self.try_action(self.pick)
            self.check()

    def try_action(self, pick: Random) -> None:
        """Somebody tries an action: mostly an open one that was tried least in this walk, now and then any."""
        is_usual = pick.randint(0, 5) > 0
        case = pick.choice(self.unfinished() if is_usual and self.unfinished() else self.cases)
        self.touched, record = case, self.run(self.record(case))
        action, who = self.least_tried(pick, record) if is_usual else (pick.choice(sorted(CaseAction)), pick.choice(PEOPLE))
        self.tried[action] += 1
        offers = {offer.action: offer for offer in self.run(self.offers(case, who))}
        kind = next(command for command in COMMANDS if action == command.ACTION)
        given = self.body(pick, kind, record, offers.get(action))
        is_stale = pick.randint(0, 7) == 0
        position = self.run(self.position())
        try:
            command = parse(kind, to_json(given | {"expected_version": case.version + 1 if is_stale else case.version}))
            done = self.run(self.carry_out(case, who, command))
        except NotFound:
            assert not self.run(self.is_visible(case, who))
            return
        except (ActionNotPossible, Forbidden):
            assert action not in offers, f"{action} is offered to {who.role} and refused"
            return
        except VersionConflict:
            assert is_stale
            return
        except (InvalidInput, Conflict):
            assert self.run(self.position()) == position, "nothing is published by what is refused"
            return
        assert action in offers, f"{action} is not offered to {who.role} and is carried out"
        assert not is_stale
        published = self.follow(position)
        assert done.version == case.version + 1
        case.version += 1
        self.carried_out.update([action, HELD] if action == CaseAction.ANSWER and done.status == DeskStatus.SENDING else [action])
        self.check_step(case, record, command, done, published)
        self.check_second_person(record, who, command, done)
        assert self.run(self.is_stored(case, who, done)), "the answer of an action is the case as it is stored"

    def unfinished(self) -> list[Case]:
        return [case for case in self.cases if not taxonomy().statuses[case.state["status"]].final]

    def least_tried(self, pick: Random, record: CaseRecord) -> tuple[CaseAction, Principal]:
        """Return an action that is open to somebody, with a person whom it is open to; seldom one that ends the case."""
        found = [(offer.action, who) for who in PEOPLE for offer in workflow.next_actions(record, who)]
        is_ending = pick.randint(0, 7) == 0
        chosen = [pair for pair in found if (pair[0] in _ENDING) == is_ending] or found or [(CaseAction.CLAIM, PEOPLE[0])]
        least = min(self.tried[action] for action, _ in chosen)
        return pick.choice([pair for pair in chosen if self.tried[pair[0]] == least])

    def check_step(self, case: Case, before: CaseRecord, command: Command, done: CaseView, published: list[str]) -> None:
        """The status is that of the workflow table; what waits to be sent, and what is taken back, publishes nothing."""
        step, status = workflow.steps()[before.desk_status, command.ACTION], done.status
        if self.waits(command, done) or command.ACTION is CaseAction.REJECT:
            assert (status, published) == (before.desk_status, [])
        elif command.ACTION is CaseAction.APPROVE:
            assert status == workflow.steps()[before.desk_status, CaseAction(before.approval_action)].next
        elif status == DeskStatus.SENDING or command.ACTION is CaseAction.UNDO:
            assert (published, step.held or command.ACTION is CaseAction.UNDO) == ([], True)
        elif command.ACTION is CaseAction.UNDO or getattr(command, "part", False):
            assert status == before.status
        else:
            assert status == step.next
        if command.ACTION in {CaseAction.CLASSIFY, CaseAction.ESCALATE}:
            case.is_raised = command.ACTION is CaseAction.ESCALATE

    def waits(self, command: Command, done: CaseView) -> bool:
        return command.ACTION is not CaseAction.REQUEST_EXTENSION and done.approval_action == command.ACTION

    def check_second_person(self, before: CaseRecord, who: Principal, command: Command, done: CaseView) -> None:
        """What the policy says needs a second person is never carried out by one alone."""
        always = {"terminate", "return"}
        outcomes = {finding.outcome for finding in getattr(command, "findings", [])} | {
            issue["outcome"] for issue in before.issues if issubclass(type(command), commands.GiveAnswer)
        }
        is_strict = before.statutory_form == "ZHALOBA" or before.tier == 3
        if command.ACTION in always or (isinstance(command, commands.GiveAnswer) and is_strict and outcomes == {"UNJUSTIFIED"}):
            assert self.waits(command, done)
        if command.ACTION is CaseAction.APPROVE:
            assert who.subject not in {before.approval_by, None}
            assert who.role in approval_rules()[before.approval_rule].decided_by
            assert done.approval.decision == "APPROVED"

    @rule()
    def react(self) -> None:
        """The applicant or a provider does something."""
        pick = self.pick
        case, kind = pick.choice(self.cases), pick.choice(EVENTS if pick.randint(0, 3) == 0 else _KEEPING)
        self.touched, record = case, self.run(self.record(case))
        given = {name: self.value(pick, field.annotation, field.metadata, name, record) for name, field in kind.model_fields.items()}
        answers = [record.answer_id or uuid4(), uuid4()]
        special = {"appeal_id": case.appeal_id, "provider_id": PROVIDER, "due_at": self.desk.clock.now() + timedelta(days=3)}
        special |= {"answer_id": pick.choice(answers), "code": pick.choice(sorted(taxonomy().response_codes))}
        event = kind(**{name: special.get(name, value) for name, value in given.items()})
        position = self.run(self.position())
        self.run(self.desk.apply(event))
        case.state = state_after(case.state, event)
        case.by_applicant.add(kind)
        published = self.follow(position)
        if not {"tier-raised", "case-reopened"}.isdisjoint(published):
            case.is_raised = True
        self.check_reopening(case, event, published)
        version = self.run(self.record(case)).version
        assert case.version <= version <= case.version + 1
        case.version = version

    def check_reopening(self, case: Case, event: AppealEvent, published: list[str]) -> None:
        """A broken promise and a refuted confirmation always reopen the case, and what the applicant said before counts no more."""
        is_broken = isinstance(event, CommitmentEnded) and event.result == "BROKEN"
        is_refuted = isinstance(event, OutcomeVerified) and (event.about, event.result) == ("PROPOSAL", "REFUTED")
        assert not (is_broken or is_refuted) or published == ["case-reopened"]
        if "case-reopened" in published:
            record = self.run(self.record(case))
            assert (record.status, record.outcome, record.is_solution_confirmed, record.has_news) == ("IN_REVIEW", None, False, True)
            case.is_reopened = True
            case.by_applicant.clear()

    @rule(days=st.sampled_from([0, 1, 3, 20]))
    def wait(self, days: int) -> None:
        """Time passes: answers that waited are sent, clocks warn and are breached."""
        self.touched = None
        self.desk.clock.advance(timedelta(days=days, seconds=30))
        sending = {case.appeal_id for case in self.cases if self.run(self.record(case)).sends_at is not None}
        position = self.run(self.position())
        self.run(self.send_all())
        self.follow(position)
        events = self.run(self.events(position))
        sent = {event.appeal_id for event in events if event.FACT == "answer-given"}
        recalled = {case.appeal_id for case in self.cases if case.appeal_id in sending - sent and case.state["outcome"] is None}
        assert sent | recalled == sending, "an answer is sent, or taken back because the solution is confirmed no more"
        for case in self.cases:
            case.version += case.appeal_id in sending
        self.run(self.watch())

    @invariant()
    def check(self) -> None:
        for case in self.cases if self.touched is None else [self.touched]:
            self.check_case(case, self.run(self.record(case)))

    def check_case(self, case: Case, record: CaseRecord) -> None:
        assert record.projected == case.state, "what the other services compute from the published facts"
        assert record.version == case.version
        self.check_end(case, record)
        assert not record.awaits_second_person or record.desk_status in _OPEN
        highest = max(
            tier_for(record.kind, category, record.topic, urgent=record.urgency == "URGENT") for category in record.categories or [None]
        )
        if record.protection is not None:
            assert (record.tier, record.queue) == (3, f"KZ-00/protected/{record.language}")
        else:
            assert record.tier >= highest if case.is_raised else record.tier == highest
            assert record.queue.startswith(f"{REGION}/")
        self.run(self.check_protection(case, record, PEOPLE, REGION))
        assert len({issue["issue_id"] for issue in record.issues}) == len(set(record.categories)) == len(record.issues)
        main = next((other for other in self.cases if other.appeal_id == record.duplicate_of), None)
        assert record.duplicate_of != record.appeal_id
        assert main is None or self.run(self.record(main)).duplicate_of is None
        clocks = self.run(self.clocks(case))
        statutory = [clock for clock in clocks if clock.policy in triggered_by(ClockTrigger.FORM) and clock.state != ClockState.REPLACED]
        running = [clock for clock in statutory if clock.state in ACTIVE]
        is_due = record.answer_id is None and record.closed_at is None
        assert len(running) == is_due or (case.is_reopened and not running)
        assert len(statutory) == 1

    def check_end(self, case: Case, record: CaseRecord) -> None:
        is_final = taxonomy().statuses[record.status].final
        assert is_final == (record.closed_at is not None) == (record.outcome is not None)
        assert record.sends_at is None or not is_final
        assert record.outcome != "DUPLICATE" or record.duplicate_of is not None
        for code, events in APPLICANTS.items():
            assert record.outcome != code or events & case.by_applicant, f"{code} without the applicant"
        has_word = record.is_solution_confirmed or OutcomeConfirmed in case.by_applicant
        assert record.outcome != "RESOLVED_ON_SPOT" or has_word, "neither a proposal nor silence is a solution"
        if is_final:
            offered = {offer.action for who in PEOPLE for offer in workflow.next_actions(record, who)}
            assert offered <= {CaseAction.REDIRECT, CaseAction.RECORD_DELIVERY}
            assert CaseAction.REDIRECT not in offered or (record.danger is not None and record.redirected_to is None)
            assert CaseAction.RECORD_DELIVERY not in offered or record.unproved_body is not None

    def body(self, pick: Random, kind: type[Command], case: CaseRecord, offer: Any) -> dict[str, Any]:
        fields = {name: field for name, field in kind.model_fields.items() if name != "expected_version"}
        body = {name: self.value(pick, field.annotation, field.metadata, name, case) for name, field in fields.items()}
        for field in offer.fields if offer is not None else ():
            if field.options and isinstance(body.get(field.name), str):
                body[field.name] = pick.choice(field.options)
        if kind is commands.Classify:
            body.pop("topic" if taxonomy().subject_field(body["kind"]) == "category" else "category")
        return body

    def value(self, pick: Random, annotation: Any, metadata: list[Any], name: str, case: CaseRecord) -> Any:
        """Return a value of a field: one that fits the case, one of its options, or any of its type."""
        if (special := self.special(pick, name, case)) is not None:
            return special
        options = next((each.codes for each in metadata if isinstance(each, Options)), None)
        return pick.choice(options) if options is not None else self.typed(pick, annotation, metadata, name, case)

    def typed(self, pick: Random, annotation: Any, metadata: list[Any], name: str, case: CaseRecord) -> Any:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            found = self.value(pick, arguments[0], [*arguments[1:], *metadata], name, case)
        elif origin in (Union, UnionType):
            chosen = pick.choice(arguments)
            found = None if chosen is NoneType else self.value(pick, chosen, [], name, case)
        elif origin is Literal:
            found = pick.choice(arguments)
        elif origin is list:
            found = [self.value(pick, arguments[0], [], "", case) for _ in range(pick.choice([0, 1, 1, 2]))]
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            parts = annotation.model_fields.items()
            found = {part: self.value(pick, field.annotation, field.metadata, part, case) for part, field in parts}
        else:
            found = PLAIN[annotation](pick)
        return found

    def special(self, pick: Random, name: str, case: CaseRecord) -> Any:
        """Return a value that fits the case; None for a field that any value fits."""
        others = [other.appeal_id for other in self.cases if other.appeal_id != case.appeal_id]
        today = self.desk.clock.now().date()
        findings = [FOUND | {"category": category} for category in case.categories]
        choices: dict[str, list[Any]] = {
            "issue_id": [issue["issue_id"] for issue in case.issues] or [str(uuid4())],
            "of_number": [self.run(self.number(appeal_id)) for appeal_id in others] if name == "of_number" else [""],
            "provider_id": [str(PROVIDER)],
            "assignee": [who.subject for who in PEOPLE],
            "hold_seconds": [0, 30],
            "findings": [findings, findings, findings, []],
            "until": [(today + timedelta(days=days)).isoformat() for days in (3, 30, 40, 45)],
            "due_on": [(today + timedelta(days=3)).isoformat()],
            "follow_up_on": [(today + timedelta(days=3)).isoformat()],
            "questions": [["MEASURES"]],
            "next_steps": ["Күтіңіз."],
            "how_to_complain": ["Сотқа."],
            "concerned": [None, None, *(who.subject for who in PEOPLE[:2])],
            "delivered_on": [today.isoformat()],
            "score": [1, 5],
        }
        return pick.choice(choices[name]) if name in choices else None

    def follow(self, position: int) -> list[str]:
        """Let the other services read what was published; return the facts."""
        events = self.run(self.events(position))
        for event in events:
            case = next(each for each in self.cases if each.appeal_id == event.appeal_id)
            case.state = state_after(case.state, event)
        return [event.FACT for event in events]


_OPEN = {"IN_REVIEW", "AWAITING_PROVIDER", "AWAITING_APPLICANT", "NEEDS_FIX"}
_ENDING = {"answer", "answer-and-close", "return", "terminate", "forward", "approve"}
"""Tried now and then alone, so that the cases live long enough."""
_KEEPING = [event for event in EVENTS if event is not AppealWithdrawn]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_whatever_people_and_services_do_the_rules_of_the_desk_hold(desk):
    await desk.apply(recorded(PROVIDER))
    for who in PEOPLE:
        if who.role in STAFF:
            await desk.get("/cases", desk.token(who.role, region=who.region, subject=who.subject))
    loop, carried_out = asyncio.get_running_loop(), Counter[str]()
    chosen = settings(max_examples=24, stateful_step_count=40, deadline=None, derandomize=True, database=None)
    await asyncio.to_thread(run_state_machine_as_test, lambda: Desk(desk, loop, carried_out), settings=chosen)
    assert carried_out.keys() >= {*CaseAction, HELD}
    assert carried_out.total() >= 300
