"""The provider of a case: its name, the words the applicant typed, the candidates to choose from, and the inquiries to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from routing.cases.schemas.rows import ProviderView
from routing.cases.schemas.views import CaseView
from routing.desk.pages.reader import DeskReader
from routing.desk.schemas import DeliveryContent, ExchangeContent, InquiryContent, LabelContent
from shared.domain.labels import Label
from shared.web.i18n import N_

NONE: Final = "none"
_STATUSES: Final[Mapping[str, str]] = {
    "DRAFT": N_("being prepared"),
    "SENT": N_("sent"),
    "DELIVERED": N_("delivered"),
    "ACKNOWLEDGED": N_("read by the organisation"),
    "RESPONDED": N_("answered"),
    "ACCEPTED": N_("answer accepted"),
    "RETURNED": N_("answer returned"),
    "CANCELLED": N_("cancelled"),
}
_AWAITED: Final = frozenset({"DRAFT", "SENT", "DELIVERED", "ACKNOWLEDGED", "RETURNED"})


_CONSENTS: Final[Mapping[str | None, tuple[str, str]]] = {
    "ASKED": (N_("the organisation asks for the applicant's consent"), "warn"),
    "REQUESTED": (N_("the applicant is asked for consent"), "quiet"),
    "GIVEN": (N_("the applicant consented to be named"), "good"),
    "REFUSED": (N_("the applicant did not consent to be named"), "quiet"),
    "WITHDRAWN": (N_("the applicant withdrew the consent to be named"), "warn"),
}
_TONES: Final[Mapping[str, str]] = {"DELIVERED": "good", "FAILED": "bad", "BY_PERSON": "warn"}


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """How somebody was notified: of what, how and who, how far it is, when, after how many attempts, and why the latest one failed."""

    notice: str
    route: str
    state: str
    tone: str
    at: datetime | None
    next_at: datetime | None
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class InquiryLine:
    """An inquiry: whom it went to, how far it is, and until when an answer is expected (None: none is expected any more)."""

    provider: str
    status: str
    sent_at: datetime
    due_at: datetime | None
    overdue: bool
    clock: str
    """The name of the clock that governs the due date."""
    round: int
    time_asked_until: date | None
    consent: str
    """What has become of the provider's request for the applicant's consent; empty: there was none."""
    consent_tone: str
    href: str
    """The page of the inquiry, with its answers, its history and every form."""
    post: str
    """Where the quick actions are sent; the answer leads back to the case."""
    version: int
    actions: Sequence[tuple[str, str]]
    """The codes and labels of the actions that need nothing but a click."""
    deliveries: Sequence[DeliveryLine]

    @property
    def has_trouble(self) -> bool:
        """Whether somebody was not reached, or has to be called."""
        return any(delivery.tone in {"bad", "warn"} for delivery in self.deliveries)


@dataclass(frozen=True, slots=True)
class ProviderCard:
    """What the page shows of the provider. `choices`: candidates of a typed name, empty if none waits for a clerk to choose."""

    name: str
    is_known: bool
    typed: str
    choices: Sequence[tuple[str, str]]
    choose_href: str
    inquiries: Sequence[InquiryLine]
    is_down: bool
    provider_id: str
    options: Sequence[tuple[str, str]]
    """The organisations that may be asked: that of the case, the candidates, and those of the region."""
    consent_href: str
    """Where the applicant's consent to be named is withdrawn."""


def provider_ids(exchange: ExchangeContent | None) -> set[UUID]:
    """Return the providers that the exchange names by id."""
    if exchange is None:
        return set()
    return {each.provider_id for each in (*(exchange.candidates or ()), *exchange.inquiries)}


