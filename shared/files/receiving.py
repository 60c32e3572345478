"""Files from their first byte to the accepted file, and the deletion of those that nobody claims."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, Final, Generic
from uuid import UUID

from shared.errors import Unavailable
from shared.files import errors as attachment_errors
from shared.files.codes import AttachmentState
from shared.files.connection import Run
from shared.files.errors import AttachmentRefused, ChecksBusy
from shared.files.inspector import FileToInspect, Inspected, Inspector
from shared.files.names import safe_name
from shared.files.policy import AttachmentLimits, kinds
from shared.files.repository import FileT, FileTable
from shared.files.scan_queue import ScanQueue
from shared.files.scanning import Clamd
from shared.files.sealed import SealedFiles
from shared.files.settings import FileSettings
from shared.files.storage import CHUNK, ObjectStorage, check_store, plain_chunks, store_of
from shared.service import Parts

BATCH: Final = 20  # unclaimed files that are deleted at a time


def storage_of(settings: FileSettings) -> ObjectStorage:
    """Return the object store of these settings. Raises StoreRefused."""
    return ObjectStorage(store_of(settings))


async def check_store_of(parts: Parts[FileSettings]) -> None:
    """Raise StoreRefused if the bucket of these settings refuses this process."""
    if parts.settings.objects_url is not None:
        await check_store(store_of(parts.settings))


class FileReceiver(Generic[FileT]):
    """Receives, inspects and deletes files; one instance per process. Call it while no unit of work is open.

    It has several units of work: none is open while bytes are received, stored or inspected.
    """

    def __init__(self, parts: Parts[Any], settings: FileSettings, table: FileTable[FileT], files: SealedFiles) -> None:
        self.inspector = Inspector(files.policy.limits)
        parts.last_steps.append(self.inspector.close)
        scanner = Clamd(settings.clamd) if settings.clamd else None
        self.scans: ScanQueue[FileT] = ScanQueue(parts, table, scanner, files.reader, files.objects.drop)
        self._files = files
        self._objects = files.objects
        self._table = table
        self._units = parts.units
        self._ids = parts.ids

    @property
    def limits(self) -> AttachmentLimits:
        return self._files.policy.limits

    async def purge_unclaimed(self) -> None:
        """Delete the files that nobody claimed in time."""
        while True:
            async with self._units.read() as work:
                before = work.clock.now() - timedelta(hours=self.limits.kept_hours)
                expired = await self._table.unclaimed_before(work.session, before, limit=BATCH)
            if not await self._drop(expired) or len(expired) < BATCH:
                return

    async def _write(self, row: FileT, data: AsyncIterable[bytes], most: int) -> tuple[str, int]:
        """Store up to `most` bytes as a new object of a file. Return its name and its size. Raises TooLarge and Unavailable."""
        name = self._object_name(row)
        return name, await self._objects.write(self._files.key_of(row), name, at_most(data, most))

    async def _accept(self, row: FileT, run: Run[Inspected]) -> FileT:
        """Inspect a received file. A refused file is deleted. Raises what the inspection raises."""
        given = self._files.name_of(row)
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
            accepted = await self._table.by_id(work.session, row.id, lock=True)
            if accepted is None or accepted.state != AttachmentState.RECEIVING:  # another request of the sender has accepted it
                raise attachment_errors.OffsetMismatch(offset=row.size)
            accepted.kind, accepted.name = found.kind.code, self._files.seal(row.id, "name", name.encode())
            accepted.pieces, accepted.size = pieces, sum(size for _, size in pieces)
            accepted.state = AttachmentState.SCANNING if self.scans.has_scanner else AttachmentState.UNSCANNED
        for former, _ in row.pieces:
            if found.stored is not None:
                await self._objects.drop_object(former)
        return accepted

    async def _inspected(self, row: FileT) -> Inspected:
        declared = kinds()[row.declared] if row.declared else None
        reader = self._files.reader(row)
        return await self.inspector.inspect(FileToInspect(plain_chunks(reader), reader.size, declared, row.owner))

    async def _replaced(self, row: FileT, content: bytes) -> list[list[Any]]:
        """Store the result of the inspection in place of the file: a redrawn picture or a repaired document."""
        name = self._object_name(row)

        async def blocks() -> AsyncIterator[bytes]:
            for start in range(0, len(content), CHUNK):
                yield content[start : start + CHUNK]

        return [[name, await self._objects.write(self._files.key_of(row), name, blocks())]]

    def _object_name(self, row: FileT) -> str:
        """Return a new name that begins with the id of the file, so that the objects of failed attempts are deleted with the file."""
        return f"{row.id.hex}/{self._ids.new().hex}"

    async def _drop(self, ids: Sequence[UUID]) -> bool:
        """Delete unclaimed files. Return False if the store is unavailable; `purge_unclaimed` retries then.

        The rows are marked first, so that a file that is claimed in between keeps its objects.
        """
        async with self._units.write() as work:
            dropped = await self._table.drop_unclaimed(work.session, ids)
        try:
            for dropped_id in dropped:
                await self._objects.drop(dropped_id)
        except Unavailable:
            return False
        async with self._units.write() as work:
            await self._table.delete_dropped(work.session, dropped)
        return True


async def at_most(data: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """Yield data up to `limit` bytes. Raises TooLarge with the first byte beyond."""
    read = 0
    async for chunk in data:
        read += len(chunk)
        if read > limit:
            raise attachment_errors.TooLarge
        yield chunk
