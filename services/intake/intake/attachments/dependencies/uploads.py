"""Uploads from their first byte to the accepted file, and the deletion of those that nobody claims."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any, Final, Self
from uuid import UUID

from intake.attachments import errors as attachment_errors
from intake.attachments import repository
from intake.attachments.errors import AttachmentRefused, ChecksBusy
from intake.attachments.models import Attachment
from intake.attachments.policy import kinds
from intake.attachments.service.connection import Run, run_to_end
from intake.attachments.service.inspector import FileToInspect, Inspected, Inspector
from intake.attachments.service.names import safe_name
from intake.attachments.service.scan_queue import ScanQueue
from intake.attachments.service.scanning import Clamd
from intake.attachments.service.storage import CHUNK, ObjectStorage, open_store, plain_chunks
from intake.attachments.service.storing import Attachments, UploadTicket
from intake.settings import Settings
from shared.errors import NotFound, Unavailable
from shared.ids import Ids
from shared.service import Parts
from shared.unit_of_work import UnitsOfWork

BATCH: Final = 20  # unclaimed files that are deleted at a time


class Uploads:
    """Receives, inspects and deletes uploads; one instance per process. Call it while no unit of work is open.

    It has several units of work: none is open while bytes are received, stored or inspected.
    """

    def __init__(self, units: UnitsOfWork, ids: Ids, attachments: Attachments, inspector: Inspector, scans: ScanQueue) -> None:
        self.attachments = attachments
        self.inspector = inspector
        self.scans = scans
        self._objects = attachments.objects
        self._units = units
        self._ids = ids

    @classmethod
    def build(cls, parts: Parts[Any], settings: Settings) -> Self:
        """Return the uploads of this process. Raises what `open_store` raises."""
        objects = ObjectStorage(open_store(settings.objects_url, settings.data))
        attachments = Attachments(objects, parts.sealer, parts.pepper)
        inspector = Inspector(attachments.policy.limits)
        parts.last_steps.append(inspector.close)
        scanner = Clamd(settings.clamd) if settings.clamd else None
        scans = ScanQueue(parts, scanner, attachments.reader, objects.drop)
        return cls(parts.units, parts.ids, attachments, inspector, scans)

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
        piece = self._object_name(row)
        size = await self._objects.write(self.attachments.key_of(row), piece, at_most(data, most))
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

    async def purge_unclaimed(self) -> None:
        """Delete the files that nobody claimed in time."""
        while True:
            async with self._units.read() as work:
                expired = await self.attachments.expired(work, BATCH)
            if not await self._drop(expired) or len(expired) < BATCH:
                return

    async def _accept(self, row: Attachment, run: Run[Inspected]) -> Attachment:
        """Inspect a received file. A refused file is deleted. Raises what the inspection raises."""
        given = self.attachments.name_of(row)
        try:
            found = await run(self._inspected(row))
            name = safe_name(given, found.kind)
        except ChecksBusy:
            raise
        except AttachmentRefused:
            await self._drop([row.id])
            raise
        pieces = row.pieces if found.stored is None else await self._replaced(row, found.stored)
        async with self._units.write() as work:
            has_scanner = self.scans.has_scanner
            accepted = await self.attachments.accept(work, row, found.kind, pieces, name=name, has_scanner=has_scanner)
        for former, _ in row.pieces:
            if found.stored is not None:
                await self._objects.drop_object(former)
        return accepted

    async def _inspected(self, row: Attachment) -> Inspected:
        declared = kinds()[row.declared] if row.declared else None
        reader = self.attachments.reader(row)
        return await self.inspector.inspect(FileToInspect(plain_chunks(reader), reader.size, declared, row.owner))

    async def _replaced(self, row: Attachment, content: bytes) -> list[list[Any]]:
        """Store the result of the inspection in place of the file: a redrawn picture or a repaired document."""
        name = self._object_name(row)

        async def blocks() -> AsyncIterator[bytes]:
            for start in range(0, len(content), CHUNK):
                yield content[start : start + CHUNK]

        return [[name, await self._objects.write(self.attachments.key_of(row), name, blocks())]]

    def _object_name(self, row: Attachment) -> str:
        """Return a new name that begins with the id of the file, so that the objects of failed attempts are deleted with the file."""
        return f"{row.id.hex}/{self._ids.new().hex}"

    async def _drop(self, ids: Sequence[UUID]) -> bool:
        """Delete unclaimed files. Return False if the store is unavailable; `purge_unclaimed` retries then.

        The rows are marked first, so that a file that is claimed in between keeps its objects.
        """
        async with self._units.write() as work:
            dropped = await repository.drop_unclaimed(work.session, ids)
        try:
            for dropped_id in dropped:
                await self._objects.drop(dropped_id)
        except Unavailable:
            return False
        async with self._units.write() as work:
            await repository.delete_dropped(work.session, dropped)
        return True


async def at_most(data: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """Yield data up to `limit` bytes. Raises TooLarge with the first byte beyond."""
    read = 0
    async for chunk in data:
        read += len(chunk)
        if read > limit:
            raise attachment_errors.TooLarge
        yield chunk