def provider_card(
    case: CaseView,
    typed: str,
    exchange: ExchangeContent | None,
    names: Mapping[UUID, ProviderView],
    of_region: Sequence[ProviderView],
    reader: DeskReader,
    *,
    list_query: str,
    may_choose: bool,
) -> ProviderCard:
    """Return the card.

    `names`: the providers of the exchange by id; `typed`: what the applicant wrote, empty if nothing; `list_query`: the query of the
    address, which keeps the list open.
    """
    name = name_of(case.provider, reader) if case.provider else ""
    if case.provider_id and not name:
        name = reader.translate(N_("Found in the directory"))
    candidates = [] if exchange is None else exchange.candidates or []
    choices = [(str(each.provider_id), name_of(names[each.provider_id], reader)) for each in candidates if each.provider_id in names]
    is_waiting = exchange is not None and exchange.candidates is not None and case.provider_id is None and may_choose
    return ProviderCard(
        name=name,
        is_known=case.provider_id is not None,
        typed=typed,
        choices=[*choices, (NONE, reader.translate(N_("None of these")))] if is_waiting else [],
        choose_href=f"/provider-contact/matches/{case.appeal_id}{list_query and '?'}{list_query}",
        consent_href=f"/intake/consents/{case.appeal_id}",
        inquiries=[
            _line(inquiry, names, reader, list_query, may_act=may_choose)
            for inquiry in (exchange.inquiries if exchange is not None else [])
        ],
        is_down=exchange is None,
        provider_id=str(case.provider_id or ""),
        options=_options(case, choices, of_region, reader),
    )


def _options(
    case: CaseView, candidates: Sequence[tuple[str, str]], of_region: Sequence[ProviderView], reader: DeskReader
) -> list[tuple[str, str]]:
    """Return the organisations that may be asked, each once."""
    own = [(str(case.provider.provider_id), name_of(case.provider, reader))] if case.provider else []
    regional = [(str(provider.provider_id), name_of(provider, reader)) for provider in of_region]
    return list(dict([*own, *candidates, *regional]).items())


def name_of(provider: ProviderView, reader: DeskReader) -> str:
    """Return the name of a provider in the language of the page; English has none of its own."""
    return provider.name_kk if reader.language == "kk" else provider.name_ru


def _line(
    inquiry: InquiryContent, names: Mapping[UUID, ProviderView], reader: DeskReader, list_query: str, *, may_act: bool
) -> InquiryLine:
    is_awaited = inquiry.status in _AWAITED and not inquiry.closed
    return InquiryLine(
        provider=name_of(names[inquiry.provider_id], reader) if inquiry.provider_id in names else "",
        status=reader.translate(_STATUSES.get(inquiry.status, N_("sent"))),
        sent_at=inquiry.sent_at,
        due_at=inquiry.due_at if is_awaited else None,
        overdue=inquiry.overdue and is_awaited,
        clock=_text(inquiry.clock, reader),
        round=inquiry.round,
        time_asked_until=inquiry.time_asked_until if is_awaited else None,
        consent=reader.translate(_CONSENTS[inquiry.consent][0]) if inquiry.consent in _CONSENTS else "",
        consent_tone=_CONSENTS[inquiry.consent][1] if inquiry.consent in _CONSENTS else "",
        href=f"/provider-contact/inquiries/{inquiry.inquiry_id}",
        post=f"/provider-contact/inquiries/{inquiry.inquiry_id}{list_query and '?'}{list_query}",
        version=inquiry.version,
        actions=[(action.action, _text(action, reader)) for action in inquiry.actions] if may_act else [],
        deliveries=[_delivery(delivery, reader) for delivery in inquiry.deliveries],
    )


def _delivery(delivery: DeliveryContent, reader: DeskReader) -> DeliveryLine:
    parts = [_text(delivery.method, reader), _text(delivery.recipient, reader) if delivery.recipient else ""]
    return DeliveryLine(
        notice=_text(delivery.notice, reader),
        route=" · ".join(filter(None, parts)),
        state=_text(delivery.state_label, reader),
        tone=_TONES.get(delivery.state, "quiet"),
        at=delivery.delivered_at or delivery.planned_at,
        next_at=delivery.next_at,
        attempts=delivery.attempts,
        error=_text(delivery.error, reader) if delivery.error else "",
    )


def _text(label: LabelContent, reader: DeskReader) -> str:
    return Label(label.kk, label.ru, label.en).in_(reader.language)
