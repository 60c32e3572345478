"""New appeals: cases are prepared before the transaction and opened in it, a whole batch in a constant number of statements."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from routing.cases import events, repository
from routing.cases.codes import Urgency
from routing.cases.policy import closure_gate, danger_in, dangers
from routing.cases.schemas.rows import CaseRow, CommonCaseRow, HistoryCodes, HistoryRow
from routing.cases.schemas.staffing import queue_of
from routing.cases.service.history import entry
from routing.classification.schemas import Decision
from routing.classification.service import Classification, classify
from routing.clocks import service as clocks
from routing.clocks.codes import ClockCode, ClockState, ClockTrigger
from routing.clocks.events import clock_started
from routing.clocks.schemas import NEVER, ClockRow
from shared.contents import Contents
from shared.contracts import AppealImported, AppealRegistered, AppealRouted, CaseClosed, DangerReported
from shared.domain.lifecycle import CaseStatus, holder_of, status_after
from shared.domain.protection import ground_in, protection_grounds
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER, taxonomy
from shared.ids import derived, read_uuid
from shared.messaging.handling import Batch, Prepare, Received
from shared.offload import run_on_text
from shared.telemetry import Metrics
from shared.unit_of_work import UnitOfWork

_NO_DIGIT: Final = re.compile(r"[^0-9]")
CONTACT_ROLE: Final = "operator"
"""The actor who closed a consultation that was answered on the telephone or at the counter."""
OPENED_UNSORTED: Final = "appeal-unsorted"
"""The entry in the history of a case that nobody has sorted yet, in place of one with a provisional kind and tier."""
TAKEN_OVER: Final = "appeal-taken-over"
"""The entry in the history of a case whose appeal was open in a former register."""
CASE_COST: Final = 50  # what a case costs in addition to its text, in characters of text
YIELD_AFTER: Final = 3_000  # characters between two turns of the event loop: about 3 ms


class OpenedCase(NamedTuple):
    """A new case as its rows will be."""

    received: Received[AppealRegistered]
    case: CaseRow
    clocks: list[ClockRow]
    danger_due: datetime | None
    """When a danger must have been redirected; None without one."""
    separate_clock: bool
    """`clock-started` publishes the statutory clock, not `appeal-routed` (setting `clock_started_always`)."""


def count_classified(metrics: Metrics, found: Classification) -> None:
    """Count the classification for the metrics of drift. The dictionary reads every word alike and has no new ones."""
    metrics.classified(found.versions["method"], found.decision, found.text_words, found.new_words)


class AppealText(BaseModel):
    """The part of intake's content that the classifier reads."""

    text: str | None = None


def prepare_cases(contents: Contents, metrics: Metrics, *, separate_clock: bool = False) -> Prepare:
    """Return a preparation that reads the texts of new appeals in one call and computes their cases, outside any transaction.

    `separate_clock`: publish the statutory clock as an event of its own, for consumers of an earlier version.
    """

    async def prepare(received: Sequence[Received[AppealRegistered]]) -> Mapping[UUID, OpenedCase]:
        with_text = [record.event.appeal_id for record in received if record.event.has_text]
        texts = await contents.read("intake", with_text, purpose="classification") if with_text else {}
        found = {}
        unbroken = 0
        for record in received:
            text = AppealText.model_validate(texts.get(record.event.appeal_id) or {}).text or ""
            unbroken += CASE_COST + len(text)
            if unbroken > YIELD_AFTER:
                await asyncio.sleep(0)
                unbroken = 0
            declared = {name: getattr(record.event, name) for name in ("kind", "category", "topic", "language")}
            classified = await run_on_text(text, classify, text, **declared)
            count_classified(metrics, classified)
            opened = _open(record, classified)
            found[record.envelope.id] = opened._replace(separate_clock=True) if separate_clock else opened
        return found

    return prepare


