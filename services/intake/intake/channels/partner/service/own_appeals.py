"""The list of appeals that the holder of a token filed."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from intake.channels.partner import repository
from intake.channels.partner.service.external_numbers import open_numbers
from intake.register.service.registration import shown_status
from shared.http import Cursor, ListResponse, keyset_page
from shared.unit_of_work import UnitOfWork


class OwnAppeal(BaseModel):
    """An appeal in the list of its owner."""

    appeal_id: UUID
    number: str
    external_number: str | None
    kind: str | None
    region: str
    status: str
    holder: str
    received_at: datetime
    registered_at: datetime
    due_at: datetime | None
    outcome: str | None
    answered_at: datetime | None


async def own_appeals(work: UnitOfWork, owner: bytes, cursor: str | None, limit: int) -> ListResponse[OwnAppeal]:
    """Return the appeals of an owner, newest first. Raises InvalidInput `bad-cursor`."""
    before = None if cursor is None else Cursor.decode(cursor, UUID)[0]
    now = work.clock.now()
    found = await repository.owned_appeals(work.session, owner, before, limit + 1)
    total = await repository.count_owned_appeals(work.session, owner)
    sealed = await repository.external_numbers(work.session, [appeal.id for appeal, _ in found[:limit]])
    numbers = open_numbers(work.sealer, sealed)

    def shown(owned: repository.OwnedAppeal) -> OwnAppeal:
        return _shown(owned, numbers.get(owned.appeal.id), now)

    return keyset_page(found, limit, total, item=shown, key=lambda owned: owned.appeal.id)


def _shown(owned: repository.OwnedAppeal, external_number: str | None, now: datetime) -> OwnAppeal:
    appeal, tracking = owned
    public = tracking.model_dump(include={"appeal_id", "region", "holder", "due_at", "outcome", "answered_at"})
    return OwnAppeal(
        number=appeal.number,
        external_number=external_number,
        kind=tracking.kind,
        status=shown_status(tracking.status, appeal.registered_at, now),
        received_at=appeal.received_at,
        registered_at=appeal.registered_at,
        **public,
    )
