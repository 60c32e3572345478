"""Reactions of checks to events: each confirmation and each withdrawal takes part in the sample."""

from collections.abc import Collection, Mapping
from uuid import UUID

from provider_contact.checks import repository, service
from provider_contact.checks.codes import CheckSubject
from provider_contact.checks.schemas import Statement
from provider_contact.inquiries.schemas import AppealStatement, ClosedAppeal
from provider_contact.inquiries.service import known_providers
from provider_contact.proposals import service as proposals
from shared.contracts import AppealWithdrawn, CaseReopened, OutcomeConfirmed, ProposalAnswered
from shared.ids import derived
from shared.messaging.handling import Batch
from shared.unit_of_work import UnitOfWork

NAME = "check"


async def apply_proposal_answers(work: UnitOfWork, batch: Batch[ProposalAnswered]) -> None:
    """Record what applicants answer to proposals, and draw of the confirmations."""
    confirmed = await proposals.apply_answers(work, batch.received)
    statements = [
        Statement(
            check_id=derived(each.proposal_id, NAME),
            about=CheckSubject.PROPOSAL,
            proposal_id=each.proposal_id,
            appeal_id=each.appeal_id,
            provider_id=each.provider_id,
            reason=None,
            begun_at=each.proposed_at,
            stated_at=each.confirmed_at,
        )
        for each in confirmed
    ]
    await service.draw(work, statements)


async def draw_withdrawals(work: UnitOfWork, batch: Batch[AppealWithdrawn], closed: Mapping[UUID, ClosedAppeal]) -> None:
    """Draw of the withdrawals. `closed`: the appeals that these closed.

    A known appeal that these did not close has ended otherwise. An unknown one is about no provider: its event says what is stored with
    the check; an event of an earlier version does not, and is not drawn of.
    """
    known = await known_providers(work, [received.event.appeal_id for received in batch.received])
    statements = []
    for received in batch.received:
        event, appeal = received.event, closed.get(received.event.appeal_id)
        fresh = _with_codes(event, known)
        if appeal is None and fresh is None:
            continue
        provider_id = appeal.provider_id if appeal is not None else None
        if provider_id is None and not event.reachable:
            continue
        statements.append(
            Statement(
                check_id=derived(received.envelope.id, NAME),
                about=CheckSubject.WITHDRAWAL,
                proposal_id=None,
                appeal_id=event.appeal_id,
                provider_id=provider_id,
                reason=event.reason,
                begun_at=appeal.received_at if appeal is not None else event.received_at,
                stated_at=received.envelope.time,
                appeal=fresh,
            )
        )
    await service.draw(work, statements)


async def draw_answers(work: UnitOfWork, batch: Batch[OutcomeConfirmed]) -> None:
    """Draw of the confirmed answers of the Fund whose applicants can be called."""
    reachable = [received for received in batch.received if received.event.reachable]
    known = await known_providers(work, [received.event.appeal_id for received in reachable])
    statements = [
        Statement(
            check_id=derived(received.event.answer_id, NAME),
            about=CheckSubject.ANSWER,
            proposal_id=None,
            appeal_id=received.event.appeal_id,
            provider_id=known.get(received.event.appeal_id),
            reason=None,
            begun_at=None,
            stated_at=received.envelope.time,
            answer_id=received.event.answer_id,
            kind=received.event.kind,
            appeal=_with_codes(received.event, known),
        )
        for received in reachable
    ]
    await service.draw(work, statements)


async def supersede_checks(work: UnitOfWork, batch: Batch[CaseReopened]) -> None:
    """End the open checks of how reopened cases had ended: nobody is called about it. A confirmed proposal is checked all the same."""
    await repository.supersede_checks(work.session, [received.event.appeal_id for received in batch.received])


def _with_codes(event: AppealStatement, known: Collection[UUID]) -> AppealStatement | None:
    """Return the event if it is needed to store its appeal, which this service does not know; None also for one of an earlier version."""
    return event if event.appeal_id not in known and event.number is not None else None
