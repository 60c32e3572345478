"""The audit log of reads: who was given whose content, and for which purpose."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register import repository
from intake.register.models import ContentRead
from shared.service import Parts


async def record_read(
    session: AsyncSession,
    parts: Parts,
    *,
    reader: str,
    purpose: str,
    ids: Iterable[UUID],
    on_behalf_of: str | None = None,
    about: bytes | None = None,
) -> None:
    """Record one read in the transaction.

    `reader`: the subject of the reader's token. `ids`: what was read. `about`: the keyed hash of the person whose record another register
    was asked for; None: `ids` names what was read.
    """
    await repository.add_content_read(
        session,
        ContentRead(
            id=parts.ids.new(),
            at=parts.clock.now(),
            reader=reader,
            on_behalf_of=on_behalf_of,
            purpose=purpose,
            ids=[str(each) for each in ids],
            about=about,
        ),
    )
