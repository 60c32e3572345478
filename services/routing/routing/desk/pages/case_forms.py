"""What the forms of a case offer: choices with labels, proposed values, and what an answer must contain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.cases import service as cases
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import CaseView, NextAction
from routing.desk.pages.forms import GateCheck, SubmittedForm, checks, field_label, field_name, findings_of
from routing.desk.pages.people import Choice
from routing.desk.pages.preview import AnswerPreview
from routing.desk.pages.reader import DeskReader, category_options
from routing.knowledge import service as knowledge
from shared.domain.labels import Label
from shared.domain.taxonomy import taxonomy

WITH_TEMPLATE: frozenset[CaseAction] = frozenset(
    {
        CaseAction.CLAIM,
        CaseAction.ASSIGN,
        CaseAction.CLASSIFY,
        CaseAction.ESCALATE,
        CaseAction.ANSWER,
        CaseAction.ANSWER_AND_CLOSE,
        CaseAction.UNDO,
        CaseAction.CLOSE,
        CaseAction.ASK,
        CaseAction.REQUEST_COMPLETION,
        CaseAction.RETURN,
        CaseAction.TERMINATE,
        CaseAction.FORWARD,
        CaseAction.PASS_UP,
        CaseAction.REDIRECT,
        CaseAction.LOG_CALL,
        CaseAction.ASK_PROVIDER,
        CaseAction.REQUEST_EXTENSION,
        CaseAction.APPROVE_EXTENSION,
        CaseAction.REJECT_EXTENSION,
        CaseAction.APPROVE,
        CaseAction.REJECT,
        CaseAction.SPLIT_ISSUE,
        CaseAction.REMOVE_ISSUE,
        CaseAction.SET_FINDING,
        CaseAction.LINK_DUPLICATE,
        CaseAction.UNLINK,
        CaseAction.PROTECT,
        CaseAction.UNPROTECT,
        CaseAction.RECORD_DELIVERY,
    }
)
"""The actions with a form of their own in `desk_forms.html`; any other action gets a form made from its fields."""
HOLD_SECONDS = 30  # how long an answer of the desk can be taken back; the API's default is to send at once
Option = tuple[str, str]
"""A code and its label."""


@dataclass(frozen=True, slots=True)
class ActionOffer:
    """The choices of an action, the proposed value, and the term of the law."""

    suggested: bool
    needs_approval: bool
    due_at: datetime | None
    options: Sequence[Option]
    value: str | Sequence[str]
    text: str
    """The letter to the applicant that is proposed, empty for none."""


@dataclass(frozen=True, slots=True)
class ReadyText:
    """A reviewed article or a sentence that a clerk can insert into the answer."""

    title: str
    text: str
    language: str
    source: str = ""
    """Code and version of the article, `pay-rates:2`; empty for a sentence."""
    is_confirmed: bool = True


@dataclass(frozen=True, slots=True)
class ReadyTexts:
    """What can be inserted into the answer. `suggested`: the articles that fit the text of the case best.

    `found`: the articles that a search found, `None` without a search. `href`: where the form is posted to search and to insert.
    """

    suggested: Sequence[ReadyText]
    articles: Sequence[ReadyText]
    sentences: Sequence[ReadyText]
    query: str
    found: Sequence[ReadyText] | None
    href: str


@dataclass(frozen=True, slots=True)
class DraftNote:
    """The draft of the answer: its version, 0 without one, when it was saved, and the target of its buttons."""

    version: int
    saved: str
    href: str


@dataclass(frozen=True, slots=True)
class AnswerWriting:
    """What belongs to the form of the answer. `form`: the one that came back, else the draft, else an empty one."""

    form: SubmittedForm
    draft: DraftNote
    ready: ReadyTexts
    preview: AnswerPreview | None


@dataclass(frozen=True, slots=True)
class FormOptions:
    """The lists that the forms choose from."""

    kinds: Sequence[Option]
    categories: Sequence[Option]
    topics: Sequence[Option]
    forms: Sequence[Option]
    outcomes: Sequence[Option]
    """Of findings."""
    endings: Sequence[Option]
    """The outcomes with which the case may be closed now; the applicant's confirmation adds one."""
    reasons: Sequence[Option]
    languages: Sequence[Option]
    questions: Sequence[Option]
    services: Sequence[Option]
    departments: Sequence[Option]


@dataclass(frozen=True, slots=True)
class PlainField:
    """A field of a form without a template of its own; `name`: the one in the command, `html_name`: the one on the page."""

    name: str
    html_name: str
    label: str
    required: bool
    options: Sequence[Option]
    value: str


@dataclass(frozen=True, slots=True)
class PlainForm:
    """The form of an action without a template of its own, made from the fields of its command."""

    action: CaseAction
    title: str
    fields: Sequence[PlainField]


