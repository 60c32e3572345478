"""Proposals and promises of a provider in the world of provider-contact."""

from datetime import date
from typing import Any
from uuid import UUID

from provider_contact.commitments import service as commitments
from provider_contact.commitments.models import Commitment
from provider_contact.inquiries.models import Inquiry
from provider_contact.proposals import service as proposals
from provider_contact.proposals.models import Proposal
from shared.contracts import CommitmentAnswered, ProposalAnswered
from tests.provider_contact.conftest import appeal_id, sent_inquiry

SECRET = "Құпия ұсыныс: пациент дәрігерге жазылды."
NEXT_WEEK = date(2026, 2, 12)


async def about(world, inquiry_id: UUID) -> dict[str, Any]:
    """What a proposal and a promise have to know of their inquiry."""
    inquiry = next(row for row in await world.rows(Inquiry) if row.inquiry_id == inquiry_id)
    return {"inquiry_id": inquiry_id, "appeal_id": inquiry.appeal_id, "provider_id": inquiry.provider_id, "region": "KZ-43"}


async def proposed(world, number: int = 1, *, text: str = SECRET, **changed: Any) -> UUID:
    """An open proposal about a new appeal."""
    return await propose_again(world, await sent_inquiry(world, number, **changed), text=text)


async def propose_again(world, inquiry_id: UUID, *, text: str = SECRET) -> UUID:
    known = await about(world, inquiry_id)
    async with world.parts.units.write() as work:
        return await proposals.propose(work, **known, language="kk", text=text)


async def promised(world, number: int = 1, *, due_on: date = NEXT_WEEK, text: str = SECRET, **changed: Any) -> UUID:
    """An open promise about a new appeal."""
    return await promise_again(world, await sent_inquiry(world, number, **changed), due_on=due_on, text=text)


async def promise_again(world, inquiry_id: UUID, *, due_on: date = NEXT_WEEK, text: str = SECRET) -> UUID:
    known = await about(world, inquiry_id)
    async with world.parts.units.write() as work:
        return await commitments.promise(work, **known, language="kk", text=text, due_on=due_on)


def answered(proposal_id: UUID, *, confirmed: bool = True, number: int = 1, method: str = "TRACK") -> ProposalAnswered:
    return ProposalAnswered(appeal_id=appeal_id(number), proposal_id=proposal_id, confirmed=confirmed, method=method)


def reported(commitment_id: UUID, *, as_promised: bool = True, number: int = 1) -> CommitmentAnswered:
    return CommitmentAnswered(appeal_id=appeal_id(number), commitment_id=commitment_id, fulfilled=as_promised, method="SMS")


async def mark_unanswered(world) -> int:
    async with world.parts.units.write() as work:
        return await proposals.mark_unanswered(work)


async def take_steps(world) -> int:
    async with world.parts.units.write() as work:
        return await commitments.take_steps(work)


async def statuses(world, model: type[Proposal] | type[Commitment] = Proposal) -> list[str]:
    return [row.status for row in await world.rows(model)]
