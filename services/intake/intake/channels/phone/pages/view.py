"""Content of the operator's page: the current call, its caller, the figures of the centre and the call-backs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple, TypedDict
from uuid import UUID

from fastapi import Request

from intake.channels.phone import repository
from intake.channels.phone.codes import CallBackState, CallCodeGroup, CallDirection, CallerCheck, InsuredCode
from intake.channels.phone.dependencies import insurance_of
from intake.channels.phone.models import Call, CallBack, HeldConsultation, Incident
from intake.channels.phone.policy import call_policy, codes, queues
from intake.channels.phone.service import call_backs, consultations, incidents
from intake.channels.phone.service.call_state import IN_TALK, OVER, WAITING
from intake.channels.phone.service.insurance import InsuredStatus
from intake.pages_kit import PAGES
from shared.auth import Principal
from shared.domain.labels import Language
from shared.domain.lifecycle import CaseStatus
from shared.domain.regions import CENTRAL_OFFICE, region_of_phone, regions
from shared.domain.taxonomy import taxonomy
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork
from shared.visibility import Scope, visible_cases
from shared.web.formats import Formats
from shared.web.i18n import N_
from shared.web.languages import language_of

LISTED: Final = 20  # call-backs on the page; the oldest come first


@dataclass(frozen=True, slots=True)
class CurrentCall:
    """The call an operator works on. `back`: the call-back, if the operator is calling back."""

    call: Call
    back: CallBack | None

    @property
    def is_verified(self) -> bool:
        return bool(self.call.verified_by)


class KnownRegion(NamedTuple):
    """A region, and a sentence for the operator that says where it is known from. `code` empty: the caller has to be asked."""

    code: str
    source: str


FROM_QUEUE: Final = N_("From the line that was called")
FROM_NUMBER: Final = N_("From the caller's number; ask whether it is right")
FROM_APPEAL: Final = N_("From the caller's previous appeal; ask whether it is right")
ASKED: Final = KnownRegion("", N_("Ask the caller"))


class HeldLine(NamedTuple):
    """A consultation that can be taken back for `seconds`."""

    id: str
    topic: str
    seconds: int


class IncidentBanner(NamedTuple):
    """An incident as an operator sees it; `region` is empty for the whole country. `answers`: language and text."""

    id: str
    topic: str
    region: str
    region_label: str
    answers: Sequence[tuple[Language, str]]


class LiveFigures(TypedDict):
    """Callers who wait now, seconds of the longest wait, and calls answered and abandoned today."""

    waiting: int
    longest: int
    answered: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class AppealLine:
    """An open appeal of the caller."""

    id: str
    number: str
    kind: str
    status: str
    holder: str
    received_at: datetime
    due_on: date | None
    answered: bool
    """Whether the caller can confirm or deny the answer."""


@dataclass(frozen=True, slots=True)
class CallContent:
    """The current call; `lasts`: seconds of talk, `count`: open appeals of the caller."""

    id: str
    state: str
    talking: bool
    back: bool
    tail: str | None
    queue: str
    offered_at: datetime
    lasts: int
    verified: bool
    count: int
    appeals: Sequence[AppealLine]


@dataclass(frozen=True, slots=True)
class CallBackLine:
    """A call-back of the list. `number`: only for the operator who claimed it."""

    id: str
    tail: str
    number: str | None
    reason: str
    queue: str
    received_at: datetime
    attempts: int
    mine: bool
    taken: bool
    """Whether a colleague is calling back."""


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """A payment of the caller."""

    month: str
    payer: str
    amount: str


@dataclass(frozen=True, slots=True)
class InsuredContent:
    """The insured status of the caller."""

    status: str
    good: bool
    since: date | None
    payments: Sequence[PaymentLine]


class CallPage(TypedDict):
    """What the template `call.html` shows next to the form of an appeal."""

    live: LiveFigures
    call: CallContent | None
    checks: Sequence[tuple[str, str]]
    topics: Sequence[tuple[int, str, str]]
    regions: Sequence[tuple[str, str]]
    region: str
    region_source: str
    attempts: int
    insurance: bool
    insured: InsuredContent | None
    insured_asked: bool
    zone: tzinfo


async def current_call(work: UnitOfWork, operator: str) -> CurrentCall | None:
    """Return the operator's ongoing incoming call, else the claimed call-back, else the call that ended a short time ago."""
    call = await repository.call_of_agent(work.session, operator, work.clock.now() - call_policy().wrap_up)
    if call is not None and call.state not in OVER and call.direction == CallDirection.IN:
        return CurrentCall(call, None)
    back = await repository.call_back_of(work.session, operator)
    if back is not None and (earlier := await repository.call(work.session, back.call_id)) is not None:
        return CurrentCall(earlier, back)
    return CurrentCall(call, None) if call is not None else None


