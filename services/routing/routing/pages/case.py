"""One case as a clerk sees it: what was said and why it is sorted so, what is due and why, who has it, what happened, what may be done."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from routing import articles
from routing.clocks import clock_policies
from routing.models import ACTIVE, MET, REPLACED
from routing.pages.forms import Filled, blank_finding, checks
from routing.pages.listing import Place
from routing.pages.words import Due, Reader, category_options, due, subject_of
from routing.reference import (
    bodies,
    closing_outcomes,
    closure_gate,
    dangers,
    escalation_reasons,
    missing_data,
    return_grounds,
    termination_grounds,
)
from routing.schemas import AnswerView, CaseView, ClockView, LetterView
from routing.workflow import NextAction
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import due_on, explain, policies
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.viewer import role_labels

_APPLICANT: Final = (
    ("full_name", N_("Full name")),
    ("iin", N_("IIN")),
    ("phone", N_("Phone")),
    ("email", N_("E-mail")),
    ("address", N_("Address")),
)
_WHY: Final = {
    "auto": N_("The marked words speak for “%(subject)s” (certainty %(certainty)s)."),
    "suggest": N_("The marked words suggest “%(subject)s” (certainty %(certainty)s). Please check it."),
    "triage": N_("The words alone do not decide what this is about. Please choose."),
}
_FILE_STATES: Final = {"UNSCANNED": N_("not checked for viruses"), "INFECTED": N_("infected, it cannot be opened")}
BYTES_IN_KB: Final = 1024
_FOUND: Final = N_("Found in the directory")
_NOT_FOUND: Final = N_("None is named, or it has not been found yet")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the appeal's text, `marked` where the classifier found a reason."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Words:
    """Somebody's words as their owner gave them: `read`, `none` there are, or its owner is `down`."""

    state: str
    parts: Sequence[Part] = ()
    text: str = ""
    language: str = ""
    facts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class ApplicantMessage:
    """What the applicant wrote after filing; `text` is empty where it cannot be read."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Additions:
    """What the register holds of an appeal in addition to its text. A file is described by its kind, size and state."""

    contested_act: str = ""
    provider_name: str = ""
    messages: Sequence[ApplicantMessage] = ()
    files: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was fetched from other services to show this case; None where nothing was asked for."""

    appeal: Words
    applicant: Words | None = None
    response: Words | None = None
    additions: Additions = Additions()


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock: how near it is while it runs (`due`), else what became of it, and the day-by-day working."""

    label: str
    due_at: Any
    due: Due | None
    state_label: str
    tone: str
    working: list[dict[str, Any]]


def words_of(content: Mapping[str, Any] | None, evidence: Sequence[Mapping[str, Any]]) -> Words:
    """The appeal's text in parts, the evidence marked; spans that do not lie within the text are left out."""
    text = (content or {}).get("text") or ""
    return Words("read", parts=list(_parts(text, evidence))) if text else Words("none")


def _parts(text: str, evidence: Sequence[Mapping[str, Any]]) -> Iterator[Part]:
    at = 0
    for start, end in sorted((each["start"], each["end"]) for each in evidence):
        if end <= at or end > len(text):
            continue
        if start > at:
            yield Part(text[at:start], marked=False)
        yield Part(text[max(start, at) : end], marked=True)
        at = end
    if at < len(text):
        yield Part(text[at:], marked=False)


def additions_of(content: Mapping[str, Any] | None, reader: Reader) -> Additions:
    """The contested act, the applicant's later messages and the files, as intake returns them with the text."""
    found = content or {}
    return Additions(
        contested_act=_contested_act(found),
        provider_name=found.get("provider_name") or "",
        messages=[ApplicantMessage(datetime.fromisoformat(each["at"]), each["text"] or "") for each in found.get("messages", ())],
        files=[_file(each, reader) for each in found.get("attachments", ())],
    )


def _contested_act(content: Mapping[str, Any]) -> str:
    """Intake returns it alone, or among the particulars where the applicant is shown too."""
    return content.get("contested_act") or (content.get("particulars") or {}).get("contested_act") or ""


def _file(described: Mapping[str, Any], reader: Reader) -> str:
    size = Formats(reader.language).number(max(1, round(described["size"] / BYTES_IN_KB)), 0)
    text = reader.say(N_("%(kind)s, %(size)s kB"), kind=described["kind"] or "?", size=size)
    state = _FILE_STATES.get(described["state"])
    return f"{text}: {reader.say(state)}" if state else text


def applicant_of(content: Mapping[str, Any] | None, reader: Reader) -> Words:
    applicant = (content or {}).get("applicant") or {}
    return Words("read", facts=[(reader.say(label), applicant[name]) for name, label in _APPLICANT if applicant.get(name)])


