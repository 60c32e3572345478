"""The queries of the portal. Each is limited to one provider or one person; the inbox follows the one rule of visibility."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, false, func, or_, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from provider_contact.accounts.models import InquiryAssignment
from provider_contact.inquiries.codes import InquiryStatus
from provider_contact.inquiries.models import Appeal, Inquiry, InquiryEntry, ProviderResponse
from provider_contact.portal.codes import InboxTab
from provider_contact.portal.models import InquiryVisit, OwnTemplate, RegisteredStatement, ResponseDraft
from provider_contact.portal.schemas import ExchangeRow, InboxFilter, InboxPosition, InboxRow, StatementRow
from provider_contact.proposals.codes import ProposalStatus
from provider_contact.proposals.models import Proposal
from shared.rows import upsert
from shared.visibility import Scope

_ANSWERED: Final = (InquiryStatus.RESPONDED, InquiryStatus.ACCEPTED)
_UNSETTLED: Final = col(Inquiry.settled).is_(False)
_IS_NEW: Final = or_(
    and_(col(InquiryVisit.version).is_(None), _UNSETTLED),
    col(InquiryVisit.version) < col(Inquiry.version),
)
_ORDER: Final = (col(Inquiry.settled), col(Inquiry.due_at), col(Inquiry.inquiry_id))


def _tab(tab: InboxTab, account_id: UUID) -> ColumnElement[bool]:
    """Return the predicate of a list: that of its rows, of its number and of its count on the tab."""
    return {
        InboxTab.OPEN: _UNSETTLED,
        InboxTab.OVERDUE: and_(_UNSETTLED, col(Inquiry.overdue)),
        InboxTab.UNREAD: _IS_NEW,
        InboxTab.MINE: and_(_UNSETTLED, col(InquiryAssignment.account_id) == account_id),
        InboxTab.ANSWERED: col(Inquiry.status).in_(_ANSWERED),
        InboxTab.ALL: true(),
    }[tab]


def _joined(query: Any, account_id: UUID) -> Any:
    """Join what the lists need: the appeal, the person's visit and the assignment."""
    visit = and_(col(InquiryVisit.inquiry_id) == col(Inquiry.inquiry_id), col(InquiryVisit.account_id) == account_id)
    query = query.select_from(Inquiry).join(Appeal, col(Appeal.appeal_id) == col(Inquiry.appeal_id)).outerjoin(InquiryVisit, visit)
    return query.outerjoin(InquiryAssignment, col(InquiryAssignment.inquiry_id) == col(Inquiry.inquiry_id))


def _visible(scope: Scope, number: str) -> list[ColumnElement[bool]]:
    found = [scope.where(col(Appeal.region), col(Appeal.tier), col(Inquiry.provider_id), col(Appeal.protection))]
    if number:  # digits alone: no wildcard of LIKE is among them
        digits = func.replace(col(Appeal.number), "-", "")
        found.append(or_(digits.like(f"{number}%"), digits.like(f"%{number}"), digits.like(f"%{number}_")))
    return found


async def inbox(
    session: AsyncSession, scope: Scope, wanted: InboxFilter, account_id: UUID, after: InboxPosition | None, limit: int
) -> Sequence[InboxRow]:
    """Return inquiries of a list, unsettled ones first and by due date."""
    columns = (
        col(Inquiry.inquiry_id),
        col(Appeal.number),
        col(Appeal.region),
        col(Inquiry.category),
        col(Inquiry.status),
        col(Inquiry.clock),
        col(Inquiry.due_at),
        col(Inquiry.overdue),
        col(Inquiry.settled),
        col(Inquiry.closed_at),
        col(Inquiry.round),
        col(Inquiry.time_asked_until),
        col(InquiryAssignment.account_id),
        case((_IS_NEW, true()), else_=false()),
    )
    query = _joined(select(*columns), account_id)
    query = query.where(*_visible(scope, wanted.number), _tab(wanted.tab, account_id)).order_by(*_ORDER).limit(limit)
    if after is not None:
        query = query.where(tuple_(*_ORDER) > after)
    return [InboxRow(*row) for row in await session.execute(query)]