def are_enough(checks: Sequence[str]) -> bool:
    """Return whether the ticked checks verify a caller."""
    known = set(checks) & codes(CallCodeGroup.CHECK).keys()
    return CallerCheck.NAME in known and len(known) >= call_policy().checks_needed


async def live_figures(work: UnitOfWork) -> LiveFigures:
    """Return the figures of the centre. The day begins by the clock of the central office."""
    now = work.clock.now()
    local = now.astimezone(regions()[CENTRAL_OFFICE].timezone)
    found = await repository.call_figures(work.session, local.replace(hour=0, minute=0, second=0, microsecond=0), WAITING)
    return {
        "waiting": found.waiting,
        "longest": _seconds(found.waiting_since, now),
        "answered": found.answered,
        "abandoned": found.abandoned,
    }


def _seconds(since: datetime | None, now: datetime) -> int:
    return max(int((now - since).total_seconds()), 0) if since else 0


async def page_content(
    work: UnitOfWork,
    request: Request,
    operator: Principal,
    current: CurrentCall | None,
    insured: tuple[InsuredStatus | None] | None = None,
) -> CallPage:
    """Return the content of the page. `insured`: the result of a look-up in this request, which holds None for an unknown person."""
    language, topics, known = language_of(request), taxonomy().topics, await region_of(work, current)
    return {
        "live": await live_figures(work),
        "call": await _call(work, operator, current, language) if current else None,
        "checks": [(code, label.in_(language)) for code, label in codes(CallCodeGroup.CHECK).items()],
        "topics": [(number, code, topics[code].label.in_(language)) for number, code in enumerate(call_policy().topics, start=1)],
        "regions": [(code, region.label.in_(language)) for code, region in regions().items()],
        "region": known.code,
        "region_source": PAGES.text(request, known.source),
        "attempts": call_policy().call_back_attempts,
        "insurance": insurance_of(request) is not None,
        "insured": _insured(insured[0], language) if insured else None,
        "insured_asked": insured is not None,
        "zone": regions()[CENTRAL_OFFICE].timezone,
    }


async def ongoing_call_backs(
    work: UnitOfWork, limit: int = LISTED, after: tuple[datetime, UUID] | None = None
) -> tuple[Sequence[CallBack], int]:
    """Return a page of the call-backs to list, oldest first, and the number of all."""
    return await repository.ongoing_call_backs(work.session, limit, after)


def call_back_lines(
    entries: Sequence[CallBack], numbers: Mapping[UUID, str], operator: Principal, language: Language, now: datetime
) -> Sequence[CallBackLine]:
    """Return the lines of the list. `numbers`: of the entries that the operator claimed, by id."""
    return [_call_back(entry, numbers.get(entry.id), operator, language, now) for entry in entries]


def held_lines(held: Sequence[HeldConsultation], language: Language, now: datetime) -> Sequence[HeldLine]:
    """Return the consultations that can still be taken back."""
    topics = taxonomy().topics
    return [HeldLine(str(row.id), topics[row.topic].label.in_(language), consultations.seconds_left(row, now)) for row in held]


def incident_banners(found: Sequence[Incident], language: Language) -> Sequence[IncidentBanner]:
    """Return the banners of the incidents that go on, each with the answer in the language of the page and in the other."""
    order: list[Language] = sorted(("kk", "ru"), key=lambda each: each != language)
    return [
        IncidentBanner(
            str(incident.id),
            taxonomy().topics[incident.topic].label.in_(language),
            incident.region or "",
            regions()[incident.region].label.in_(language) if incident.region else "",
            [(each, incidents.answer_in(incident, each)) for each in order],
        )
        for incident in found
    ]


