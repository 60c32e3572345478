"""The sample: confirmations and withdrawals, some of which are drawn for a call.

The draw follows from the id of the check under a secret key: the same id is always drawn or never, and a provider cannot foresee which.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from provider_contact.checks import repository
from provider_contact.checks.codes import CheckStatus
from provider_contact.checks.policy import WHOLE, base_of, check_policy, share_of
from provider_contact.checks.schemas import Statement
from provider_contact.inquiries.service import record_stated
from provider_contact.proposals import service as proposals
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "outcome check"


async def draw(work: UnitOfWork, statements: Sequence[Statement]) -> None:
    """Store the statements that are drawn, and those that count for a provider. A statement that is stored already stays as it is."""
    if not statements:
        return
    unproven = {provider_id: await _unproven(work, provider_id) for provider_id in {each.provider_id for each in statements}}
    rows = [(statement, _row(work.pepper, statement, *unproven[statement.provider_id])) for statement in statements]
    stored = [(statement, row) for statement, row in rows if statement.is_stored_undrawn or row["status"] is CheckStatus.OPEN]
    if stored:
        await record_stated(work, [statement.appeal for statement, _ in stored if statement.appeal is not None])
        await repository.add_checks(work.session, [row for _, row in stored])


async def _unproven(work: UnitOfWork, provider_id: UUID | None) -> tuple[int, int]:
    """Return how many of the provider's solutions and withdrawals lack the applicant's word, and how many there are."""
    if provider_id is None:
        return 0, 0
    since = work.clock.now() - timedelta(days=check_policy().unproven_days)
    unconfirmed, proposed = await proposals.unanswered_share(work, provider_id, since)
    unverified, withdrawn = await repository.count_withdrawals(work.session, provider_id, since)
    return unconfirmed + unverified, proposed + withdrawn


def _row(pepper: Pepper, statement: Statement, unproven: int, counted: int) -> dict[str, object]:
    seconds = None if statement.begun_at is None else (statement.stated_at - statement.begun_at).total_seconds()
    base, weight = base_of(statement.about, statement.reason, statement.kind)
    per_mille = share_of(base=base, weight=weight, seconds=seconds, unproven=unproven, counted=counted)
    is_drawn = position_of(pepper, statement.check_id) < per_mille
    return {
        "check_id": statement.check_id,
        "about": statement.about,
        "proposal_id": statement.proposal_id,
        "answer_id": statement.answer_id,
        "appeal_id": statement.appeal_id,
        "provider_id": statement.provider_id,
        "reason": statement.reason,
        "stated_at": statement.stated_at,
        "per_mille": per_mille,
        "status": CheckStatus.OPEN if is_drawn else CheckStatus.NOT_DRAWN,
        "attempts": 0,
        "call_from": statement.stated_at,
    }


def position_of(pepper: Pepper, check_id: UUID) -> int:
    """Return the place of a check in the lottery, from 0 to 999, each equally likely."""
    return int.from_bytes(pepper.keyed_hmac(PURPOSE, check_id.bytes)[:8]) % WHOLE
