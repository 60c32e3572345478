"""The inbox of a person of a provider, and what is new in it to that person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from provider_contact.accounts.schemas import AccountView
from provider_contact.portal import repository
from provider_contact.portal.codes import InboxTab
from provider_contact.portal.schemas import InboxFilter, InboxPosition, InboxRow
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork
from shared.visibility import visible_inquiries


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of a list. `counts`: the numbers of all lists by the same predicates; `after`: where the next page begins."""

    rows: Sequence[InboxRow]
    counts: Mapping[InboxTab, int]
    after: InboxPosition | None


async def read_inbox(
    work: UnitOfWork, principal: Principal, account: AccountView, wanted: InboxFilter, after: InboxPosition | None, limit: int
) -> Inbox:
    """Return a page of the inquiries that the person sees."""
    scope = visible_inquiries(principal)
    found = await repository.inbox(work.session, scope, wanted, account.account_id, after, limit + 1)
    counts = await repository.counts(work.session, scope, wanted.number, account.account_id)
    last = found[limit - 1] if len(found) > limit else None
    return Inbox(found[:limit], counts, (last.settled, last.due_at, last.inquiry_id) if last else None)


async def following(work: UnitOfWork, principal: Principal, account: AccountView, inquiry_id: UUID) -> UUID | None:
    """Return the inquiry that is due first, other than this one; None if none is open."""
    return await repository.following(work.session, visible_inquiries(principal), account.account_id, inquiry_id)


async def record_visit(work: UnitOfWork, account: AccountView, inquiry_id: UUID, version: int) -> None:
    """Record that the person has this version of the inquiry on the page."""
    await repository.record_visit(work.session, account.account_id, inquiry_id, version)


async def actors(work: UnitOfWork, inquiry_id: UUID) -> Mapping[tuple[str, datetime], str]:
    """Return the subjects of the provider's people who acted on an inquiry, by type and time of the entry."""
    return await repository.actors(work.session, inquiry_id)
