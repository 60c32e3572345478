"""Appeals that another body has to answer: the partner of that body reads them with their content (АППК art. 65)."""

from typing import Final
from uuid import UUID

from intake.channels.partner import repository
from intake.channels.partner.schemas import Forwarded
from intake.channels.partner.service import feed
from intake.register.service.sealed_fields import open_field
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "forwarding"


async def read_forwarded(work: UnitOfWork, partner: Principal, appeal_id: UUID) -> Forwarded:
    """Return the appeal and record the read in the audit log. Raises NotFound for an appeal that was not forwarded to this partner."""
    found = await repository.forwarded_appeal(work.session, appeal_id, feed.key_of(work.pepper, partner))
    if found is None:
        raise NotFound
    appeal, at = found
    await work.audit.record(reader=partner.subject, purpose=PURPOSE, ids=[appeal_id], appeal_id=appeal_id, role=partner.role)
    codes = appeal.model_dump(
        include={"number", "received_at", "registered_at", "region", "language", "kind", "category", "topic", "provider_id"}
    )
    content = {
        name: open_field(work.sealer, appeal.id, name, getattr(appeal, name))
        for name in ("provider_name", "text", "applicant", "particulars")
    }
    return Forwarded(appeal_id=appeal.id, forwarded_at=at, **codes, **content)
