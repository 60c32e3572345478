"""What routing does with the others' events: cases are opened, taken over and moved, a whole batch in a constant number of statements."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from routing import applicant, clocks, events, repository
from routing.classification import Classification, classify
from routing.errors import UnknownAppeal
from routing.history import entry
from routing.models import NEVER, RUNNING
from routing.queues import queue_of
from routing.reference import closure_gate, danger_in, dangers
from shared.contents import Contents
from shared.contracts import (
    AppealEvent,
    AppealImported,
    AppealRegistered,
    CaseClosed,
    InquiryAcknowledged,
    InquiryAnswered,
    InquiryOverdue,
    InquirySent,
    ProviderMatched,
)
from shared.domain.lifecycle import holder_of, status_after
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import HIGHEST_TIER, taxonomy
from shared.ids import derived, read_uuid
from shared.messaging import outbox
from shared.messaging.handling import Batch, Handlers, Prepare, Received
from shared.offload import run_on_text

_NO_DIGIT: Final = re.compile(r"[^0-9]")
IN_CONTACT: Final = "operator"
"""Who closed a consultation that was answered while the citizen was on the line or at the counter."""
CASE: Final = 50  # what a case costs beside its text, in characters of one
BREATH: Final = 3_000  # characters between two looks at what else this process has to do: about 3 ms


class Opened(NamedTuple):
    """A new case as its rows will be."""

    one: Received[AppealRegistered]
    case: dict[str, Any]
    clocks: list[Mapping[str, Any]]
    danger_due: datetime | None


def prepare_cases(contents: Contents) -> Prepare:
    """Read the texts of new appeals from intake in one call, and make of each what its case will be, while no transaction is open."""

    async def prepare(received: Sequence[Received[AppealRegistered]]) -> Mapping[Any, Opened]:
        with_text = [one.event.appeal_id for one in received if one.event.has_text]
        texts = await contents.read("intake", with_text, purpose="classification") if with_text else {}
        found = {}
        unbroken = 0
        for one in received:
            text = (texts.get(one.event.appeal_id) or {}).get("text") or ""
            unbroken += CASE + len(text)
            if unbroken > BREATH:
                await asyncio.sleep(0)
                unbroken = 0
            declared = {name: getattr(one.event, name) for name in ("kind", "category", "topic", "language")}
            found[one.envelope.id] = _opened(one, await run_on_text(text, classify, text, **declared))
        return found

    return prepare


async def open_cases(session: AsyncSession, batch: Batch[AppealRegistered]) -> None:
    """Open a case for each new appeal, start its clocks and say so. What was prepared for an event is what its case will be."""
    opened = [batch.prepared[one.envelope.id] for one in batch.received]
    fresh = await repository.add_cases(session, [each.case for each in opened])
    news = [each for each in opened if each.case["appeal_id"] in fresh]
    repository.begin_cases(session, [clock for each in news for clock in each.clocks], [row for each in news for row in _told_of(each)])
    for each in news:
        cause = each.one.envelope
        outbox.append(session, events.appeal_routed(each.case), cause=cause)
        for clock in each.clocks:
            if clock["statutory"] and clock["state"] == RUNNING:  # the Fund's own stay home until they warn or are breached
                outbox.append(session, events.clock_started(clock), cause=cause)
        if each.danger_due is not None:
            outbox.append(session, events.danger_reported(each.case["appeal_id"], each.case["danger"], each.danger_due), cause=cause)
        if each.case["closed_at"] is not None:
            closed = CaseClosed(appeal_id=each.case["appeal_id"], outcome=each.case["outcome"], actor_role=IN_CONTACT)
            outbox.append(session, closed, cause=cause)


def _opened(one: Received[AppealRegistered], found: Classification) -> Opened:
    event, appeal_id = one.event, read_uuid(one.event.appeal_id.bytes)  # it is stored and told of ten times
    form = event.statutory_form or taxonomy().kinds[found.kind].default_form
    danger = danger_in(found.category, urgent=found.urgent)
    is_settled = event.resolved_in_contact and danger is None  # a danger is looked after, whatever was said in the contact
    named = clocks.required(found.kind, form, event.channel) + (clocks.running_as("danger") if danger else ())
    start = clocks.Start(event.region, event.received_at, event.registered_at)
    started = clocks.begin(appeal_id, named, start, lambda policy: derived(one.envelope.id, f"clock/{policy}"))
    if is_settled:
        started = [clocks.met_at_once(clock, event.registered_at) for clock in started]
    status = status_after("REGISTERED", "appeal-routed")
    tier = max(found.tier, min(event.lowest_tier, HIGHEST_TIER))
    case = _case(event, status_after(status, "case-closed") if is_settled else status, found.kind, tier, found.language) | {
        "appeal_id": appeal_id,
        "statutory_form": form,
        "category": found.category,
        "topic": found.topic,
        "urgency": "URGENT" if found.urgent else "NORMAL",
        "provider_id": event.provider_id,
        "classification": found.as_row(),
        "registered_at": event.registered_at,
        "follows": event.follows,
        "answer_by": event.answer_by,
        "anonymous": event.anonymous,
        "danger": danger,
        "outcome": closure_gate()[found.kind].outcome if is_settled else None,
        "closed_at": one.envelope.time if is_settled else None,
        "next_due_at": clocks.next_due((), started),
    }
    due = next((clock["due_at"] for clock in started if clock["policy"] == clocks.REDIRECT), None)
    return Opened(one, case, started, due)


def _told_of(opened: Opened) -> Iterator[Mapping[str, Any]]:
    case, cause = opened.case, opened.one.envelope
    yield entry(case["appeal_id"], cause.id, cause.time, "appeal-routed", kind=case["kind"], tier=case["tier"])
    if opened.danger_due is not None:
        codes = {"danger": case["danger"], "body": dangers()[case["danger"]].body, "due": opened.danger_due.isoformat()}
        yield entry(case["appeal_id"], derived(cause.id, "danger-reported"), cause.time, "danger-reported", **codes)
    if case["closed_at"] is not None:
        codes = {"actor_role": IN_CONTACT, "outcome": case["outcome"]}
        yield entry(case["appeal_id"], derived(cause.id, "case-closed"), cause.time, "case-closed", **codes)


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
    digits = int(_NO_DIGIT.sub("", event.number))
    return {
        "appeal_id": event.appeal_id,
        "number": event.number,
        "number_digits": digits,
        "serial": repository.serial_of(digits),
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
        "follows": None,
        "answer_by": None,
        "anonymous": False,
        "danger": None,
        "has_news": False,
        "fix_passed": False,
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


HANDLERS: Handlers = {
    AppealRegistered: open_cases,
    AppealImported: take_over_cases,
    **dict.fromkeys(_TOLD, follow),
    **dict.fromkeys(applicant.HEARD, applicant.hear),
}
