"""The queries of the proofs that appeals reached the bodies to which they were passed on."""

from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from routing.cases.models import BodyDelivery
from routing.cases.schemas.deliveries import DeliveryRecord
from shared.fast.bulk import insert_later
from shared.rows import columns_of


def add_delivery(session: AsyncSession, delivery: DeliveryRecord) -> None:
    """Insert the proof when the transaction ends."""
    insert_later(session, BodyDelivery, [asdict(delivery)])


async def deliveries_of(session: AsyncSession, appeal_id: UUID) -> Sequence[DeliveryRecord]:
    """Return the proofs of a case, oldest first."""
    query = select(*columns_of(BodyDelivery, DeliveryRecord)).where(col(BodyDelivery.appeal_id) == appeal_id)
    rows = await session.execute(query.order_by(col(BodyDelivery.at), col(BodyDelivery.delivery_id)))
    return [DeliveryRecord(*row) for row in rows]
