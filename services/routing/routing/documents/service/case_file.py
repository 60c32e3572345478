"""The whole case file as one document, for the applicant who asks for it (АППК art. 75): what was written, asked, decided and read.

Notes and logged calls of colleagues are left out. A file that would lack the part of a service that does not answer is not made.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from routing.cases import service as cases
from routing.cases.codes import ConversationSide, EntryType
from routing.cases.schemas.commands import AnswerContent
from routing.cases.schemas.conversation import CaseConversation
from routing.cases.schemas.rows import ProviderView
from routing.cases.schemas.views import CaseView
from routing.clocks.service import clock_policies
from routing.desk.schemas import AppealContent, ConversationItem, ExchangeContent, ResponseContent
from routing.desk.service.conversation import INTAKE, PROVIDER_CONTACT, FetchedOwners, FileAddresses, conversation, fetch_contents
from routing.documents.errors import CaseFileIncomplete
from routing.documents.policy import CaseFileTexts, texts
from routing.documents.service.typesetting import typeset
from shared.auth import Principal
from shared.contents import Contents
from shared.domain.labels import Label, Language
from shared.domain.regions import branch_label, regions
from shared.domain.taxonomy import taxonomy
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork
from shared.web.formats import Formats
from shared.web.viewer import role_labels

PURPOSE: Final = "case-file"
CONTACTS: Final = ("full_name", "iin", "phone", "email", "address")
Facts = list[tuple[str, str]]
"""Labels with values."""


@dataclass(frozen=True, slots=True)
class OwnPart:
    """What routing owns of a case file."""

    case: CaseView
    written: CaseConversation
    made_at: datetime


@dataclass(frozen=True, slots=True)
class OtherParts:
    """What intake and provider-contact own of a case file. `responses` by response id."""

    appeal: AppealContent
    responses: Mapping[UUID, ResponseContent]
    exchange: ExchangeContent


async def read_own(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> OwnPart:
    """Return what routing owns of a case file, and record the access. Raises NotFound as `visible_case` does."""
    case = await cases.read_case(work, principal, appeal_id)
    written = await cases.conversation_of(work, case)
    await work.audit.record(reader=principal.subject, purpose=PURPOSE, ids=[appeal_id])
    return OwnPart(case, written, work.clock.now())


async def fetch_others(contents: Contents, own: OwnPart, principal: Principal) -> OtherParts:
    """Return what intake and provider-contact own.

    Raises CaseFileIncomplete with the services that do not answer, and NotFound for an appeal that intake does not have or cannot open.
    """
    appeal_id = own.case.appeal_id
    response_ids = [entry.response_id for entry in own.written.entries if entry.response_id is not None]
    appeals, responses, exchanges = await asyncio.gather(
        fetch_contents(contents, AppealContent, INTAKE, [appeal_id], PURPOSE, principal),
        fetch_contents(contents, ResponseContent, PROVIDER_CONTACT, response_ids, "desk", principal),
        fetch_contents(contents, ExchangeContent, PROVIDER_CONTACT, [appeal_id], "desk-exchange", principal),
    )
    if appeals is None or responses is None or exchanges is None:
        parts = ((INTAKE, appeals), (PROVIDER_CONTACT, responses if exchanges is not None else None))
        raise CaseFileIncomplete([owner for owner, part in parts if part is None])
    if appeal_id not in appeals:
        raise NotFound
    return OtherParts(appeals[appeal_id], responses, exchanges.get(appeal_id, ExchangeContent()))


async def providers_of(work: UnitOfWork, others: OtherParts) -> Mapping[UUID, ProviderView]:
    """Return the providers that were asked, by id."""
    return await cases.providers_by_id(work, {inquiry.provider_id for inquiry in others.exchange.inquiries})


def compose(own: OwnPart, others: OtherParts, providers: Mapping[UUID, ProviderView], language: Language) -> bytes:
    """Return the case file as PDF. Call it in a thread."""
    return typeset("case_file", _Writer(own, others, providers, language).content())


class _Writer:
    """Writes the data of the template in one language."""

    def __init__(self, own: OwnPart, others: OtherParts, providers: Mapping[UUID, ProviderView], language: Language) -> None:
        self._own, self._others, self._providers, self._language = own, others, providers, language
        self._texts: CaseFileTexts = texts().case_file
        self._zone = regions()[own.case.region].timezone
        self._formats = Formats(language)

    def content(self) -> dict[str, object]:
        own, fixed = self._own, self._texts
        owners = FetchedOwners(self._others.appeal, self._others.responses)
        items = [
            item for item in conversation(own.written, owners, FileAddresses("", "")).items if item.side is not ConversationSide.COLLEAGUE
        ]
        applicant = self._applicant()
        return {
            "language": self._language,
            "number": own.case.number,
            "title": self._in(fixed.title).format(number=own.case.number),
            "fund": self._in(fixed.fund),
            "page": self._in(fixed.page),
            "intro": [
                self._in(fixed.basis),
                self._in(fixed.left_out),
                f"{self._in(fixed.made)}: {self._formats.datetime(own.made_at, self._zone)}",
            ],
            "sections": [
                self._section(fixed.about, facts=list(self._about())),
                self._section(fixed.applicant, facts=applicant, lines=[] if applicant else [self._in(fixed.anonymous)]),
                self._section(fixed.conversation, entries=[self._entry(item) for item in items]),
                self._section(fixed.clocks, lines=list(self._clocks()) or [self._in(fixed.none)]),
                self._section(fixed.inquiries, lines=list(self._inquiries()) or [self._in(fixed.none)]),
                self._section(fixed.statuses, lines=[f"{self._at(row.at)} – {getattr(row, self._language)}" for row in own.case.history]),
                self._section(fixed.reads, lines=list(self._reads()) or [self._in(fixed.nobody)]),
            ],
        }

    def _section(
        self, heading: Label, *, facts: Facts | None = None, lines: Sequence[str] = (), entries: Sequence[object] = ()
    ) -> dict[str, object]:
        return {"heading": self._in(heading), "facts": facts or [], "lines": list(lines), "entries": list(entries)}

    def _about(self) -> Iterator[tuple[str, str]]:
        case, codes = self._own.case, taxonomy()
        subject = codes.categories.get(case.category or "") or codes.topics.get(case.topic or "")
        outcome = codes.outcomes.get(case.outcome or "")
        provider = Label(case.provider.name_kk, case.provider.name_ru, case.provider.name_ru) if case.provider else None
        named = (
            ("kind", codes.kinds[case.kind].label),
            ("subject", subject.label if subject else None),
            ("provider", provider),
            ("channel", codes.channels[case.channel].label),
            ("branch", branch_label(case.region)),
            ("status", cases.status_labels()[case.status]),
            ("outcome", outcome.label if outcome else None),
        )
        yield from ((self._fact(name), self._in(label)) for name, label in named if label is not None)
        written = (("provider_name", self._others.appeal.provider_name), ("contested_act", self._others.appeal.contested))
        yield from ((self._fact(name), text) for name, text in written if text)
        yield self._fact("received"), self._at(case.received_at)
        yield self._fact("registered"), self._at(case.registered_at)

    def _applicant(self) -> Facts:
        given = self._others.appeal.applicant
        return [(self._fact(name), value) for name in CONTACTS if (value := getattr(given, name, None))]

    def _entry(self, item: ConversationItem) -> dict[str, object]:
        without = self._texts.unreadable if item.unavailable else self._texts.no_text
        has_more = item.answer is not None or item.questions or item.missing or item.score is not None
        return {
            "heading": self._in(self._texts.entries[EntryType(item.type)]),
            "at": self._at(item.at),
            "author": " · ".join(filter(None, [item.author_name, self._role(item.author_role)])),
            "language": item.language,
            "text": item.text or ("" if has_more and not item.unavailable else self._in(without)),
            "facts": list(self._entry_facts(item)),
            "files": [file.name or "–" for file in item.attachments],
            "files_label": self._in(self._texts.files),
        }

    def _entry_facts(self, item: ConversationItem) -> Iterator[tuple[str, str]]:
        codes = taxonomy()
        if item.code is not None and item.code in codes.response_codes:
            yield self._fact("result"), self._in(codes.response_codes[item.code].label)
        if item.missing:
            yield self._fact("missing"), "; ".join(self._in(cases.missing_data()[code].label) for code in item.missing)
        if asked := [codes.provider_questions[code].label for code in item.questions if code in codes.provider_questions]:
            yield self._fact("questions"), "; ".join(map(self._in, asked))
        if item.score is not None:
            yield self._fact("rating"), f"{item.score} / 5"
        if item.answer is not None:
            yield from self._answer_facts(item.answer)

    def _answer_facts(self, answer: AnswerContent) -> Iterator[tuple[str, str]]:
        codes = taxonomy()
        for number, finding in enumerate(answer.findings, start=1):
            category, outcome = codes.categories[finding.category].label, codes.outcomes[finding.outcome].label
            yield self._fact("finding").format(n=number), f"{self._in(category)}: {self._in(outcome)}"
            yield self._fact("fact"), finding.fact
            yield self._fact("rule"), finding.rule
        for name in ("next_steps", "how_to_complain"):
            if text := getattr(answer, name):
                yield self._fact(name), text

    def _clocks(self) -> Iterator[str]:
        for clock in self._own.case.clocks:
            label = self._in(clock_policies()[clock.policy].label)
            state = self._texts.clock_states.get(clock.state)
            ended = f". {self._in(state)}" if state is not None else ""
            yield f"{label}: {self._at(clock.started_at)}. {self._fact('due')}: {self._at(clock.due_at)}{ended}"

    def _inquiries(self) -> Iterator[str]:
        for inquiry in self._others.exchange.inquiries:
            provider = self._providers.get(inquiry.provider_id)
            name = (provider.name_kk if self._language == "kk" else provider.name_ru) if provider else "–"
            yield f"{name}. {self._fact('sent')}: {self._at(inquiry.sent_at)}. {self._fact('due')}: {self._at(inquiry.due_at)}"

    def _reads(self) -> Iterator[str]:
        for read in self._others.appeal.reads:
            part = self._in(self._texts.parts[read.part]) if read.part in self._texts.parts else read.part
            times = f" ({read.times})" if read.times > 1 else ""
            yield f"{self._at(read.last_at)} – {self._role(read.role) or '–'}: {part}{times}"

    def _fact(self, name: str) -> str:
        return self._in(self._texts.facts[name])

    def _role(self, role: str | None) -> str:
        label = role_labels().get(role or "") if role != "service" else None
        return self._in(label) if label is not None else ""

    def _at(self, at: datetime) -> str:
        return self._formats.datetime(at, self._zone)

    def _in(self, label: Label) -> str:
        return label.in_(self._language)
