"""What the policies suggest for a case, and the terms that the law sets for actions. A person decides."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from routing.cases.policy import (
    AnonymousAction,
    DangerGround,
    NamedCode,
    anonymous_policy,
    danger_in,
    dangers,
    missing_data,
)
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.rows import CaseRecord
from routing.cases.service.protection_rules import bodies_of
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.domain.labels import LANGUAGES, Label, Language
from shared.domain.regions import regions

FIRST_LANGUAGE: Final = "kk"
Values = Mapping[str, str | list[str]]
"""Values of an action's fields, by field."""


def reports_crime(case: CaseRecord) -> bool:
    """Return whether the appeal reports a crime, even if the case is marked with a danger to life, whose rule is tried first."""
    found = {case.danger, *(danger_in(category, urgent=False) for category in case.categories)} - {None}
    return any(name in found and rule.ground is DangerGround.CRIME for name, rule in dangers().items())


def proposals(case: CaseRecord) -> Mapping[CaseAction, Values]:
    """Return what the policies propose for the case: actions with the values of their fields. A person decides."""
    found: dict[CaseAction, Values] = {}
    bodies = bodies_of(case)
    if bodies and case.danger is None:
        found[CaseAction.FORWARD] = {"body": bodies[0]}
    if case.danger is not None:
        found[CaseAction.REDIRECT] = {"body": dangers()[case.danger].body}
    if reports_crime(case):
        return found  # a crime is investigated whoever reports it (АППК art. 88(1)2)
    if case.fix_passed:
        found[CaseAction.RETURN] = {"ground": NamedCode.NOT_COMPLETED}
    elif case.anonymous and anonymous_policy()[case.statutory_form] is AnonymousAction.TERMINATE:
        found[CaseAction.TERMINATE] = {"ground": NamedCode.ANONYMOUS}
    elif case.anonymous:
        required = [code for code, datum in missing_data().items() if datum.anonymous]
        found[CaseAction.REQUEST_COMPLETION] = {"missing": required}
    return found


TERMS: Final[Mapping[CaseAction, str]] = {CaseAction.FORWARD: "FORWARD", CaseAction.RETURN: "RETURN", CaseAction.PASS_UP: "ZHALOBA_PASS_UP"}
"""The deadline policies of actions that the law wants done within a term."""


def term_of(action: CaseAction, case: CaseRecord) -> datetime | None:
    """Return the end of the term for the action; None for an action without one, or outside the calendar.

    The term of a return after the fix period runs from the end of that period (АППК art. 64(7)): None as well.
    """
    if action not in TERMS or (action is CaseAction.RETURN and case.fix_passed):
        return None
    policy = policies()[TERMS[action]]
    start = case.received_at if policy.starts_at == "receipt" else case.registered_at
    day = start.astimezone(regions()[case.region].timezone).date()
    try:
        return due_at(due_on(day, policy, planning_calendar()).due_on, case.region)
    except CalendarGap:
        return None


def letter_for(case: CaseRecord, letter: Label) -> str:
    """Return the letter that is proposed with an action, in the language of the case. A person may change it."""
    language: Language = next((one for one in LANGUAGES if one == case.language), FIRST_LANGUAGE)
    return letter.filled(number=Label(case.number, case.number, case.number)).in_(language)
