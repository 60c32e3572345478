"""The views that staff save: a list under a name of one's own."""

from typing import Final
from uuid import UUID

from routing.desk import repository
from routing.desk.errors import TooManyViews
from routing.desk.models import VIEWS_LIMIT
from routing.desk.schemas import NamedView, SavedViewRecord
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

_TABLE: Final = "saved_view"


async def saved_views(work: UnitOfWork, principal: Principal) -> list[NamedView]:
    """Return the person's own views, in the order in which they were saved."""
    found = sorted(await repository.saved_views(work.session, principal.subject), key=lambda view: view.saved_at)
    return [NamedView(view.id, work.sealer.open(_TABLE, view.id, "name", view.name).decode(), view.address) for view in found]


async def save_view(work: UnitOfWork, principal: Principal, name: str, address: str) -> None:
    """Save a list under a name. Raises TooManyViews if the person has VIEWS_LIMIT of them, or has just filled the last slot."""
    taken = {view.slot for view in await repository.saved_views(work.session, principal.subject)}
    slot = next((slot for slot in range(1, VIEWS_LIMIT + 1) if slot not in taken), None)
    if slot is None:
        raise TooManyViews
    view_id = work.ids.new()
    view = SavedViewRecord(view_id, principal.subject, slot, _sealed(work, view_id, name), address, work.clock.now())
    if not await repository.add_saved_view(work.session, view):
        raise TooManyViews


async def rename_view(work: UnitOfWork, principal: Principal, view_id: UUID, name: str) -> None:
    """Give the person's view another name. Raises NotFound, also for the view of another person."""
    if not await repository.rename_saved_view(work.session, principal.subject, view_id, _sealed(work, view_id, name)):
        raise NotFound


async def delete_view(work: UnitOfWork, principal: Principal, view_id: UUID) -> None:
    """Delete the person's view. Raises NotFound, also for the view of another person."""
    if not await repository.delete_saved_view(work.session, principal.subject, view_id):
        raise NotFound


def _sealed(work: UnitOfWork, view_id: UUID, name: str) -> bytes:
    return work.sealer.seal(_TABLE, view_id, "name", name.encode())
