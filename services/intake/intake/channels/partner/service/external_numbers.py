"""Numbers that partners give their appeals: each number once per partner, stored sealed, returned in the partner's feed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from intake.channels.partner import repository
from intake.register.errors import ExternalNumberKnown
from intake.register.schemas.rows import ExternalNumberRow
from shared.sealing import Pepper, Sealer
from shared.unit_of_work import UnitOfWork


def row_of(pepper: Pepper, sealer: Sealer, appeal_id: UUID, owner: bytes, number: str) -> ExternalNumberRow:
    """Return the row to claim: the keyed hash of owner and number, and the sealed number."""
    key = pepper.keyed_hmac("external-number", owner + number.encode())
    return {"appeal_id": appeal_id, "key": key, "number": sealer.seal("external_number", appeal_id, "number", number.encode())}


def open_numbers(sealer: Sealer, sealed: Mapping[UUID, bytes]) -> dict[UUID, str]:
    """Return the numbers by appeal id. Raises SealError."""
    return {appeal_id: sealer.open("external_number", appeal_id, "number", number).decode() for appeal_id, number in sealed.items()}


async def release(work: UnitOfWork, appeal_ids: Sequence[UUID]) -> None:
    """Release the numbers of appeals that were not registered after all."""
    if appeal_ids:
        await repository.delete_external_numbers(work.session, appeal_ids)


async def claim(work: UnitOfWork, rows: Sequence[ExternalNumberRow]) -> Mapping[UUID, ExternalNumberKnown]:
    """Claim numbers; return the refusals by appeal id. A refusal names the registration number of the appeal that has the number."""
    if not rows:
        return {}
    claimed = await repository.claim_external_numbers(work.session, rows)
    refused = [row for row in rows if row["appeal_id"] not in claimed]
    known = await repository.numbers_by_external_key(work.session, [row["key"] for row in refused]) if refused else {}
    return {row["appeal_id"]: ExternalNumberKnown(known.get(row["key"])) for row in refused}
