"""Routes of commitments."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from provider_contact.commitments import repository
from provider_contact.commitments.codes import CommitmentStatus
from provider_contact.commitments.schemas import CommitmentItem
from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.inquiries.service import appeals_in
from shared.auth import STAFF, Principal, require
from shared.dependencies import ReadDep
from shared.errors import InvalidInput
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, keyset_page
from shared.visibility import EVERYTHING, visible_inquiries

ViewerDep = Annotated[Principal, Depends(require("provider", "admin", *STAFF))]

router = APIRouter(tags=["commitments"])


@router.get("/v1/commitments", responses=LIST_ERRORS)
async def list_commitments(
    principal: ViewerDep,
    work: ReadDep,
    _query: KnownQuery,
    status: CommitmentStatus | None = None,
    due_before: date | None = None,
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[CommitmentItem]:
    """List the dated promises of providers that the client may see, earliest day first. Their texts are read with the inquiry."""
    after = _position(cursor) if cursor is not None else None
    found, total = await repository.listed_commitments(
        work.session,
        appeals_in(EVERYTHING, known_region(region)),
        visible_inquiries(principal),
        status=status,
        due_before=due_before,
        after=after,
        limit=limit + 1,
    )
    return keyset_page(
        found, limit, total, item=_item, key=lambda listed: (listed.commitment.due_on.toordinal(), listed.commitment.commitment_id)
    )


def _position(cursor: str) -> tuple[date, UUID]:
    ordinal, commitment_id = Cursor.decode(cursor, int, UUID)
    try:
        return date.fromordinal(ordinal), commitment_id
    except (ValueError, OverflowError):
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is not one of this list.") from None


def _item(listed: repository.ListedCommitment) -> CommitmentItem:
    values = {name: getattr(listed.commitment, name) for name in CommitmentItem.model_fields if name not in {"number", "region"}}
    return CommitmentItem(number=listed.number, region=listed.region, **values)
