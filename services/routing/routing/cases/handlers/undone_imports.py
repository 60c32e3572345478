"""Undoing the import of an appeal that was open in a former register: the case goes, unless somebody has worked on it."""

from typing import Final

from routing.base import RoutingModel
from routing.cases import repository
from routing.cases.service.history import entry
from shared.contracts import ImportUndone, ImportUndoRefused, ImportUndoRequested
from shared.ids import derived
from shared.messaging.handling import Batch
from shared.removal import remove_appeals
from shared.unit_of_work import UnitOfWork

REFUSED: Final = ImportUndoRefused.FACT
STEP: Final = 100  # cases whose rows are deleted by one statement of each table


async def undo_imports(work: UnitOfWork, batch: Batch[ImportUndoRequested]) -> None:
    """Remove the cases that nobody has worked on, and publish for each appeal what was decided.

    A case that is gone was removed before: the request was delivered again.
    """
    wanted = list({received.event.appeal_id: None for received in batch.received})
    cases = await repository.lock_cases(work.session, wanted)
    touched = await repository.worked_on(work.session, list(cases))
    for received in batch.received:
        appeal_id = received.event.appeal_id
        fact = ImportUndoRefused if appeal_id in touched else ImportUndone
        work.publish(fact(appeal_id=appeal_id), cause=received.envelope)
    at = work.clock.now()
    refused = (each for each in batch.received if each.event.appeal_id in touched)
    kept = [entry(each.event.appeal_id, derived(each.envelope.id, REFUSED), at, REFUSED) for each in refused]
    await repository.add_history(work.session, kept)
    removed = [appeal_id for appeal_id in cases if appeal_id not in touched]
    for start in range(0, len(removed), STEP):
        await remove_appeals(work.session, RoutingModel.metadata, removed[start : start + STEP])
