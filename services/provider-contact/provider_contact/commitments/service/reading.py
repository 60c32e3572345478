"""Reads of promises by the other slices and services."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from provider_contact.commitments import repository
from provider_contact.commitments.models import Commitment
from provider_contact.commitments.service.promising import FIELD, TABLE
from provider_contact.inquiries.schemas.views import CommitmentView
from provider_contact.inquiries.service.contents import StatementContent
from shared.unit_of_work import UnitOfWork


async def commitment_texts(work: UnitOfWork, ids: Sequence[UUID]) -> Mapping[UUID, StatementContent]:
    """Return the opened texts of those ids that are promises."""
    found = await repository.commitments(work.session, ids)
    return {commitment.commitment_id: {"language": commitment.language, "text": _text(work, commitment)} for commitment in found}


async def commitments_of(work: UnitOfWork, inquiry_id: UUID) -> list[CommitmentView]:
    """Return the promises about an inquiry with their texts, oldest first."""
    return [
        CommitmentView(
            commitment_id=commitment.commitment_id,
            status=commitment.status,
            language=commitment.language,
            text=_text(work, commitment),
            due_on=commitment.due_on,
            made_at=commitment.made_at,
            ended_at=commitment.ended_at,
            excuse_reason=commitment.excuse_reason,
        )
        for commitment in await repository.commitments_of(work.session, [inquiry_id])
    ]


def _text(work: UnitOfWork, commitment: Commitment) -> str:
    return work.sealer.open(TABLE, commitment.commitment_id, FIELD, commitment.text).decode()