async def region_of(work: UnitOfWork, current: CurrentCall | None) -> KnownRegion:
    """Return the region that the call or its caller tells: of the exchange's queue, of the number, of the latest appeal.

    The central office stands for an unknown region: it is the operator's choice, never a default.
    """
    if current is None:
        return ASKED
    call = current.call
    if call.region is not None:
        return KnownRegion(call.region, FROM_QUEUE)
    number = caller_number(work.sealer, current)
    if number is not None and (of_number := region_of_phone(number)) is not None:
        return KnownRegion(of_number, FROM_NUMBER)
    earlier = await repository.region_of_caller(work.session, call.caller) if call.caller is not None else None
    return KnownRegion(earlier, FROM_APPEAL) if earlier is not None and earlier != CENTRAL_OFFICE else ASKED


def caller_number(sealer: Sealer, current: CurrentCall) -> str | None:
    """Return the number of the caller while it is stored. Raises SealError."""
    if current.back is not None and current.back.number is not None:
        return sealer.open("call_back", current.back.id, "number", current.back.number).decode()
    if current.call.number is not None:
        return sealer.open("call", current.call.id, "number", current.call.number).decode()
    return None


async def appeals_of(work: UnitOfWork, operator: Principal, current: CurrentCall) -> tuple[Sequence[repository.CallersAppeal], int]:
    """Return the caller's latest open appeals, none before the caller is verified, and the number of all."""
    if current.call.caller is None:
        return [], 0
    scope = visible_cases(operator)
    shown = call_policy().appeals_shown
    found, count = await repository.appeals_of_caller(work.session, current.call.caller, shown, with_protected=scope.protected)
    visible = [each for each in found if _sees(scope, each)]
    return visible if current.is_verified else [], count


def _sees(scope: Scope, found: repository.CallersAppeal) -> bool:
    tracking = found.tracking
    return scope.allows(tracking.region, tracking.tier, tracking.provider_id, tracking.protection)


async def _call(work: UnitOfWork, operator: Principal, current: CurrentCall, language: Language) -> CallContent:
    call, now = current.call, work.clock.now()
    appeals, count = await appeals_of(work, operator, current)
    return CallContent(
        id=str(call.id),
        state=codes(CallCodeGroup.STATE)[call.state].in_(language),
        talking=call.state in IN_TALK,
        back=current.back is not None,
        tail=call.caller_tail,
        queue=queues()[call.queue].label.in_(language),
        offered_at=call.offered_at,
        lasts=_seconds(call.answered_at, call.ended_at or now),
        verified=current.is_verified,
        count=count,
        appeals=[_appeal(pair, language) for pair in appeals],
    )


def _appeal(found: repository.CallersAppeal, language: Language) -> AppealLine:
    appeal, tracking = found
    known, zone = taxonomy(), regions()[tracking.region].timezone
    return AppealLine(
        id=str(appeal.id),
        number=appeal.number,
        kind=known.kinds[tracking.kind].label.in_(language) if tracking.kind else "",
        status=known.statuses[tracking.status].label.in_(language),
        holder=known.holders[tracking.holder].label.in_(language),
        received_at=appeal.received_at,
        due_on=tracking.due_at.astimezone(zone).date() if tracking.due_at else None,
        answered=tracking.status == CaseStatus.ANSWERED and tracking.verdict is None,
    )


def _call_back(entry: CallBack, number: str | None, operator: Principal, language: Language, now: datetime) -> CallBackLine:
    is_claimed = entry.state == CallBackState.CLAIMED
    return CallBackLine(
        id=str(entry.id),
        tail=entry.caller_tail,
        number=number,
        reason=codes(CallCodeGroup.REASON)[entry.reason].in_(language),
        queue=queues()[entry.queue].label.in_(language),
        received_at=entry.received_at,
        attempts=entry.attempts,
        mine=is_claimed and entry.claimed_by == operator.subject,
        taken=is_claimed and not call_backs.is_abandoned(entry, now),
    )


def _insured(found: InsuredStatus | None, language: Language) -> InsuredContent | None:
    if found is None:
        return None
    formats, payers = Formats(language), codes(CallCodeGroup.PAYER)
    return InsuredContent(
        status=codes(CallCodeGroup.INSURED)[found.status].in_(language),
        good=found.status == InsuredCode.INSURED,
        since=found.since,
        payments=[
            PaymentLine(f"{payment.month:%m.%Y}", payers[payment.payer].in_(language), formats.number(payment.amount))
            for payment in found.payments
        ],
    )