@dataclass(frozen=True, slots=True)
class CaseForms:
    """What the forms choose from, and their initial values. `plain`: the forms of actions without a template of their own."""

    kind: str
    category: str | None
    topic: str | None
    gate: cases.ClosureGate
    checks: Sequence[GateCheck]
    findings: Sequence[Mapping[str, str]]
    how_to_complain: str
    outcome: str
    """The proposed outcome: that of an answer without a finding, where the kind needs none."""
    topical_kinds: str
    options: FormOptions
    colleagues: Sequence[Choice]
    offers: Mapping[CaseAction, ActionOffer]
    plain: Sequence[PlainForm]
    writing: AnswerWriting
    hold_seconds: int


def case_forms(case: CaseView, writing: AnswerWriting, reader: DeskReader, colleagues: Sequence[Choice]) -> CaseForms:
    """Return the forms of a case. `colleagues`: the possible assignees, and the absent ones among them."""
    codes, gate = taxonomy(), cases.closure_gate()[case.kind]
    complain = knowledge.how_to_complain()
    findings = findings_of(case, gate, writing.form)
    return CaseForms(
        kind=case.kind,
        category=case.category,
        topic=case.topic,
        gate=gate,
        checks=checks(gate, writing.form, findings, case.issues, reader),
        findings=findings,
        how_to_complain=complain.get(case.language, complain[knowledge.FALLBACK_LANGUAGE]),
        outcome="" if gate.findings else gate.outcome,
        topical_kinds=" ".join(code for code, kind in codes.kinds.items() if kind.subject == "topic"),
        options=FormOptions(
            kinds=reader.options(codes.kinds),
            categories=category_options(reader),
            topics=reader.options(codes.topics),
            forms=reader.options(codes.forms),
            outcomes=reader.options({code: codes.outcomes[code] for code in cases.finding_outcomes()}),
            endings=reader.options({code: codes.outcomes[code] for code in _endings(case)}),
            reasons=[(code, reader.label(label)) for code, label in cases.escalation_reasons().items()],
            languages=[(code, reader.language_name(code)) for code in ("kk", "ru", "en")],
            questions=reader.options(codes.provider_questions),
            services=reader.options(codes.concerned_services),
            departments=reader.options(codes.departments),
        ),
        colleagues=colleagues,
        offers={offer.action: _offer(offer, reader) for offer in case.next_actions},
        plain=[_plain_form(offer, reader) for offer in case.next_actions if offer.action not in WITH_TEMPLATE],
        writing=writing,
        hold_seconds=HOLD_SECONDS,
    )


def _endings(case: CaseView) -> Sequence[str]:
    """Return the outcomes that the offered actions close the case with."""
    closing = [offer for offer in case.next_actions if offer.action in {CaseAction.CLOSE, CaseAction.ANSWER_AND_CLOSE}]
    offered = next((field.options for offer in closing for field in offer.fields if field.name == "outcome"), None)
    return offered or cases.closing_outcomes()


def _plain_form(offer: NextAction, reader: DeskReader) -> PlainForm:
    labels = labels_of(offer.action)
    fields = [
        PlainField(
            name=field.name,
            html_name=field_name(offer.action, field.name),
            label=field_label(field.name, reader),
            required=field.required,
            options=[(code, reader.label(labels[code]) if code in labels else code) for code in field.options or []],
            value=field.value if isinstance(field.value, str) else "",
        )
        for field in offer.fields
    ]
    return PlainForm(offer.action, getattr(offer, reader.language), fields)


def _offer(offer: NextAction, reader: DeskReader) -> ActionOffer:
    labels = labels_of(offer.action)
    chosen = next((field for field in offer.fields if field.options and field.options[0] in labels), None)
    return ActionOffer(
        suggested=offer.suggested,
        needs_approval=offer.needs_approval,
        due_at=offer.due_at,
        options=[(code, reader.label(labels[code])) for code in (chosen.options or [])] if chosen else [],
        value=chosen.value if chosen and chosen.value is not None else "",
        text=next((field.value for field in offer.fields if field.name == "text" and isinstance(field.value, str)), ""),
    )


def labels_of(action: CaseAction) -> Mapping[str, Label]:
    """Return the labels of the codes that the action's own field chooses from."""
    bodies = {code: body.label for code, body in cases.bodies().items()}
    tables: Mapping[CaseAction, Mapping[str, Label]] = {
        CaseAction.RETURN: cases.return_grounds(),
        CaseAction.TERMINATE: {code: ground.label for code, ground in cases.termination_grounds().items()},
        CaseAction.REQUEST_COMPLETION: {code: datum.label for code, datum in cases.missing_data().items()},
        CaseAction.FORWARD: bodies,
        CaseAction.PASS_UP: bodies,
        CaseAction.REDIRECT: bodies,
    }
    return tables.get(action, {})
