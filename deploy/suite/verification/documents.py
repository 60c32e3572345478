"""What the checks read of the files of appeals and of providers' answers."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, select

from intake.attachments.models import Attachment
from provider_contact.attachments.models import AnswerFile
from shared.files.codes import AttachmentState
from suite.verification.directory import Rows


async def read_documents(rows: Rows) -> dict[UUID, set[str]]:
    """Return the objects of each file that must exist. A file in which a virus was found was deleted."""
    found: dict[UUID, set[str]] = {}
    for service, model, holder in (("intake", Attachment, "appeal_id"), ("provider-contact", AnswerFile, "response_id")):
        table = _table(model)
        query = select(table.c.id, table.c.pieces).where(table.c[holder].is_not(None), table.c.state != AttachmentState.INFECTED)
        found |= {file: {name for name, _ in pieces} for file, pieces in await rows(service, query)}
    return found


def _table(model: Any) -> Table:
    return cast("Table", model.__table__)  # SQLModel does not declare it
