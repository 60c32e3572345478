"""Uploads of appeals' files, from their first byte to the accepted file."""

from collections.abc import AsyncIterable
from typing import Any, Self

from intake.attachments.models import Attachment
from intake.attachments.repository import FILES
from intake.attachments.service.storing import Attachments, UploadTicket
from intake.settings import Settings
from shared.errors import NotFound
from shared.files import errors as attachment_errors
from shared.files.connection import Run, run_to_end
from shared.files.inspector import Inspected
from shared.files.receiving import FileReceiver, storage_of
from shared.service import Parts


class Uploads(FileReceiver[Attachment]):
    """Receives, inspects and deletes uploads; one instance per process. Call it while no unit of work is open."""

    def __init__(self, parts: Parts[Any], settings: Settings, attachments: Attachments) -> None:
        super().__init__(parts, settings, FILES, attachments)
        self.attachments = attachments

    @classmethod
    def build(cls, parts: Parts[Any], settings: Settings) -> Self:
        """Return the uploads of this process. Raises what `open_store` raises."""
        return cls(parts, settings, Attachments(storage_of(settings), parts.sealer, parts.pepper))

    async def begin(self, owner: bytes | None, *, name: str | None, media_type: str | None, length: int | None) -> UploadTicket:
        """Begin an upload. Raises what `Attachments.begin_upload` raises."""
        async with self._units.write() as work:
            return await self.attachments.begin_upload(work, owner, name=name, media_type=media_type, length=length)

    async def find(self, ticket: UploadTicket) -> Attachment:
        """Return an upload. Raises NotFound for an unknown id and for a wrong secret."""
        async with self._units.read() as work:
            return await self.attachments.find_upload(work, ticket)

    async def append(
        self, ticket: UploadTicket, offset: int, data: AsyncIterable[bytes], *, run: Run[Inspected] = run_to_end
    ) -> Attachment:
        """Append data at `offset`. With its last byte the file is inspected and accepted. If `data` raises, the upload is unchanged.

        `run` awaits the inspection; if it is cancelled, or no process is free, the same call without bytes repeats the inspection.
        Raises NotFound, OffsetMismatch, TooLarge, TooManyPieces, UploadsFull, ChecksBusy, Unavailable, and `attachment_errors.REFUSALS`: a
        refused file is deleted.
        """
        async with self._units.read() as work:
            row, most = await self.attachments.next_piece(work, ticket, offset)
        piece, size = await self._write(row, data, most)
        try:
            async with self._units.write() as work:
                row = await self.attachments.add_piece(work, ticket, offset, piece, size)
        except attachment_errors.OffsetMismatch:
            await self._objects.drop_object(piece)
            raise
        if not size:
            await self._objects.drop_object(piece)
        return await self._accept(row, run) if row.size == row.length else row

    async def store(
        self,
        data: AsyncIterable[bytes],
        owner: bytes | None,
        *,
        name: str | None,
        media_type: str | None,
        run: Run[Inspected] = run_to_end,
    ) -> UploadTicket:
        """Receive, inspect and accept a whole file. Raises what `receive` and `accept` raise."""
        ticket = await self.receive(data, owner, name=name, media_type=media_type)
        await self.accept(ticket, run=run)
        return ticket

    async def receive(self, data: AsyncIterable[bytes], owner: bytes | None, *, name: str | None, media_type: str | None) -> UploadTicket:
        """Receive a whole file without accepting it. On any error nothing is stored. Raises what `begin` and `append` raise."""
        ticket = await self.begin(owner, name=name, media_type=media_type, length=None)
        try:
            await self.append(ticket, 0, data)
        except BaseException:
            await self._drop([ticket.upload_id])
            raise
        return ticket

    async def accept(self, ticket: UploadTicket, *, run: Run[Inspected] = run_to_end) -> None:
        """Inspect and accept a received file. On any error the file is deleted. Raises NotFound and what `append` raises."""
        try:
            await self._accept(await self.find(ticket), run)
        except BaseException:
            await self._drop([ticket.upload_id])
            raise

    async def cancel(self, ticket: UploadTicket) -> None:
        """Delete an upload. Raises NotFound, also for a claimed file, which belongs to an appeal."""
        if (await self.find(ticket)).appeal_id is not None:
            raise NotFound
        await self._drop([ticket.upload_id])
