"""Routes of proposals."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from provider_contact.dependencies import LIST_ERRORS, RegionCode, known_region
from provider_contact.inquiries.service import appeals_in
from provider_contact.proposals import repository
from provider_contact.proposals.codes import ProposalStatus
from provider_contact.proposals.schemas import ProposalItem
from shared.auth import STAFF, Principal, require
from shared.dependencies import ReadDep
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse, keyset_page
from shared.visibility import EVERYTHING, visible_inquiries

ViewerDep = Annotated[Principal, Depends(require("provider", "admin", *STAFF))]

router = APIRouter(tags=["proposals"])


@router.get("/v1/proposals", responses=LIST_ERRORS)
async def list_proposals(
    principal: ViewerDep,
    work: ReadDep,
    _query: KnownQuery,
    status: ProposalStatus | None = None,
    region: RegionCode = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> ListResponse[ProposalItem]:
    """List the proposals about inquiries that the client may see, latest first. Their texts are read with the inquiry."""
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    appeals = appeals_in(EVERYTHING, known_region(region))
    found, total = await repository.listed_proposals(work.session, appeals, visible_inquiries(principal), status, after, limit + 1)
    return keyset_page(found, limit, total, item=_item, key=lambda listed: (listed.proposal.proposed_at, listed.proposal.proposal_id))


def _item(listed: repository.ListedProposal) -> ProposalItem:
    values = {name: getattr(listed.proposal, name) for name in ProposalItem.model_fields if name not in {"number", "region"}}
    return ProposalItem(number=listed.number, region=listed.region, **values)
