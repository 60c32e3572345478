"""An appeal that is another body's to answer, handed over whole to the partner who speaks for that body (АППК art. 65)."""

import json
from typing import Any, Final
from uuid import UUID

from intake.channels.partner import repository as partners
from intake.channels.partner.schemas import Forwarded
from intake.channels.partner.service import feed
from intake.register import repository
from intake.register.models import Appeal
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
        read_row = {
            "id": parts.ids.new(),
            "at": parts.clock.now(),
            "reader": partner.subject,
            "on_behalf_of": None,
            "purpose": PURPOSE,
            "ids": [str(appeal_id)],
        }
        await repository.add_content_read(session, read_row)
    codes = appeal.model_dump(
        include={"number", "received_at", "registered_at", "region", "language", "kind", "category", "topic", "provider_id"}
    )
    words = {name: _opened(parts, appeal, name) for name in ("provider_name", "text", "applicant", "particulars")}
    return Forwarded(appeal_id=appeal.id, forwarded_at=at, **codes, **words)


def _opened(parts: Parts, appeal: Appeal, field: str) -> Any:
    sealed: bytes | None = getattr(appeal, field)
    if sealed is None:
        return None
    text = parts.sealer.open("appeal", appeal.id, field, sealed).decode()
    return json.loads(text) if field in {"applicant", "particulars"} else text