async def counts(session: AsyncSession, scope: Scope, number: str, account_id: UUID) -> Mapping[InboxTab, int]:
    """Return the number of inquiries of each list, by the predicates of the lists, in one statement."""
    sums = [func.coalesce(func.sum(case((_tab(tab, account_id), 1), else_=0)), 0) for tab in InboxTab]
    row = (await session.execute(_joined(select(*sums), account_id).where(*_visible(scope, number)))).one()
    return {tab: int(value) for tab, value in zip(InboxTab, row, strict=True)}


async def following(session: AsyncSession, scope: Scope, account_id: UUID, inquiry_id: UUID) -> UUID | None:
    """Return the unsettled inquiry that is due first, other than this one."""
    query = _joined(select(col(Inquiry.inquiry_id)), account_id).where(*_visible(scope, ""), _UNSETTLED)
    found: UUID | None = (
        await session.execute(query.where(col(Inquiry.inquiry_id) != inquiry_id).order_by(*_ORDER).limit(1))
    ).scalar_one_or_none()
    return found


async def record_visit(session: AsyncSession, account_id: UUID, inquiry_id: UUID, version: int) -> None:
    """Store that a person has this version of an inquiry on the page."""
    statement = upsert(session, InquiryVisit).values(account_id=account_id, inquiry_id=inquiry_id, version=version)
    await session.execute(statement.on_conflict_do_update(index_elements=["account_id", "inquiry_id"], set_={"version": version}))


async def actors(session: AsyncSession, inquiry_id: UUID) -> Mapping[tuple[str, datetime], str]:
    """Return the subjects of the provider's people who acted on an inquiry, by type and time of the entry; "respond" for answers."""
    entries = select(col(InquiryEntry.type), col(InquiryEntry.at), col(InquiryEntry.actor)).where(
        col(InquiryEntry.inquiry_id) == inquiry_id, col(InquiryEntry.actor_role) == "provider", col(InquiryEntry.actor).is_not(None)
    )
    answers = select(col(ProviderResponse.at), col(ProviderResponse.sender)).where(
        col(ProviderResponse.inquiry_id) == inquiry_id, col(ProviderResponse.sender).is_not(None)
    )
    found = {(row[0], row[1]): row[2] or "" for row in await session.execute(entries)}
    return found | {("respond", row[0]): row[1] or "" for row in await session.execute(answers)}


# drafts


async def draft(session: AsyncSession, account_id: UUID, inquiry_id: UUID) -> ResponseDraft | None:
    """Return a person's own draft, and lock it."""
    own = (col(ResponseDraft.account_id) == account_id, col(ResponseDraft.inquiry_id) == inquiry_id)
    return (await session.execute(select(ResponseDraft).where(*own).with_for_update())).scalar_one_or_none()


async def find_draft(session: AsyncSession, account_id: UUID, inquiry_id: UUID) -> ResponseDraft | None:
    """Return a person's own draft."""
    own = (col(ResponseDraft.account_id) == account_id, col(ResponseDraft.inquiry_id) == inquiry_id)
    return (await session.execute(select(ResponseDraft).where(*own))).scalar_one_or_none()


async def delete_draft(session: AsyncSession, account_id: UUID, inquiry_id: UUID) -> None:
    """Delete a person's own draft, if there is one."""
    own = (col(ResponseDraft.account_id) == account_id, col(ResponseDraft.inquiry_id) == inquiry_id)
    await session.execute(delete(ResponseDraft).where(*own))


# templates


async def templates(session: AsyncSession, provider_id: UUID) -> Sequence[OwnTemplate]:
    """Return the own templates of a provider, oldest first."""
    query = select(OwnTemplate).where(col(OwnTemplate.provider_id) == provider_id).order_by(col(OwnTemplate.template_id))
    return (await session.execute(query)).scalars().all()


