"""Queries about the offers of providers: proposals and commitments, and the answers of applicants."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from intake.register.codes import WAITING_OFFERS, OfferKind, OfferStatus
from intake.register.models import ProviderOffer, Timeline
from intake.register.schemas.rows import OfferRow
from shared.contracts import ConsentWithdrawn
from shared.database import Database, among
from shared.rows import insert_new_rows, table_of

_OFFER = table_of(ProviderOffer).c


async def add_offers(session: AsyncSession, rows: Sequence[OfferRow]) -> None:
    """Insert offers; one whose id is stored already is skipped."""
    await insert_new_rows(session, ProviderOffer, rows, unique=("id",), returning="id")


async def set_status(session: AsyncSession, offer_id: UUID, status: OfferStatus, *, was: Collection[OfferStatus]) -> None:
    """Set the status of an offer that is in one of the statuses `was`."""
    changed = update(table_of(ProviderOffer)).where(_OFFER.id == offer_id, _OFFER.status.in_(was))
    await session.execute(changed.values(status=status))


async def end_request(session: AsyncSession, request_id: UUID) -> None:
    """End a request for consent that still waits; an answer that was not published yet counts as not given."""
    ended = update(table_of(ProviderOffer)).where(_OFFER.id == request_id, _OFFER.status == OfferStatus.REQUESTED)
    await session.execute(ended.values(status=OfferStatus.EXCUSED, answer=None, publish_at=None))


async def note_unclear(session: AsyncSession, offer_id: UUID, at: datetime) -> None:
    """Store that a reply to an offer that waits for the applicant was unclear; a later one changes nothing."""
    waits = (_OFFER.id == offer_id, _OFFER.status.in_(WAITING_OFFERS), _OFFER.answer.is_(None), _OFFER.unclear_at.is_(None))
    await session.execute(update(table_of(ProviderOffer)).where(*waits).values(unclear_at=at))


async def ask_about(session: AsyncSession, commitment_id: UUID, event_id: UUID, answer_until: datetime) -> None:
    """Mark an open commitment as due: the applicant is asked by the event."""
    due = update(table_of(ProviderOffer)).where(_OFFER.id == commitment_id, _OFFER.status == OfferStatus.OPEN)
    await session.execute(due.values(status=OfferStatus.DUE, asked_by=event_id, answer_until=answer_until))


async def offers_of_appeal(session: AsyncSession, appeal_id: UUID) -> Sequence[ProviderOffer]:
    """Return the offers about an appeal, oldest first."""
    query = select(ProviderOffer).where(col(ProviderOffer.appeal_id) == appeal_id)
    return (await session.execute(query.order_by(col(ProviderOffer.at), col(ProviderOffer.id)))).scalars().all()


async def appeals_with_withdrawal(session: AsyncSession, appeal_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the appeals whose applicants withdrew the consent to disclosure at any time: the timeline has an entry of it."""
    entries = table_of(Timeline).c
    withdrawn = select(entries.appeal_id).where(among(session, Timeline.appeal_id, appeal_ids), entries.type == ConsentWithdrawn.FACT)
    return frozenset((await session.execute(withdrawn)).scalars())


async def lock_consents(session: AsyncSession, appeal_id: UUID) -> Sequence[ProviderOffer]:
    """Return the requests for consent about an appeal, locked until the transaction ends. Lock the appeal's tracking row first."""
    query = select(ProviderOffer).where(col(ProviderOffer.appeal_id) == appeal_id, col(ProviderOffer.kind) == OfferKind.CONSENT)
    query = query.order_by(col(ProviderOffer.id)).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(query)).scalars().all()


async def request_again(session: AsyncSession, row: OfferRow) -> None:
    """Ask for a withdrawn consent again; a request in another status stays as it is."""
    again = update(table_of(ProviderOffer)).where(_OFFER.id == row["id"], _OFFER.status == OfferStatus.WITHDRAWN)
    changed = {name: row[name] for name in ("status", "at", "asked_by", "answer_until", "answer", "answered_at", "method", "called_at")}
    await session.execute(again.values(attempts=0, unclear_at=None, **changed))


async def appeals_with_consent(session: AsyncSession, appeal_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of the appeals whose applicants consented after filing that a provider learns who they are."""
    given = select(_OFFER.appeal_id).where(among(session, ProviderOffer.appeal_id, appeal_ids), _OFFER.status == OfferStatus.GIVEN)
    return frozenset((await session.execute(given)).scalars())


async def offer(session: AsyncSession, offer_id: UUID) -> ProviderOffer | None:
    return await session.get(ProviderOffer, offer_id)


async def offer_by_link(session: AsyncSession, link_key: bytes) -> ProviderOffer | None:
    """Return the offer whose link has the key."""
    return (await session.execute(select(ProviderOffer).where(col(ProviderOffer.link_key) == link_key))).scalar_one_or_none()


async def offer_asked_by(session: AsyncSession, event_id: UUID) -> ProviderOffer | None:
    """Return the offer about which an event asks the applicant."""
    return (await session.execute(select(ProviderOffer).where(col(ProviderOffer.asked_by) == event_id))).scalars().first()


async def lock_offer(session: AsyncSession, offer_id: UUID) -> ProviderOffer | None:
    """Return an offer, locked until the transaction ends. Lock the appeal's tracking row first."""
    query = select(ProviderOffer).where(col(ProviderOffer.id) == offer_id).with_for_update()
    return (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def has_due_answers(database: Database, now: datetime) -> bool:
    """Return whether an answer can no longer be changed and is to be published."""
    return bool(await database.fetch_all(select(_OFFER.id).where(_OFFER.publish_at <= now).limit(1)))


async def due_answers(session: AsyncSession, now: datetime, limit: int) -> Sequence[tuple[UUID, UUID]]:
    """Return appeal and offer of answers that are to be published, in the order in which their appeals are locked."""
    first = select(_OFFER.appeal_id, _OFFER.id).where(_OFFER.publish_at <= now).order_by(_OFFER.publish_at).limit(limit).subquery()
    rows = await session.execute(select(first.c.appeal_id, first.c.id).order_by(first.c.appeal_id, first.c.id))
    return [(row[0], row[1]) for row in rows]


async def waiting_offers(session: AsyncSession, appeal_ids: Collection[UUID]) -> Sequence[ProviderOffer]:
    """Return the offers about these appeals that wait for the applicant, latest first."""
    query = select(ProviderOffer).where(among(session, ProviderOffer.appeal_id, appeal_ids), col(ProviderOffer.status).in_(WAITING_OFFERS))
    query = query.where(col(ProviderOffer.answer).is_(None)).order_by(col(ProviderOffer.at).desc(), col(ProviderOffer.id))
    return (await session.execute(query)).scalars().all()