def case_context(
    case: CaseView, claimed: Claimed, form: Filled, reader: Reader, place: Place, *, assignee_name: str | None = None
) -> dict[str, Any]:
    """Everything that the case's template shows."""
    codes, zone = taxonomy(), regions()[case.region].timezone
    inquiries = [entry for entry in case.history if entry.type.startswith("inquiry-")]
    return {
        "number": case.number,
        "version": case.version,
        "href": place.href(case.appeal_id),
        "show_href": place.href(case.appeal_id, show="applicant"),
        "post": {offer.action: place.href(case.appeal_id, offer.action) for offer in case.next_actions},
        "kicker": _kicker(case, reader),
        "urgent": case.urgency == "URGENT",
        "due": due(case.next_due_at, reader.now, zone) if case.next_due_at else None,
        "status_label": reader.label(codes.statuses[case.status].label),
        "finished": codes.statuses[case.status].final,
        "outcome": reader.label(codes.outcomes[case.outcome].label) if case.outcome else None,
        "holder_label": reader.label(codes.holders[case.holder].label),
        "assignee_text": _assignee(case, assignee_name, reader),
        "language": case.language,
        "zone": zone,
        "words": claimed.appeal,
        "additions": claimed.additions,
        "applicant": claimed.applicant,
        "response": claimed.response,
        "why": _why(case, reader),
        "reasons": _reasons(case, reader),
        "answer": _answer(case.answer, reader) if case.answer else None,
        "clocks": [_clock(clock, zone, reader) for clock in case.clocks if clock.state != REPLACED],
        "provider_text": _provider(case, claimed.additions.provider_name, reader),
        "inquiry": {"text": getattr(inquiries[-1], reader.language), "at": inquiries[-1].at} if inquiries else None,
        "history": _history(case, reader),
        "news": case.has_news,
        "danger": _danger(case, reader),
        "continues": {"number": case.follows_number, "href": place.href(case.follows)} if case.follows and case.follows_number else None,
        "score": case.score,
        "letters": [_letter(letter, reader) for letter in case.letters],
        "offers": {offer.action: _offer(offer, reader) for offer in case.next_actions},
        **_for_forms(case, form, reader),
    }


def _danger(case: CaseView, reader: Reader) -> dict[str, str] | None:
    """What has to be passed on at once, to whom, and whether somebody has done so."""
    if case.danger is None:
        return None
    danger, told = dangers()[case.danger], bodies().get(case.redirected_to or "")
    return {
        "what": reader.label(danger.label),
        "body": reader.label((told or bodies()[danger.body]).label),
        "told": "yes" if told else "",
    }


def _letter(letter: LetterView, reader: Reader) -> dict[str, Any]:
    missing = [reader.label(missing_data()[code].label) for code in letter.missing]
    return {"text": letter.text, "language": letter.language, "at": letter.at, "missing": missing}


def _offer(offer: NextAction, reader: Reader) -> dict[str, Any]:
    """An action with its choices in words, what policy proposes for each field, and the law's term."""
    labels = {
        "return": return_grounds(),
        "terminate": {code: ground.label for code, ground in termination_grounds().items()},
        "request-completion": {code: datum.label for code, datum in missing_data().items()},
        "forward": {code: body.label for code, body in bodies().items()},
        "redirect": {code: body.label for code, body in bodies().items()},
    }.get(offer.action, {})
    chosen = next((field for field in offer.fields if field.options and field.options[0] in labels), None)
    return {
        "suggested": offer.suggested,
        "due_at": offer.due_at,
        "options": [(code, reader.label(labels[code])) for code in (chosen.options or [])] if chosen else [],
        "value": chosen.value if chosen and chosen.value is not None else "",
    }


def _for_forms(case: CaseView, form: Filled, reader: Reader) -> dict[str, Any]:
    """What the forms choose from, and what they begin with."""
    codes, gate = taxonomy(), closure_gate()[case.kind]
    closing = {code: codes.outcomes[code] for code in closing_outcomes()}
    complain = articles.how_to_complain()
    return {
        "kind": case.kind,
        "category": case.category,
        "topic": case.topic,
        "gate": gate,
        "checks": checks(gate, form, reader),
        "findings": form.findings or ([blank_finding(case.category)] if gate.findings else []),
        "how_to_complain": complain.get(case.language, complain[articles.STANDS_IN]),
        "ready": _ready_answers(case, reader),
        "topical_kinds": " ".join(code for code, kind in codes.kinds.items() if kind.subject == "topic"),
        "options": {
            "kinds": reader.options(codes.kinds),
            "categories": category_options(reader),
            "topics": reader.options(codes.topics),
            "forms": reader.options(codes.forms),
            "outcomes": reader.options(closing),
            "reasons": [(code, reader.label(label)) for code, label in escalation_reasons().items()],
            "languages": [(code, reader.language_name(code)) for code in ("kk", "ru", "en")],
        },
    }


