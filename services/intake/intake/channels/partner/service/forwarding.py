"""An appeal that is another body's to answer, handed over whole to the partner who speaks for that body (АППК art. 65)."""

from typing import Final
from uuid import UUID

from intake.channels.partner import repository as partners
from intake.channels.partner.schemas import Forwarded
from intake.channels.partner.service import feed
from intake.register.service.audit import record_read
from intake.register.service.sealed_fields import open_field
from shared.auth import Principal
from shared.errors import NotFound
from shared.service import Parts

PURPOSE: Final = "forwarding"


async def read(parts: Parts, partner: Principal, appeal_id: UUID) -> Forwarded:
    """Its codes and words, audited. Raises NotFound for an appeal that was not forwarded to this partner."""
    async with parts.database.write() as session:
        found = await partners.forwarding(session, appeal_id, feed.key_of(parts, partner))
        if found is None:
            raise NotFound
        appeal, at = found
        await record_read(session, parts, reader=partner.subject, purpose=PURPOSE, ids=[appeal_id])
    codes = appeal.model_dump(
        include={"number", "received_at", "registered_at", "region", "language", "kind", "category", "topic", "provider_id"}
    )
    words = {
        name: open_field(parts.sealer, appeal.id, name, getattr(appeal, name))
        for name in ("provider_name", "text", "applicant", "particulars")
    }
    return Forwarded(appeal_id=appeal.id, forwarded_at=at, **codes, **words)