async def open_cases(work: UnitOfWork, batch: Batch[AppealRegistered]) -> None:
    """Insert the prepared cases that are new, start their clocks and publish the events."""
    opened: list[OpenedCase] = [batch.prepared[record.envelope.id] for record in batch.received]
    fresh = await repository.add_cases(work.session, [prepared.case for prepared in opened])
    new_cases = [prepared for prepared in opened if prepared.case["appeal_id"] in fresh]
    clocks.add_clocks_later(work.session, [clock for prepared in new_cases for clock in prepared.clocks])
    repository.add_history_later(work.session, [row for prepared in new_cases for row in _history(prepared)])
    for prepared in new_cases:
        case, cause = prepared.case, prepared.received.envelope
        _publish_routing(work, prepared)
        if prepared.danger_due is not None:
            work.publish(events.danger_reported(case["appeal_id"], case["danger"] or "", prepared.danger_due), cause=cause)
        if case["closed_at"] is not None:
            work.publish(events.case_closed(case["appeal_id"], case["outcome"] or "", CONTACT_ROLE), cause=cause)


def _publish_routing(work: UnitOfWork, opened: OpenedCase) -> None:
    """Publish the new case with its statutory clock. The Fund's own clocks are published when they warn or are breached."""
    event, cause = opened.received.event, opened.received.envelope
    statutory = (clock for clock in opened.clocks if clock["statutory"] and clock["state"] is ClockState.RUNNING)
    clock = next(statutory, None)
    carried = None if opened.separate_clock else clock
    work.publish(events.appeal_routed(opened.case, carried, concerns_provider=event.concerns_provider), cause=cause)
    if clock is not None and carried is None:
        work.publish(clock_started(clock), cause=cause)


def _open(received: Received[AppealRegistered], found: Classification) -> OpenedCase:
    event, appeal_id = received.event, read_uuid(received.event.appeal_id.bytes)  # the id is stored and published ten times
    form = event.statutory_form or taxonomy().kinds[found.kind].default_form
    danger = danger_in(found.category, urgent=found.urgent)
    # A danger is followed up even if the contact answered the question, and a protected matter is reviewed by a person at tier 3.
    is_settled = event.resolved_in_contact and danger is None and not found.protected
    categories = () if found.category is None else (found.category,)
    ground = ground_in(categories, found.protected)
    is_known = is_settled or danger or found.urgent or found.protected or event.category or event.topic
    is_unsorted = found.decision is Decision.TRIAGE and not is_known
    named = clocks.required(found.kind, form, event.channel) + (clocks.triggered_by(ClockTrigger.DANGER) if danger else ())
    if is_unsorted:  # the clocks of a provisional kind wait until a person has chosen it
        of_kind = clocks.triggered_by(ClockTrigger.KIND)
        named = (*(policy for policy in named if policy not in of_kind), *clocks.triggered_by(ClockTrigger.UNSORTED))
    start = clocks.ClockStart(event.region, event.received_at, event.registered_at)
    started = clocks.begin(appeal_id, named, start, lambda policy: derived(received.envelope.id, f"clock/{policy}"))
    if event.taken_over:
        started = clocks.taken_over(started, event.due_at, event.region, received.envelope.time)
    if is_settled:
        started = [clocks.met_at_once(clock, event.registered_at) for clock in started]
    status = status_after(CaseStatus.REGISTERED, AppealRouted.FACT)
    provisional = LOWEST_TIER if is_unsorted and event.kind is None else found.tier
    tier = HIGHEST_TIER if ground is not None else max(provisional, min(event.lowest_tier, HIGHEST_TIER))
    if is_settled:
        status = status_after(status, CaseClosed.FACT)
    case: CaseRow = {
        **_common(event, appeal_id, status, found.kind, tier, found.language, ground, unsorted=is_unsorted),
        "updated_at": received.envelope.time,
        "statutory_form": form,
        "category": found.category,
        "topic": found.topic,
        "urgency": Urgency.URGENT if found.urgent else Urgency.NORMAL,
        "provider_id": event.provider_id,
        "classification": found.as_row(),
        "registered_at": event.registered_at,
        "imported": False,
        "outcome": closure_gate()[found.kind].outcome if is_settled else None,
        "closed_at": received.envelope.time if is_settled else None,
        "follows": event.follows,
        "answer_by": event.answer_by,
        "anonymous": event.anonymous,
        "danger": danger,
        "next_due_at": clocks.next_due((), started),
        "extended_until": event.extended_until,
    }
    due = next((clock["due_at"] for clock in started if clock["policy"] == ClockCode.REDIRECT_CRIME), None)
    return OpenedCase(received, case, started, due, separate_clock=False)


