"""Links between cases: a case that repeats another one is linked to it as its duplicate.

A link is a note. The duplicate keeps its deadlines and is answered, because every appeal is (АППК art. 64(1)); only a linked case is closed
with the outcome DUPLICATE. A duplicate is linked to a case that is no duplicate itself, so links form no chains and no cycles.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from routing.cases import repository
from routing.cases.codes import LinkType
from routing.cases.policy import NamedCode
from routing.cases.repository import links as records
from routing.cases.repository.listing import NUMBER_DIGITS
from routing.cases.schemas.commands import LinkDuplicate, Unlink
from routing.cases.schemas.links import CaseSubject, LinkedCase
from routing.cases.schemas.rows import CaseFile, CaseRecord, HistoryRecord
from routing.cases.schemas.views import LinkView
from routing.cases.service.action_context import ActionContext
from routing.cases.service.history import entry
from shared.auth import Principal
from shared.domain.identifiers import digits_as_typed
from shared.errors import FieldError, InvalidInput
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_cases

JOINED: Final = "duplicate-joined"
SUGGESTED: Final = 5


async def link(context: ActionContext, command: LinkDuplicate) -> None:
    """Link the case to the one of this number.

    Raises InvalidInput for a number that the principal does not see, the case itself, a case that is a duplicate or is being changed, and
    a case that has duplicates.
    """
    case, session = context.case, context.work.session
    digits = digits_as_typed(command.of_number)
    visible = visible_cases(context.principal)
    found = await records.case_with_number(session, visible, int(digits)) if digits and len(digits) <= NUMBER_DIGITS else None
    if found is None:
        raise InvalidInput.field("of_number", "unknown-number", "No case that you may see has this number.")
    if found == case.appeal_id:
        raise InvalidInput.field("of_number", "same-case", "A case is not a duplicate of itself.")
    # The case is locked. A second lock is waited for in the order of the ids alone: two clerks who link crosswise do not deadlock.
    main = await records.lock_linked(session, found, skip_locked=found < case.appeal_id)
    if main is None:
        raise InvalidInput.field("of_number", "try-again", "That case is being changed just now. Try again.")
    if main.duplicate_of is not None:
        raise InvalidInput.field("of_number", "is-duplicate", "That case is a duplicate itself. Link to the case that it repeats.")
    if await records.has_duplicates(session, case.appeal_id):
        raise InvalidInput.field("of_number", "has-duplicates", "Other cases are linked to this one as its duplicates.")
    case.duplicate_of = main.appeal_id
    context.file.linked = await linked(session, case, context.file.history)
    context.enter("duplicate-linked")
    _enter_into(context, main.appeal_id, JOINED)


async def unlink(context: ActionContext, _command: Unlink) -> None:
    """Take the link to the main case back."""
    case = context.case
    main, case.duplicate_of = case.duplicate_of, None
    context.file.linked = await linked(context.work.session, case, context.file.history)
    context.enter("duplicate-unlinked")
    if main is not None:
        _enter_into(context, main, "duplicate-left")


def _enter_into(context: ActionContext, appeal_id: UUID, entry_type: str) -> None:
    """Note it in the history of the main case, which changes in nothing that its clerk acts upon."""
    source, actor = context.work.ids.new(), context.principal.subject
    row = entry(appeal_id, source, context.now, entry_type, actor_role=context.role, actor=actor)
    repository.add_history_later(context.work.session, [row])


def link_errors(case: CaseRecord, outcome: str, field: str = "outcome") -> list[FieldError]:
    """Return the error of the outcome DUPLICATE in a case that is linked to no other."""
    if outcome != NamedCode.DUPLICATE or case.duplicate_of is not None:
        return []
    return [FieldError(field, "not-linked", "Link the case to the one that it repeats first.")]


def require_link(case: CaseRecord, outcome: str) -> None:
    """Raise InvalidInput for the outcome DUPLICATE of a case that is linked to no other."""
    if errors := link_errors(case, outcome):
        raise InvalidInput(errors)


async def linked(session: AsyncSession, case: CaseRecord, history: Sequence[HistoryRecord]) -> list[LinkedCase]:
    """Return the cases that belong to this one. Most cases have none, which its own row and history tell."""
    named = [appeal_id for appeal_id in (case.duplicate_of, case.follows) if appeal_id is not None]
    if not named and not any(row.type == JOINED for row in history):
        return []
    return await records.linked_cases(session, case.appeal_id, named)


def views(file: CaseFile, principal: Principal) -> list[LinkView]:
    """Return the linked cases that the principal may see."""
    case, visible = file.case, visible_cases(principal)
    found = [other for other in file.linked if visible.allows(other.region, other.tier, other.provider_id, other.protection)]
    pairs = [(other, kind) for other in found for kind in _types(case, other)]
    return [
        LinkView(
            appeal_id=other.appeal_id,
            number=other.number,
            type=kind,
            is_main=kind is LinkType.DUPLICATE and other.appeal_id == case.duplicate_of,
        )
        for other, kind in pairs
    ]


def _types(case: CaseRecord, other: LinkedCase) -> list[LinkType]:
    is_duplicate = case.duplicate_of == other.appeal_id or other.duplicate_of == case.appeal_id
    types = [LinkType.DUPLICATE] if is_duplicate else []
    return [*types, LinkType.FOLLOWS] if case.follows == other.appeal_id else types


async def visible_suggestions(work: UnitOfWork, principal: Principal, case: CaseSubject, appeal_ids: Sequence[UUID]) -> list[LinkedCase]:
    """Return those of the cases that the principal may see, without the case itself, the latest first."""
    others = [appeal_id for appeal_id in appeal_ids if appeal_id != case.appeal_id]
    return await records.visible_linked(work.session, visible_cases(principal), others, SUGGESTED)


async def cases_alike(work: UnitOfWork, principal: Principal, case: CaseSubject, since: datetime, limit: int) -> list[LinkedCase]:
    """Return the latest cases about the same that the principal may see."""
    return await records.cases_alike(work.session, visible_cases(principal), case, since, limit)