def _ready_answers(case: CaseView, reader: Reader) -> list[dict[str, str]]:
    """The first tier's reviewed answers on the case's subject, in its language."""
    language = case.language if case.language in articles.WRITTEN_IN else articles.STANDS_IN
    today = reader.now.astimezone(regions()[case.region].timezone).date()
    subject = {case.topic, case.category} - {None}
    return [
        {"question": article.questions[language], "answer": article.answers[language], "language": language}
        for article in articles.articles()
        if article.reviewed and article.holds_on(today) and subject & {article.topic, article.category}
    ]


def _kicker(case: CaseView, reader: Reader) -> str:
    codes = taxonomy()
    parts = [codes.kinds[case.kind].label, codes.tiers[case.tier].label, codes.channels[case.channel].label]
    return " · ".join([*map(reader.label, parts), reader.language_name(case.language)])


def _assignee(case: CaseView, name: str | None, reader: Reader) -> str:
    if case.imported:
        return reader.say(N_("Taken over from a former register, to be read only"))
    if case.assignee is None:
        return reader.say(N_("Nobody has taken it yet"))
    if case.assignee == reader.subject:
        return reader.say(N_("You have it"))
    return reader.say(N_("Taken by %(name)s"), name=name or case.assignee)


def _provider(case: CaseView, name: str, reader: Reader) -> str:
    if case.provider_id:
        return reader.say(_FOUND)
    if not name:
        return reader.say(_NOT_FOUND)
    return reader.say(N_("The applicant wrote “%(name)s”; it has not been found in the directory"), name=name)


def _why(case: CaseView, reader: Reader) -> str:
    said = case.classification
    if any(entry.type == "classification-corrected" for entry in case.history):
        return reader.say(N_("A colleague corrected the classification: “%(subject)s”."), subject=subject_of(case, reader))
    if said.get("versions", {}).get("method") == "lexicon" and said.get("decision") in _WHY:
        certainty = Formats(reader.language).number(said.get("confidence", 0), 2)
        text = _WHY[said["decision"]]
        return reader.say(text, subject=subject_of(case, reader), certainty=certainty) if "%(" in text else reader.say(text)
    return reader.say(N_("Sorted as it was filed: “%(subject)s”."), subject=subject_of(case, reader))


def _reasons(case: CaseView, reader: Reader) -> list[str]:
    """What the marked words argue for, each once."""
    codes = taxonomy()
    known: dict[str, Any] = {**codes.kinds, **codes.topics, **codes.categories}
    named = dict.fromkeys(each["code"] for each in case.classification.get("evidence", ()))
    return [reader.label(known[code].label) for code in named if code in known]


def _answer(answer: AnswerView, reader: Reader) -> dict[str, Any]:
    codes, told = taxonomy(), []
    for finding in answer.findings:
        told.append((reader.label(codes.categories[finding.category].label), reader.label(codes.outcomes[finding.outcome].label)))
        told += [(reader.say(N_("Fact")), finding.fact), (reader.say(N_("Rule")), finding.rule)]
    told += [(reader.say(N_("What happens next")), answer.next_steps)] if answer.next_steps else []
    told += [(reader.say(N_("How to appeal against this answer")), answer.how_to_complain)] if answer.how_to_complain else []
    return {"text": answer.text, "language": answer.language, "facts": told, "at": answer.at}


def _clock(clock: ClockView, zone: ZoneInfo, reader: Reader) -> ClockRow:
    is_met = clock.state == MET
    return ClockRow(
        label=reader.label(clock_policies()[clock.policy].label),
        due_at=clock.due_at,
        due=due(clock.due_at, reader.now, zone) if clock.state in ACTIVE else None,
        state_label=reader.say(N_("kept") if is_met else N_("missed")),
        tone="good" if is_met else "bad",
        working=_working(clock, zone, reader),
    )


def _working(clock: ClockView, zone: ZoneInfo, reader: Reader) -> list[dict[str, Any]]:
    """Day by day, as long as today's calendar still says what the clock was started with."""
    try:
        deadline = due_on(clock.started_at.astimezone(zone).date(), policies()[clock.policy], planning_calendar())
        steps = explain(deadline, planning_calendar())
    except CalendarGap:
        return []
    if deadline.due_on != clock.due_at.astimezone(zone).date():
        return []
    return [{"date": step.date, "counts": step.counts is not None, "text": getattr(step, reader.language)} for step in steps]


def _history(case: CaseView, reader: Reader) -> list[dict[str, Any]]:
    """The newest on top; who did it is named by role."""
    roles = role_labels()
    newest_first = list(reversed(case.history))
    return [
        {
            "text": getattr(entry, reader.language),
            "at": entry.at,
            "state": "now" if n == 0 and case.closed_at is None else "done",
            "detail": reader.label(roles[entry.actor_role]) if entry.actor_role in roles and entry.actor_role != "service" else "",
        }
        for n, entry in enumerate(newest_first)
    ]