def _history(opened: OpenedCase) -> Iterator[HistoryRow]:
    case, cause = opened.case, opened.received.envelope
    if case["unsorted"]:
        yield entry(case["appeal_id"], cause.id, cause.time, OPENED_UNSORTED)
    else:
        yield entry(case["appeal_id"], cause.id, cause.time, AppealRouted.FACT, kind=case["kind"], tier=case["tier"])
    if opened.received.event.taken_over:
        due = opened.received.event.due_at.isoformat()
        yield entry(case["appeal_id"], derived(cause.id, TAKEN_OVER), cause.time, TAKEN_OVER, due=due)
    if opened.danger_due is not None:
        rule, fact = case["danger"] or "", DangerReported.FACT
        codes: HistoryCodes = {"danger": rule, "body": dangers()[rule].body, "due": opened.danger_due.isoformat()}
        yield entry(case["appeal_id"], derived(cause.id, fact), cause.time, fact, **codes)
    if case["closed_at"] is not None:
        fact, outcome = CaseClosed.FACT, case["outcome"] or ""
        yield entry(case["appeal_id"], derived(cause.id, fact), cause.time, fact, actor_role=CONTACT_ROLE, outcome=outcome)


async def import_cases(work: UnitOfWork, batch: Batch[AppealImported]) -> None:
    """Insert the closed cases of a former register. They are read-only: no clocks run on them, and no event is published."""
    fresh = await repository.add_cases(work.session, [_imported(record.event) for record in batch.received])
    await repository.add_history(
        work.session,
        [
            entry(record.event.appeal_id, record.envelope.id, record.envelope.time, record.event.FACT, outcome=record.event.outcome)
            for record in batch.received
            if record.event.appeal_id in fresh
        ],
    )


def _imported(event: AppealImported) -> CaseRow:
    tier = tier_for(event.kind, event.category, event.topic, urgent=False)
    ground = ground_in(() if event.category is None else (event.category,))
    return {
        **_common(event, event.appeal_id, CaseStatus.CLOSED, event.kind, tier, event.language, ground),
        "updated_at": event.closed_at,
        "statutory_form": taxonomy().kinds[event.kind].default_form,
        "category": event.category,
        "topic": event.topic,
        "urgency": Urgency.NORMAL,
        "provider_id": None,
        "classification": {"decision": Decision.AUTO, "versions": {"method": "imported"}},
        "registered_at": event.received_at,
        "imported": True,
        "outcome": event.outcome,
        "closed_at": event.closed_at,
        "follows": None,
        "answer_by": None,
        "anonymous": False,
        "danger": None,
        "next_due_at": NEVER,
        "extended_until": None,
    }


def _common(
    event: AppealRegistered | AppealImported,
    appeal_id: UUID,
    status: CaseStatus,
    kind: str,
    tier: int,
    language: str,
    ground: str | None,
    *,
    unsorted: bool = False,
) -> CommonCaseRow:
    digits = int(_NO_DIGIT.sub("", event.number))
    return {
        "appeal_id": appeal_id,
        "number": event.number,
        "number_digits": digits,
        "serial": repository.serial_of(digits),
        "version": 1,
        "status": status,
        "kind": kind,
        "tier": tier,
        "holder": holder_of(status, tier),
        "queue": queue_of(event.region, tier, language, unsorted=unsorted, protected=ground is not None),
        "protection": None if ground is None else protection_grounds()[ground].protection,
        "protection_ground": ground,
        "assignee": None,
        "region": event.region,
        "language": language,
        "channel": event.channel,
        "received_at": event.received_at,
        "has_news": False,
        "unsorted": unsorted,
        "fix_passed": False,
    }
