"""What the operator's page shows: the call in hand, whose it is, the figures of the centre and those to be called back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi import Request

from intake.channels.phone import repository
from intake.channels.phone.dependencies import insurance_of
from intake.channels.phone.models import Call, CallBack
from intake.channels.phone.service import call_backs
from intake.channels.phone.service.call_state import IN_TALK, OVER, WAITING
from intake.channels.phone.service.insurance import InsuredStatus
from intake.channels.phone.service.policy import codes, policy, queues
from intake.register.dependencies import Intake
from shared.auth import Principal
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.service import Parts
from shared.visibility import visible_cases
from shared.web.formats import Formats
from shared.web.languages import language_of

LISTED: Final = 20  # call-backs on the page; the oldest come first
NAME: Final = "NAME"
ANSWERED: Final = "ANSWERED"


@dataclass(frozen=True, slots=True)
class Matter:
    """What an operator has in hand: a call, and the entry of the list if it is one to be called back."""

    call: Call
    back: CallBack | None

    @property
    def is_verified(self) -> bool:
        return bool(self.call.verified_by)


async def in_hand(parts: Parts, operator: str) -> Matter | None:
    """A talk that goes on comes first, then the call-back taken, then the call that has just ended."""
    async with parts.database.read() as session:
        call = await repository.call_of_agent(session, operator, parts.clock.now() - policy().wrap_up)
        if call is not None and call.state not in OVER and call.direction == "in":
            return Matter(call, None)
        back = await repository.call_back_of(session, operator)
        if back is not None and (earlier := await repository.call(session, back.call_id)) is not None:
            return Matter(earlier, back)
    return Matter(call, None) if call is not None else None


def enough(checks: Sequence[str]) -> bool:
    """Whether the checks ticked make a caller verified."""
    known = set(checks) & codes("CHECK").keys()
    return NAME in known and len(known) >= policy().checks_needed


async def live(parts: Parts) -> dict[str, int]:
    """Waiting now, seconds that the longest waits, answered and given up today by the clock of the central office."""
    now = parts.clock.now()
    local = now.astimezone(regions()[CENTRAL_OFFICE].timezone)
    async with parts.database.read() as session:
        day = local.replace(hour=0, minute=0, second=0, microsecond=0)
        waiting, since, answered, lost = await repository.figures(session, day, WAITING)
    return {"waiting": waiting, "longest": _seconds(since, now), "answered": answered, "abandoned": lost}


def _seconds(since: datetime | None, now: datetime) -> int:
    return max(int((now - since).total_seconds()), 0) if since else 0


async def page(
    request: Request, intake: Intake, operator: Principal, matter: Matter | None, insured: tuple[InsuredStatus | None] | None = None
) -> dict[str, Any]:
    """Everything that the page shows beside the form of an appeal. `insured`: what was looked up just now, None within if not known."""
    parts, language = intake.parts, language_of(request)
    async with parts.database.read() as session:
        entries, total = await repository.open_call_backs(session, LISTED)
    numbers = await call_backs.numbers_of(parts, entries, operator.subject)
    return {
        "live": await live(parts),
        "call": await _call(parts, operator, matter, language) if matter else None,
        "checks": [(code, label.in_(language)) for code, label in codes("CHECK").items()],
        "topics": [(number, code, taxonomy().topics[code].label.in_(language)) for number, code in enumerate(policy().topics, start=1)],
        "regions": [(code, one.label.in_(language)) for code, one in regions().items()],
        "region": await region_of(parts, operator, matter),
        "backs": [_back(one, numbers.get(one.id), operator, language, parts.clock.now()) for one in entries],
        "backs_total": total,
        "attempts": policy().call_back_attempts,
        "insurance": insurance_of(request) is not None,
        "insured": _insured(insured[0], language) if insured else None,
        "insured_asked": insured is not None,
        "zone": regions()[CENTRAL_OFFICE].timezone,
    }


async def region_of(parts: Parts, operator: Principal, matter: Matter | None) -> str:
    """The region to begin with: the call's, that of the caller's latest appeal, the operator's own; empty where it has to be chosen.

    The central office stands for a region that is not known: it is the operator's choice, never a default.
    """
    region = matter.call.region if matter else None
    if region is None and matter is not None and matter.call.caller is not None:
        async with parts.database.read() as session:
            region = await repository.region_of_caller(session, matter.call.caller)
    region = region or operator.region or ""
    return "" if region == CENTRAL_OFFICE else region


async def appeals_of(parts: Parts, operator: Principal, matter: Matter) -> tuple[Sequence[repository.CallersAppeal], int]:
    """The caller's latest appeals that are not finished, none before the caller is verified, and how many there are."""
    if matter.call.caller is None:
        return [], 0
    async with parts.database.read() as session:
        theirs, count = await repository.appeals_of_caller(session, matter.call.caller, policy().appeals_shown)
    scope = visible_cases(operator)
    seen = [one for one in theirs if scope.allows(one.tracking.region, one.tracking.tier, one.tracking.provider_id)]
    return seen if matter.is_verified else [], count


async def _call(parts: Parts, operator: Principal, matter: Matter, language: Language) -> dict[str, Any]:
    call, now = matter.call, parts.clock.now()
    seen, count = await appeals_of(parts, operator, matter)
    return {
        "id": str(call.id),
        "state": codes("STATE")[call.state].in_(language),
        "talking": call.state in IN_TALK,
        "back": matter.back is not None,
        "tail": call.caller_tail,
        "queue": queues()[call.queue].label.in_(language),
        "offered_at": call.offered_at,
        "lasts": _seconds(call.answered_at, call.ended_at or now),
        "verified": matter.is_verified,
        "count": count,
        "appeals": [_appeal(one, language) for one in seen],
    }


def _appeal(found: repository.CallersAppeal, language: Language) -> dict[str, Any]:
    appeal, row = found
    known, zone = taxonomy(), regions()[row.region].timezone
    return {
        "id": str(appeal.id),
        "number": appeal.number,
        "kind": known.kinds[row.kind].label.in_(language) if row.kind else "",
        "status": known.statuses[row.status].label.in_(language),
        "holder": known.holders[row.holder].label.in_(language),
        "received_at": appeal.received_at,
        "due_on": row.due_at.astimezone(zone).date() if row.due_at else None,
        "answered": row.status == ANSWERED and row.verdict is None,
    }


def _back(one: CallBack, number: str | None, operator: Principal, language: Language, now: datetime) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "tail": one.caller_tail,
        "number": number,
        "reason": codes("REASON")[one.reason].in_(language),
        "queue": queues()[one.queue].label.in_(language),
        "received_at": one.received_at,
        "attempts": one.attempts,
        "mine": one.state == "TAKEN" and one.taken_by == operator.subject,
        "taken": one.state == "TAKEN" and not call_backs.is_left(one, now),
    }


def _insured(found: InsuredStatus | None, language: Language) -> Mapping[str, Any] | None:
    if found is None:
        return None
    formats = Formats(language)
    return {
        "status": codes("INSURED")[found.status].in_(language),
        "good": found.status == "INSURED",
        "since": found.since,
        "payments": [
            {"month": f"{one.month:%m.%Y}", "payer": codes("PAYER")[one.payer].in_(language), "amount": formats.number(one.amount)}
            for one in found.payments
        ],
    }
