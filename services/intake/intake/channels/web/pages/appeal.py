"""The page of one appeal, as its holder may read it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from intake.register.schemas import AnswerOut, Tracked
from intake.register.schemas.codes import MessageAuthor
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import DayStep, due_on, explain, policies, policy_for_form
from shared.domain.labels import Language
from shared.domain.regions import branch_label, regions
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_

BADGES: Final = {"ANSWERED": "good", "CLOSED": "quiet", "AWAITING_APPLICANT": "warn", "NEEDS_FIX": "warn", "AWAITING_PROVIDER": ""}
HOLDERS: Final = {"PROVIDER": "provider", "APPLICANT": "applicant", "OTHER_BODY": "other"}
ANSWERED: Final = frozenset({"ANSWERED", "CLOSED"})
# Of a message's kind; plain messages have none.
HEADINGS: Final = {
    "QUESTION": N_("A question for you"),
    "COMPLETION": N_("Something is missing in the appeal"),
    "STATEMENT": N_("Statement of withdrawal"),
    "REASON": N_("Why it is not settled"),
    "COMMENT": N_("To the rating"),
}


def view(case: Tracked, language: Language, now: datetime) -> dict[str, Any]:
    """What `case.html` shows of it."""
    codes, zone = taxonomy(), regions()[case.region].timezone
    status = codes.statuses[case.status]
    due = case.due_at.astimezone(zone).date() if case.due_at else None
    answered = case.answer_available or case.status in ANSWERED
    return {
        "case": case,
        "zone": zone,
        "branch": branch_label(case.region).in_(language),
        "status_label": status.label.in_(language),
        "badge_kind": BADGES.get(case.status, "quiet" if status.final else ""),
        "final": status.final,
        "holder": codes.holders[case.holder].label.in_(language),
        "held_now": next((one.seconds for one in case.time_held if one.holder == case.holder), None),
        "spans": [
            {"holder": HOLDERS.get(one.holder, "fund"), "label": codes.holders[one.holder].label.in_(language), "seconds": one.seconds}
            for one in case.time_held
        ],
        "steps": _steps(case, language, final=status.final),
        "due_on": due,
        "late": bool(case.due_at and now > case.due_at and not answered and not status.final),
        "working": [{"date": one.date, "counts": one.counts, "text": getattr(one, language)} for one in _working(case, due, zone)],
        "outcome": codes.outcomes[case.outcome].label.in_(language) if case.outcome else None,
        "findings": _findings(case.answer, language) if case.answer else [],
    }


def messages(case: Tracked, documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What was said both ways, in the order of time; `documents` as `uploads.shown` gives them."""
    return [
        {
            "by_fund": one.by == MessageAuthor.FUND,
            "heading": HEADINGS.get(one.kind),
            "at": one.at,
            "text": one.text,
            "due_on": one.due_at.astimezone(regions()[case.region].timezone).date() if one.due_at else None,
            "is_open": one.id == case.open_question,
            "documents": [each["name"] for each in documents if each["message_id"] == one.id],
        }
        for one in case.messages
    ]


def _steps(case: Tracked, language: Language, *, final: bool) -> list[dict[str, Any]]:
    """The latest first; until the matter is finished the latest is where it stands."""
    latest_first = list(reversed(case.timeline))
    return [
        {"text": getattr(one, language), "at": one.at, "state": "now" if place == 0 and not final else "done"}
        for place, one in enumerate(latest_first)
    ]


def _working(case: Tracked, due: date | None, zone: ZoneInfo) -> tuple[DayStep, ...]:
    """The day-by-day working of the due day by the rule that leads to it; empty when none does, as after an extension."""
    start, calendar = case.registered_at.astimezone(zone).date(), planning_calendar()
    for policy in dict.fromkeys(policy_for_form(form) for form in (None, *taxonomy().forms)):
        try:
            deadline = due_on(start, policies()[policy], calendar)
            if deadline.due_on == due:
                return explain(deadline, calendar)
        except CalendarGap:
            continue
    return ()


def _findings(answer: AnswerOut, language: Language) -> list[dict[str, str | None]]:
    codes = taxonomy()
    return [
        {
            "category": codes.categories[one.category].label.in_(language) if one.category and one.category in codes.categories else None,
            "outcome": codes.outcomes[one.outcome].label.in_(language) if one.outcome in codes.outcomes else one.outcome,
            "fact": one.fact,
            "rule": one.rule,
        }
        for one in answer.findings
    ]
