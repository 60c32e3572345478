"""Appeals that officers of a provider registered at its counter: channel SPP, always about their own organisation."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from provider_contact.accounts.schemas import AccountView
from provider_contact.portal import repository
from provider_contact.portal.schemas import StatementRow
from shared.contracts import AppealRegistered
from shared.unit_of_work import UnitOfWork

COUNTER_OF_PROVIDER = "SPP"
"""The channel of appeals that a provider's own patient support service registers."""


async def record_statements(work: UnitOfWork, events: Sequence[AppealRegistered]) -> None:
    """Store the appeals that officers of providers registered. All others cost nothing."""
    rows = [
        {
            "appeal_id": event.appeal_id,
            "provider_id": event.provider_id,
            "registered_at": event.registered_at,
            "due_at": event.due_at,
        }
        for event in events
        if event.channel == COUNTER_OF_PROVIDER and event.provider_id is not None
    ]
    if rows:
        await repository.insert_statements(work.session, rows)


async def statements(
    work: UnitOfWork, account: AccountView, before: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[StatementRow], int]:
    """Return a page of the statements of the person's provider, newest first, and their number."""
    return await repository.statements(work.session, account.provider_id, before, limit)
