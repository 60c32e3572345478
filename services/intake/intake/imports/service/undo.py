"""Undoing an import of open appeals. Routing decides of each appeal, for it knows whether somebody has worked on the case."""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from intake.base import IntakeModel
from intake.imports import repository
from intake.imports.codes import ImportState
from intake.imports.errors import ImportUndoneBefore
from intake.imports.models import OpenImport
from intake.imports.schemas import OpenImportReport
from intake.register.service.importing import close_to_applicants, numbers_of, open_to_applicants, remove_imported
from shared.auth import Principal
from shared.contracts import ImportUndone, ImportUndoRefused, ImportUndoRequested
from shared.errors import NotFound
from shared.ids import derived
from shared.messaging.handling import Batch
from shared.removal import remove_appeals
from shared.unit_of_work import UnitOfWork

PAGE: Final = 500  # appeals
STEP: Final = 100  # appeals whose rows are deleted by one statement of each table


async def undo_import(work: UnitOfWork, import_id: UUID, admin: Principal) -> None:
    """Ask for the removal of every appeal of an import. Raises NotFound and ImportUndoneBefore."""
    row = await repository.import_by_id(work.session, import_id, lock=True)
    if row is None:
        raise NotFound
    if row.state is ImportState.UNDONE:
        raise ImportUndoneBefore
    row.state, row.undone_at, row.undone_by = ImportState.UNDONE, work.clock.now(), admin.subject
    after: UUID | None = None
    while page := await repository.taken_over(work.session, import_id, PAGE, after):
        await close_to_applicants(work.session, page)
        for appeal_id in page:
            work.publish(ImportUndoRequested(appeal_id=appeal_id), event_id=derived(import_id, f"{ImportUndoRequested.FACT}/{appeal_id}"))
        after = page[-1]
        await asyncio.sleep(0)  # on SQLite a statement does not wait: other requests have their turn here


async def import_of(work: UnitOfWork, import_id: UUID) -> OpenImportReport:
    """Return an import with the numbers of the appeals that its undoing kept. Raises NotFound."""
    row = await repository.import_by_id(work.session, import_id)
    if row is None:
        raise NotFound
    remaining = await numbers_of(work.session, await repository.remaining(work.session, import_id))
    return OpenImportReport(**row.model_dump(), remaining=remaining)


async def history(work: UnitOfWork, limit: int, after: repository.ImportPosition | None) -> tuple[Sequence[OpenImport], int]:
    """Return the imports, the newest first, at most `limit`, and how many there are."""
    return await repository.imports(work.session, limit, after)


async def remove_undone(work: UnitOfWork, batch: Batch[ImportUndone]) -> None:
    """Remove the appeals whose cases are gone, with everything about them, and count them at their import."""
    found = await repository.imports_of(work.session, [received.event.appeal_id for received in batch.received])
    ids = list(found)
    for start in range(0, len(ids), STEP):
        await remove_appeals(work.session, IntakeModel.metadata, ids[start : start + STEP])
        await remove_imported(work.session, ids[start : start + STEP])
    for import_id in set(found.values()):
        await repository.add_to_import(work.session, import_id, removed=sum(each == import_id for each in found.values()))


async def mark_refused(work: UnitOfWork, batch: Batch[ImportUndoRefused]) -> None:
    """Note the appeals that stay, and let their applicants ask for a new PIN again."""
    ids = [received.event.appeal_id for received in batch.received]
    await repository.mark_remaining(work.session, ids)
    await open_to_applicants(work.session, work.pepper, ids)
