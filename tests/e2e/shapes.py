"""What partners rely on, written down once more from the published surface alone: shapes of answers, and whether a value has one.

A shape is a type, None, a value-to-bool function, a tuple (any of these), a list of one (each entry) or a dict (at least these fields).
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

APPEALS = "/intake/v1/appeals"
NOBODY = "018f0000-0000-7000-8000-000000000000"
SERVICES = ("intake", "routing", "provider-contact", "analytics")
RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")


def misfit(value: Any, shape: Any, at: str = "$") -> str | None:
    """Where `value` does not have the shape; None where it has."""
    if isinstance(shape, tuple):
        found = [misfit(value, each, at) for each in shape]
        return None if None in found else found[-1]
    if isinstance(shape, list):
        entries = enumerate(value) if isinstance(value, list) else None
        return f"{at}: not a list" if entries is None else _first(misfit(each, shape[0], f"{at}[{index}]") for index, each in entries)
    if isinstance(shape, dict):
        if not isinstance(value, dict) or (missing := shape.keys() - value.keys()):
            return f"{at}: not an object" if not isinstance(value, dict) else f"{at}: without {sorted(missing)}"
        return _first(misfit(value[name], inner, f"{at}.{name}") for name, inner in shape.items())
    if isinstance(shape, type):
        return None if isinstance(value, shape) and (shape is bool or not isinstance(value, bool)) else f"{at}: {type(value).__name__}"
    fits = value is None if shape is None else shape(value)
    return None if fits else f"{at}: {value!r}"


def _first(found: Any) -> str | None:
    return next(filter(None, found), None)


def _parsed(parse: Callable[[str], object]) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        try:
            return isinstance(value, str) and str(parse(value)) == value
        except ValueError:
            return False

    return fits


def one_of(*codes: str) -> Callable[[Any], bool]:
    return lambda value: value in codes


def matching(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def listing(item: Any) -> dict[str, Any]:
    return {"items": [item], "total": int, "next_cursor": (str, None)}


uuid, day = _parsed(UUID), _parsed(date.fromisoformat)
time = matching(RFC3339_UTC.pattern)
number, pin = matching(r"\d{4}-\d\d-\d{7}-\d"), matching(r"\d{8}")
text_or_none = (str, None)
language = one_of("kk", "ru", "en")
in_three_languages = {"kk": str, "ru": str, "en": str}
counted_day = {"date": day, "counts": (int, None), **in_three_languages}
finding = {"category": str, "outcome": str, "fact": str, "rule": str}

PROBLEM = {"type": str, "title": str, "status": int, "code": str, "detail": str, "errors": [{"field": str, "code": str, "detail": str}]}
RECEIPT = {
    "appeal_id": uuid,
    "number": number,
    "pin": pin,
    "status": one_of("RECEIVED", "REGISTERED"),
    "received_at": time,
    "registered_at": time,
    "received_by": ({"name": str, "position": str}, None),
    "due_at": time,
    "due_provisional": bool,
    "due_explanation": [counted_day],
    "links": dict,
}
ANSWER = {"at": time, "language": language, "text": str, "findings": [finding], "next_steps": str, "how_to_complain": str}
TRACKED = {
    "number": number,
    "status": str,
    "holder": str,
    "tier": (int, None),  # not known yet in the first moment
    "registered_at": time,
    "due_at": time,
    "outcome": text_or_none,
    "time_held": [{"holder": str, "seconds": int}],
    "answer": (ANSWER, None),
    "timeline": [{"at": time, "type": str, **in_three_languages}],
}
IMPORTED = {"received": int, "imported": int, "unchanged": int, "rejected": [{"line": int, "code": str, "field": str, "detail": str}]}
CONTENTS = {"items": [{"id": uuid, "found": bool, "content": (dict, None)}]}
DEADLINE = {"policy": str, "starts_at": str, "from": day, "due_on": day, "calendar_version": str, "explanation": [counted_day]}
CLASSIFICATION = {
    "kind": str,
    "category": text_or_none,
    "topic": text_or_none,
    "tier": one_of(1, 2, 3),
    "urgent": bool,
    "language": language,
    "confidence": float,
    "decision": one_of("auto", "suggest", "triage"),
    "evidence": [{"start": int, "end": int, "term": str, "code": str}],
    "versions": dict,
}
NEXT_ACTIONS = [{"action": str, **in_three_languages, "fields": [{"name": str, "required": bool, "options": ([str], None)}]}]
LISTED_CASE = {
    "appeal_id": uuid,
    "number": number,
    "version": int,
    "status": str,
    "kind": str,
    "statutory_form": str,
    "category": text_or_none,
    "topic": text_or_none,
    "tier": one_of(1, 2, 3),
    "urgency": str,
    "holder": one_of("FUND_TIER1", "FUND_TIER2", "FUND_TIER3", "PROVIDER", "APPLICANT", "OTHER_BODY", "NONE"),
    "queue": str,
    "assignee": text_or_none,
    "region": matching(r"KZ-\d\d"),
    "provider_id": (uuid, None),
    "language": language,
    "next_actions": NEXT_ACTIONS,
}
CASE = {
    **LISTED_CASE,
    "clocks": [{"clock_id": uuid, "policy": str, "due_at": time, "state": str}],
    "classification": CLASSIFICATION,
    "history": [{"at": time, "type": str, "actor_role": str, **in_three_languages}],
}
PROVIDER = {
    "provider_id": uuid,
    "bin": (matching(r"\d{12}"), None),
    "name_kk": str,
    "name_ru": str,
    "region": matching(r"KZ-\d\d"),
    "kind": str,
    "score": (float, None),
}
INQUIRY = {
    "inquiry_id": uuid,
    "appeal_id": uuid,
    "number": number,
    "provider_id": uuid,
    "category": str,
    "status": str,
    "due_at": time,
    "version": int,
    "next_actions": NEXT_ACTIONS,
}
KPI = {"id": str, **in_three_languages, "unit": str, "metric_version": int}
COMPARISON = {"from": day, "to": day, "value": int, "change": int, "change_percent": (float, None)}
FIGURE = {
    "id": str,
    "from": day,
    "to": day,
    "as_of": time,
    "metric_version": int,
    "unit": str,
    "value": int,
    "n": int,
    "suppressed": bool,
    "parts": [{"code": str, "value": int, "share": float}],
    "comparison": (COMPARISON, None),
}
KPI_IDS = (
    "received",
    "complaints",
    "received_by_channel",
    "received_by_kind",
    "received_by_region",
    "received_by_tier",
    "complaints_by_category",
    "complaints_by_provider",
    "consultations_by_topic",
    "outcomes",
    "resolved_on_spot",
    "withdrawn",
    "confirmed",
    "verified",
    "refuted",
    "unproven",
)
MEASURED_IDS = (
    "self_served",
    "satisfaction",
    "calls_offered",
    "calls_answered",
    "calls_abandoned",
    "calls_abandoned_short",
    "calls_waiting_time",
    "calls_handling_time",
    "calls_service_level",
    "classifier_agreement",
    "classifier_agreement_auto",
    "classifier_agreement_suggest",
    "classifier_agreement_triage",
    "classifier_agreement_kk",
    "classifier_agreement_ru",
    "classifier_agreement_consultation",
    "classifier_agreement_complaint",
    "classifier_agreement_report",
    "classifier_agreement_request",
    "classifier_agreement_suggestion",
    "classifier_agreement_feedback",
    "classifier_agreement_gratitude",
    "classifier_agreement_other",
    "answered_share",
    "answer_time_median",
    "answer_time_p90",
    "answered_in_time",
    "overdue",
    "extended",
    "reopened",
    "held_by_fund",
    "held_by_provider",
    "held_by_applicant",
    "first_contact_resolution",
    "tier1_leakage",
    "backlog",
    "backlog_by_age",
    "provider_reply_median",
    "provider_reply_p90",
    "inquiries_overdue",
    "refusals_lawful",
    "commitments_fulfilled",
    "complaints_per_10000",
    "complaints_per_10000_insured",
)
"""Figures that are no counts of appeals; an average of nothing is null."""


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def is_problem(answer: Any, status: int, code: str, *fields: str) -> bool:
    """Fails unless `answer` is this problem; `fields` are dotted paths that it must name."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert misfit(said, PROBLEM) is None, misfit(said, PROBLEM)
    assert (said["status"], said["code"]) == (status, code), said
    assert {each["field"] for each in said["errors"]} >= set(fields), said
    return True


def has(answer: Any, shape: Any, status: int = 200) -> Any:
    """What `answer` says; fails unless it has this shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    said = answer.json()
    assert misfit(said, shape) is None, misfit(said, shape)
    return said


@pytest.fixture(scope="module")
def send(people):
    """POST as a role, whatever comes back."""

    def post(path, body, role=None, *, headers=None, **claims):
        sent = (people.bearer(role, **claims) if role else {}) | (headers or {})
        return people.http.post(path, json=body, headers=sent)

    return post


@pytest.fixture(scope="module")
def raw(people):
    """POST a body as it is."""

    def post(path, content, media="application/json", role=None):
        headers = {"Content-Type": media, **(people.bearer(role) if role else {})}
        return people.http.post(path, content=content if isinstance(content, bytes) else content.encode(), headers=headers)

    return post
