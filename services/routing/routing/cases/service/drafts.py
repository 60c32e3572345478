"""Unsent answers. Each clerk has one of their own on each case that they see; it is deleted when the answer is sent."""

from dataclasses import dataclass, replace
from uuid import UUID

from routing.cases import repository
from routing.cases.errors import ActionNotPossible, DraftVersionConflict
from routing.cases.schemas.commands import AnswerContent
from routing.cases.schemas.drafts import DraftContent, DraftRecord, DraftView, SaveDraft
from routing.cases.service import workflow
from routing.cases.service.visible import lock_case, visible_case
from shared.auth import Principal
from shared.errors import NotFound
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

TABLE = "answer_draft"


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """An answer that passed the closure gate, with its author's role; `outcome`: the case is closed with it."""

    content: AnswerContent
    language: str
    actor_role: str
    outcome: str | None


async def read_draft(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> DraftView:
    """Return the principal's own draft. Raises NotFound without one, and for a case that the principal does not see."""
    await visible_case(work, principal, appeal_id)
    if (found := await find_draft(work, principal, appeal_id)) is None:
        raise NotFound
    return found


async def find_draft(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> DraftView | None:
    """Return the principal's own draft on a case that the principal sees, None without one."""
    found = await repository.draft(work.session, appeal_id, principal.subject)
    return _view(found, work.sealer) if found else None


async def save_draft(work: UnitOfWork, principal: Principal, appeal_id: UUID, command: SaveDraft) -> DraftView:
    """Store the principal's own draft and return it.

    Raises NotFound for a case that the principal does not see, DraftVersionConflict if the draft changed since it was read,
    ActionNotPossible while the draft waits to be sent as the answer.
    """
    await _lock(work, principal, appeal_id)
    stored = await repository.draft(work.session, appeal_id, principal.subject)
    current = stored.version if stored else 0
    if current != command.expected_draft_version:
        raise DraftVersionConflict(current)
    content = DraftContent(**{name: getattr(command, name) for name in DraftContent.model_fields})
    blank = stored or _blank(work, appeal_id, principal.subject)
    return _view(await _store(work, blank, content, command.language), work.sealer)


async def hold(work: UnitOfWork, appeal_id: UUID, actor: str, held: HeldAnswer) -> None:
    """Store an answer that waits as its author's draft. The case is locked."""
    stored = await repository.draft(work.session, appeal_id, actor) or _blank(work, appeal_id, actor)
    await _store(work, replace(stored, actor_role=held.actor_role, outcome=held.outcome), held.content, held.language)


async def held(work: UnitOfWork, appeal_id: UUID, actor: str) -> HeldAnswer | None:
    """Return the answer that waits, None without one. The case is locked. Raises SealBroken."""
    found = await repository.draft(work.session, appeal_id, actor)
    if found is None or found.actor_role is None:
        return None
    content = AnswerContent.model_validate_json(work.sealer.open(TABLE, found.draft_id, "content", found.content))
    return HeldAnswer(content, found.language, found.actor_role, found.outcome)


def _blank(work: UnitOfWork, appeal_id: UUID, actor: str) -> DraftRecord:
    return DraftRecord(work.ids.new(), appeal_id, actor, 0, work.clock.now(), "", b"", None, None)


async def _store(work: UnitOfWork, draft: DraftRecord, content: AnswerContent | DraftContent, language: str) -> DraftRecord:
    """Store the next version of a draft and return it."""
    sealed = work.sealer.seal(TABLE, draft.draft_id, "content", content.model_dump_json().encode())
    saved = replace(draft, version=draft.version + 1, saved_at=work.clock.now(), language=language, content=sealed)
    await repository.store_draft(work.session, saved)
    return saved


async def delete_draft(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> None:
    """Delete the principal's own draft, if there is one.

    Raises NotFound for a case that the principal does not see, ActionNotPossible while the draft waits to be sent.
    """
    await _lock(work, principal, appeal_id)
    await repository.delete_draft(work.session, appeal_id, principal.subject)


async def _lock(work: UnitOfWork, principal: Principal, appeal_id: UUID) -> None:
    """Lock the case, so that a draft does not change while its answer is sent. Raises NotFound, ActionNotPossible while it waits."""
    case = await lock_case(work, principal, appeal_id)
    if case.sending_by == principal.subject:
        raise ActionNotPossible(workflow.next_actions(case, principal))


def _view(draft: DraftRecord, sealer: Sealer) -> DraftView:
    content = DraftContent.model_validate_json(sealer.open(TABLE, draft.draft_id, "content", draft.content))
    return DraftView(draft_version=draft.version, saved_at=draft.saved_at, language=draft.language, **content.model_dump())
