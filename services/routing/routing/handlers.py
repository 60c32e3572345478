"""What routing does with the others' events: cases are opened, taken over and moved, a whole batch in a constant number of statements."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from routing import clocks, events, repository
from routing.classification import Classification, classify
from routing.errors import UnknownAppeal
from routing.history import entry
from routing.models import NEVER
from routing.service import queue_of
from shared.contents import Contents
from shared.contracts import (
    AppealEvent,
    AppealImported,
    AppealRegistered,
    InquiryAcknowledged,
    InquiryAnswered,
    InquiryOverdue,
    InquirySent,
    ProviderMatched,
)
from shared.domain.lifecycle import holder_of, status_after
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import taxonomy
from shared.ids import derived
from shared.messaging import outbox
from shared.messaging.handling import Batch, Handlers, Prepare, Received

_NO_DIGIT: Final = re.compile(r"[^0-9]")
BREATH: Final = 100  # classifications between two looks at what else this process has to do: about 3 ms


def prepare_classifications(contents: Contents) -> Prepare:
    """Read the texts of new appeals from intake in one call, and classify them while no transaction is open."""

    async def prepare(received: Sequence[Received[AppealRegistered]]) -> Mapping[Any, Classification]:
        with_text = [one.event.appeal_id for one in received if one.event.has_text]
        texts = await contents.read("intake", with_text, purpose="classification") if with_text else {}
        found = {}
        for ordinal, one in enumerate(received):
            if ordinal % BREATH == BREATH - 1:
                await asyncio.sleep(0)
            text = (texts.get(one.event.appeal_id) or {}).get("text") or ""
            declared = {name: getattr(one.event, name) for name in ("kind", "category", "topic", "language")}
            found[one.envelope.id] = classify(text, **declared)
        return found

    return prepare


async def open_cases(session: AsyncSession, batch: Batch[AppealRegistered]) -> None:
    """Open a case for each new appeal, start its clocks and say so. What was prepared for an event is its classification."""
    opened = [_opened(one, batch.prepared[one.envelope.id]) for one in batch.received]
    fresh = await repository.add_cases(session, [case for _, case, _ in opened])
    news = [each for each in opened if each[1]["appeal_id"] in fresh]
    await repository.add_clocks(session, [clock for _, _, started in news for clock in started])
    await repository.add_history(
        session,
        [
            entry(case["appeal_id"], one.envelope.id, one.envelope.time, "appeal-routed", kind=case["kind"], tier=case["tier"])
            for one, case, _ in news
        ],
    )
    for one, case, started in news:
        outbox.append(session, events.appeal_routed(case), cause=one.envelope)
        for clock in started:
            if clock["statutory"]:  # the Fund's own stay home until they warn or are breached
                outbox.append(session, events.clock_started(clock), cause=one.envelope)


Opened = tuple[Received[AppealRegistered], dict[str, Any], list[Mapping[str, Any]]]


def _opened(one: Received[AppealRegistered], found: Classification) -> Opened:
    event = one.event
    form = event.statutory_form or taxonomy().kinds[found.kind].default_form
    started = clocks.begin(
        event.appeal_id,
        clocks.required(found.kind, form),
        event.region,
        event.registered_at,
        lambda policy: derived(one.envelope.id, f"clock/{policy}"),
    )
    case = _case(event, status_after("REGISTERED", "appeal-routed"), found.kind, found.tier, found.language) | {
        "statutory_form": form,
        "category": found.category,
        "topic": found.topic,
        "urgency": "URGENT" if found.urgent else "NORMAL",
        "provider_id": event.provider_id,
        "classification": found.as_row(),
        "registered_at": event.registered_at,
        "next_due_at": min(clock["due_at"] for clock in started),
    }
    return one, case, started


async def take_over_cases(session: AsyncSession, batch: Batch[AppealImported]) -> None:
    """Keep the closed appeals of a former register, to be read and nothing else: no clocks, and nothing is said of them."""
    rows = [_imported(one.event) for one in batch.received]
    fresh = await repository.add_cases(session, rows)
    await repository.add_history(
        session,
        [
            entry(one.event.appeal_id, one.envelope.id, one.envelope.time, "appeal-imported", outcome=one.event.outcome)
            for one in batch.received
            if one.event.appeal_id in fresh
        ],
    )


def _imported(event: AppealImported) -> dict[str, Any]:
    tier = tier_for(event.kind, event.category, event.topic, urgent=False)
    return _case(event, "CLOSED", event.kind, tier, event.language) | {
        "statutory_form": taxonomy().kinds[event.kind].default_form,
        "category": event.category,
        "topic": event.topic,
        "urgency": "NORMAL",
        "provider_id": None,
        "classification": {"decision": "auto", "versions": {"method": "imported"}},
        "registered_at": event.received_at,
        "next_due_at": NEVER,
        "imported": True,
        "outcome": event.outcome,
        "closed_at": event.closed_at,
    }


def _case(event: AppealRegistered | AppealImported, status: str, kind: str, tier: int, language: str) -> dict[str, Any]:
    """What a new case's row has in common, however it came."""
    return {
        "appeal_id": event.appeal_id,
        "number": event.number,
        "number_digits": int(_NO_DIGIT.sub("", event.number)),
        "version": 1,
        "status": status,
        "kind": kind,
        "tier": tier,
        "holder": holder_of(status, tier),
        "queue": queue_of(event.region, tier, language),
        "assignee": None,
        "region": event.region,
        "language": language,
        "channel": event.channel,
        "received_at": event.received_at,
        "imported": False,
        "outcome": None,
        "closed_at": None,
    }


_TOLD: Mapping[type[AppealEvent], Callable[[Any], dict[str, Any]]] = {
    ProviderMatched: lambda _event: {},
    InquirySent: lambda event: {"due": event.due_at.isoformat()},
    InquiryAcknowledged: lambda _event: {},
    InquiryAnswered: lambda event: {"code": event.code, "response_id": str(event.response_id)},
    InquiryOverdue: lambda _event: {},
}


async def follow(session: AsyncSession, batch: Batch[Any]) -> None:
    """Note what provider-contact tells of cases, with the status and the holder that follow from it.

    Raises UnknownAppeal for an appeal that has no case.
    """
    cases = await repository.lock_cases(session, [one.event.appeal_id for one in batch.received])
    if any(one.event.appeal_id not in cases for one in batch.received):
        raise UnknownAppeal
    codes = _TOLD[type(batch.received[0].event)]
    rows = [entry(one.event.appeal_id, one.envelope.id, one.envelope.time, one.event.FACT, **codes(one.event)) for one in batch.received]
    fresh = await repository.add_history(session, rows)
    changes = []
    for one in batch.received:
        case = cases[one.event.appeal_id]
        status = status_after(case.status, one.event.FACT)
        # The provider that the directory names is the case's; an inquiry may go to another one beside it.
        provider_id = one.event.provider_id if isinstance(one.event, ProviderMatched) else case.provider_id or one.event.provider_id
        if one.envelope.id in fresh and (status, provider_id) != (case.status, case.provider_id):
            changes.append(
                {
                    "appeal_id": case.appeal_id,
                    "status": status,
                    "holder": holder_of(status, case.tier),
                    "provider_id": provider_id,
                    "version": case.version + 1,
                }
            )
    await repository.change_cases(session, changes)


HANDLERS: Handlers = {AppealRegistered: open_cases, AppealImported: take_over_cases, **dict.fromkeys(_TOLD, follow)}
