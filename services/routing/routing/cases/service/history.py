"""The history of a case: entries of codes, and the sentences that are composed from them when they are read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Final
from uuid import UUID

from typing_extensions import Unpack

from routing.cases import repository
from routing.cases.policy import (
    action_labels,
    bodies,
    body_delivery_methods,
    dangers,
    escalation_reasons,
    history_texts,
    return_grounds,
    termination_grounds,
)
from routing.cases.repository.conversation import colleague_names
from routing.cases.schemas.rows import CaseChange, HistoryCodes, HistoryRow
from routing.cases.schemas.views import MeanwhileEntry
from routing.cases.service.visible import visible_case
from routing.clocks.schemas import ClockNotice
from routing.clocks.service import clock_policies
from shared.auth import Principal
from shared.contracts import Event
from shared.domain.labels import LANGUAGES, Label
from shared.domain.protection import protection_grounds
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.unit_of_work import UnitOfWork

SERVICE_ROLE: Final = "service"
"""The actor of entries that follow from a rule or from the event of another service."""


def entry(
    appeal_id: UUID,
    source: UUID,
    at: datetime,
    entry_type: str,
    *,
    actor_role: str = SERVICE_ROLE,
    actor: str | None = None,
    **codes: Unpack[HistoryCodes],
) -> HistoryRow:
    """Return a new entry. `entry_type` names its sentence, `codes` fill it; `source` is the id of the event or action."""
    return {
        "appeal_id": appeal_id,
        "source": source,
        "at": at,
        "type": entry_type,
        "actor_role": actor_role,
        "actor": actor,
        "data": codes,
    }


@cache
def _labels() -> Mapping[tuple[str, str], Label]:
    """Return the label of a code by the name of its field and the code."""
    known = taxonomy()
    tables: Mapping[str, Mapping[str, Label]] = {
        "action": action_labels(),
        "kind": {code: kind.label for code, kind in known.kinds.items()},
        "tier": {str(number): tier.label for number, tier in known.tiers.items()},
        "category": {code: category.label for code, category in known.categories.items()},
        "outcome": {code: outcome.label for code, outcome in known.outcomes.items()},
        "code": {code: found.label for code, found in known.response_codes.items()},
        "reason": escalation_reasons(),
        "body": {code: body.label for code, body in bodies().items()},
        "danger": {name: rule.label for name, rule in dangers().items()},
        "return_ground": return_grounds(),
        "termination_ground": {code: ground.label for code, ground in termination_grounds().items()},
        "protection_ground": {code: ground.label for code, ground in protection_grounds().items()},
        "method": body_delivery_methods(),
        "policy": {code: policy.label for code, policy in clock_policies().items()},
    }
    return {(name, code): label for name, table in tables.items() for code, label in table.items()}


def sentence(entry_type: str, codes: HistoryCodes, region: str) -> Label:
    """Return the sentence of an entry in three languages. Times are local to the region; an unknown code is shown as it is."""
    filled = {name: _written(name, value, region) for name, value in codes.items()}
    return history_texts()[entry_type].filled(**filled)


def _written(name: str, value: object, region: str) -> Label:
    text = str(value)
    if name == "due":
        local = datetime.fromisoformat(text).astimezone(regions()[region].timezone).strftime("%d.%m.%Y %H:%M")
        return Label(local, local, local)
    if name == "day":
        local = date.fromisoformat(text).strftime("%d.%m.%Y")
        return Label(local, local, local)
    return _labels().get((name, text)) or Label(*(text for _ in LANGUAGES))


async def entries_after(work: UnitOfWork, principal: Principal, appeal_id: UUID, known: int | None) -> list[MeanwhileEntry]:
    """Return what happened to a case after the `known` entries that a person has read; without a number the latest entry alone.

    Raises NotFound for a case that the principal does not see.
    """
    case = await visible_case(work, principal, appeal_id)
    found = await repository.history_after(work.session, appeal_id, known)
    names = await colleague_names(work.session, {entry.actor for entry in found if entry.actor is not None})
    return [
        MeanwhileEntry(
            at=entry.at,
            text=sentence(entry.type, entry.data, case.region),
            actor_role=entry.actor_role,
            actor=entry.actor,
            actor_name=names.get(entry.actor or ""),
        )
        for entry in found
    ]


def check(*events: type[Event], entry_types: Collection[str] = ()) -> None:
    """Raise KeyError unless each of these facts and entries has a sentence, and ReferenceDataError if a file is wrong."""
    _labels()
    for entry_type in entry_types:
        history_texts()[entry_type]
    for event in events:
        history_texts()[event.FACT]


class ClockHistory:
    """What the clock job needs of the cases: their locks, their histories, and the note of a term that has passed."""

    async def lock_free(self, work: UnitOfWork, appeal_ids: Sequence[UUID]) -> Sequence[UUID]:
        """Lock those of the cases that no other transaction has locked, and return them."""
        return await repository.lock_free_cases(work.session, appeal_ids)

    async def add_clock_notices(self, work: UnitOfWork, notices: Sequence[ClockNotice]) -> None:
        """Add the warnings and breaches to the histories of the cases."""
        rows = [
            entry(notice.appeal_id, notice.source, notice.at, notice.fact, policy=notice.policy, due=notice.due_at.isoformat())
            for notice in notices
        ]
        await repository.add_history(work.session, rows)

    async def mark_fix_period_passed(self, work: UnitOfWork, appeal_ids: Sequence[UUID]) -> None:
        """Note that the term to complete these appeals is over."""
        changes: list[CaseChange] = [{"appeal_id": appeal_id, "fix_passed": True} for appeal_id in appeal_ids]
        await repository.change_cases(work.session, changes, work.clock.now())