async def template(session: AsyncSession, provider_id: UUID, template_id: UUID) -> OwnTemplate | None:
    """Return a template of a provider, and lock it."""
    query = select(OwnTemplate).where(col(OwnTemplate.provider_id) == provider_id, col(OwnTemplate.template_id) == template_id)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def delete_template(session: AsyncSession, provider_id: UUID, template_id: UUID) -> bool:
    """Delete a template of a provider. Return whether the provider had it."""
    own = (col(OwnTemplate.provider_id) == provider_id, col(OwnTemplate.template_id) == template_id)
    return (await session.execute(delete(OwnTemplate).where(*own).returning(col(OwnTemplate.template_id)))).first() is not None


# statements


async def insert_statements(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert registered statements; one that is stored already stays as it is."""
    for row in rows:  # statements of counters are few
        await session.execute(upsert(session, RegisteredStatement).values(**row).on_conflict_do_nothing())


async def statements(
    session: AsyncSession, provider_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> tuple[list[StatementRow], int]:
    """Return the statements that officers of a provider registered, newest first, and their number."""
    own = col(RegisteredStatement.provider_id) == provider_id
    of_appeal = col(Appeal.appeal_id) == col(RegisteredStatement.appeal_id)
    columns = (
        col(RegisteredStatement.appeal_id),
        col(Appeal.number),
        col(Appeal.region),
        col(Appeal.category),
        col(RegisteredStatement.registered_at),
        col(RegisteredStatement.due_at),
        col(Appeal.closed),
    )
    order = (col(RegisteredStatement.registered_at), col(RegisteredStatement.appeal_id))
    query = select(*columns).join(Appeal, of_appeal).where(own)
    if before is not None:
        query = query.where(tuple_(*order) < before)
    rows = await session.execute(query.order_by(*(each.desc() for each in order)).limit(limit))
    total = (await session.execute(select(func.count()).select_from(RegisteredStatement).join(Appeal, of_appeal).where(own))).scalar_one()
    return [StatementRow(*row) for row in rows], total


# figures


async def exchanges(session: AsyncSession, region: str, since: datetime, until: datetime) -> Sequence[ExchangeRow]:
    """Return what the figures count of every inquiry that was due in this time about appeals of a region: ids, times and flags alone."""
    of_first_round = (
        col(ProviderResponse.inquiry_id) == col(Inquiry.inquiry_id),
        col(ProviderResponse.round) == 1,
        col(ProviderResponse.counts),
    )  # one answer counts in a round
    columns = (
        col(Inquiry.provider_id),
        col(Inquiry.sent_at),
        col(ProviderResponse.at),
        col(ProviderResponse.late),
        col(Inquiry.round),
        col(Inquiry.status),
    )
    query = (
        select(*columns).join(Appeal, col(Appeal.appeal_id) == col(Inquiry.appeal_id)).outerjoin(ProviderResponse, and_(*of_first_round))
    )
    query = query.where(col(Appeal.region) == region, col(Inquiry.due_at) >= since, col(Inquiry.due_at) < until)
    return [ExchangeRow(*row) for row in await session.execute(query)]


async def proposal_counts(session: AsyncSession, region: str, since: datetime, until: datetime) -> Sequence[tuple[UUID, str, int]]:
    """Return the number of answered proposals of a region by provider and status."""
    query = (
        select(col(Proposal.provider_id), col(Proposal.status), func.count())
        .join(Appeal, col(Appeal.appeal_id) == col(Proposal.appeal_id))
        .where(
            col(Appeal.region) == region,
            col(Proposal.proposed_at) >= since,
            col(Proposal.proposed_at) < until,
            col(Proposal.status) != ProposalStatus.PROPOSED,
        )
        .group_by(col(Proposal.provider_id), col(Proposal.status))
    )
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]
