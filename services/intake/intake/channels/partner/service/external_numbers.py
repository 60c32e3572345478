"""The number under which a partner keeps an appeal: once a partner, sealed, given back in its feed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.partner import repository
from intake.register.errors import ExternalNumberKnown
from shared.service import Parts


def row_of(parts: Parts, appeal_id: UUID, owner: bytes, number: str) -> dict[str, Any]:
    key = parts.pepper.keyed_hmac("external-number", owner + number.encode())
    return {"appeal_id": appeal_id, "key": key, "number": parts.sealer.seal("external_number", appeal_id, "number", number.encode())}


async def release(session: AsyncSession, appeal_ids: list[UUID]) -> None:
    """Release the numbers of appeals that were not registered after all."""
    if appeal_ids:
        await repository.drop_external_numbers(session, appeal_ids)


async def claim(session: AsyncSession, rows: list[dict[str, Any]]) -> Mapping[UUID, ExternalNumberKnown]:
    """Take these numbers; for those that are taken, the refusal with the number of the appeal that has it."""
    if not rows:
        return {}
    got = await repository.claim_external_numbers(session, rows)
    lost = [row for row in rows if row["appeal_id"] not in got]
    known = await repository.numbers_by_external_key(session, [row["key"] for row in lost]) if lost else {}
    return {row["appeal_id"]: ExternalNumberKnown(known.get(row["key"])) for row in lost}
