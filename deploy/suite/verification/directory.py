"""What the checks read of the directory of providers, of its copies in other services, and of the staff of providers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select, Table, select

import analytics.facts.models
import intake.register.models
import provider_contact.accounts.models
import provider_contact.directory.models
import provider_contact.inquiries.models
import routing.cases.models
from provider_contact.accounts.codes import AccountState

Rows = Callable[[str, Select[Any]], Awaitable[list[tuple[Any, ...]]]]
OWNER = "provider-contact"


@dataclass(frozen=True)
class DirectoryView:
    providers: set[UUID]
    copies: Mapping[str, set[UUID]]
    """The providers that each other service knows."""
    entries: Mapping[UUID, UUID]
    """The provider of each contact, contract and doctor."""
    asked: Mapping[UUID, UUID]
    """The provider of each inquiry."""
    assigned: Mapping[UUID, UUID]
    """Whose each inquiry is whose case goes on: an account. An answer may still be returned."""
    accounts: Mapping[UUID, UUID]
    """The provider of each account that may sign in."""


async def read_directory(rows: Rows) -> DirectoryView:
    """Read the directory, its copies, and the accounts."""
    models = provider_contact.directory.models
    inquiry, account = _table(provider_contact.inquiries.models.Inquiry), _table(provider_contact.accounts.models.ProviderAccount)
    assignment, provider = _table(provider_contact.accounts.models.InquiryAssignment), _table(models.Provider)
    waiting = select(assignment.c.inquiry_id, assignment.c.account_id).join(inquiry, inquiry.c.inquiry_id == assignment.c.inquiry_id)
    entries: dict[UUID, UUID] = {}
    for model, key in ((models.Contact, "contact_id"), (models.ProviderContract, "contract_id"), (models.Doctor, "doctor_id")):
        table = _table(model)
        entries |= dict(await rows(OWNER, select(table.c[key], table.c.provider_id).where(table.c.provider_id.is_not(None))))
    return DirectoryView(
        providers={row[0] for row in await rows(OWNER, select(provider.c.provider_id))},
        copies={
            service: {row[0] for row in await rows(service, select(_table(model).c[key]))}
            for service, model, key in (
                ("intake", intake.register.models.Provider, "id"),
                ("routing", routing.cases.models.Provider, "provider_id"),
                ("analytics", analytics.facts.models.Provider, "provider_id"),
            )
        },
        entries=entries,
        asked=dict(await rows(OWNER, select(inquiry.c.inquiry_id, inquiry.c.provider_id))),
        assigned=dict(await rows(OWNER, waiting.where(inquiry.c.closed_at.is_(None)))),
        accounts=dict(await rows(OWNER, select(account.c.account_id, account.c.provider_id).where(account.c.state == AccountState.ACTIVE))),
    )


def _table(model: Any) -> Table:
    return cast("Table", model.__table__)  # SQLModel does not declare it
