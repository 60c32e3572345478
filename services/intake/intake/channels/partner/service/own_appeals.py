"""The list of the appeals that somebody filed by a token."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from intake.channels.partner import repository
from intake.channels.partner.schemas import EXAMPLE_ID
from intake.register.service.registration import shown_status
from shared.errors import InvalidInput
from shared.http import Cursor, ListResponse
from shared.service import Parts


class OwnAppeal(BaseModel):
    """An appeal in the list of whoever filed it."""

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

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "appeal_id": EXAMPLE_ID,
                    "number": "2026-43-0000017-4",
                    "external_number": None,
                    "kind": "COMPLAINT",
                    "region": "KZ-43",
                    "status": "IN_REVIEW",
                    "holder": "FUND_TIER2",
                    "received_at": "2026-02-02T09:15:00Z",
                    "registered_at": "2026-02-02T09:15:00Z",
                    "due_at": "2026-02-23T18:59:59Z",
                    "outcome": None,
                    "answered_at": None,
                }
            ]
        }
    )


async def own_appeals(parts: Parts, owner: bytes, cursor: str | None, limit: int) -> ListResponse[OwnAppeal]:
    """Raises InvalidInput for a cursor that is none."""
    before = None if cursor is None else _id_behind(cursor)
    now = parts.clock.now()
    async with parts.database.read() as session:
        found = await repository.owned_appeals(session, owner, before, limit + 1)
        total = await repository.count_owned_appeals(session, owner)
        numbers = await repository.external_numbers(session, [appeal.id for appeal, _ in found[:limit]])
    opened = {one: parts.sealer.open("external_number", one, "number", sealed).decode() for one, sealed in numbers.items()}
    items = [_shown(owned, opened.get(owned.appeal.id), now) for owned in found[:limit]]
    following = Cursor.encode(str(items[-1].appeal_id)) if len(found) > limit else None
    return ListResponse(items=items, total=total, next_cursor=following)


def _shown(owned: repository.OwnedAppeal, external_number: str | None, now: datetime) -> OwnAppeal:
    appeal, tracking = owned
    told = tracking.model_dump(include={"appeal_id", "region", "holder", "due_at", "outcome", "answered_at"})
    return OwnAppeal(
        number=appeal.number,
        external_number=external_number,
        kind=tracking.kind,
        status=shown_status(tracking.status, appeal.registered_at, now),
        received_at=appeal.received_at,
        registered_at=appeal.registered_at,
        **told,
    )


def _id_behind(cursor: str) -> UUID:
    try:
        return UUID(Cursor.decode(cursor, str)[0])
    except ValueError:
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is not one of this list.") from None
