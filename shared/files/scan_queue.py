"""The queue of files that wait for the virus scanner. Several are scanned at a time; a failed scan is retried later."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, Generic, Protocol
from uuid import UUID

import structlog

from shared.errors import Unavailable
from shared.files.codes import AttachmentState
from shared.files.repository import FileT, FileTable
from shared.files.scanning import NotScanned, ScannerUnavailable
from shared.files.storage import SealedReader, plain_chunks
from shared.sealing import SealError
from shared.service import Parts

AT_ONCE: Final = 4  # files scanned at the same time; clamd's own default is ten (MaxThreads)
RETRIES_AT_ONCE: Final = 1  # of them, retries: files that hang the scanner never occupy it completely
NEW_FILES_EVERY: Final = 1.0  # seconds between two searches for new files while others are being scanned
FIRST_RETRY: Final = timedelta(minutes=5)
LAST_RETRY: Final = timedelta(hours=24)
WAITING: Final = (AttachmentState.SCANNING, AttachmentState.UNSCANNED)

log = structlog.get_logger()


class Scanner(Protocol):
    """A virus scanner."""

    async def finds_virus(self, data: AsyncIterable[bytes]) -> bool:
        """Return whether the file has a virus. Raises ScannerUnavailable and NotScanned."""
        ...


def retry_after(attempts: int) -> timedelta:
    """Return the wait after a number of failed attempts: five minutes, doubled with each, up to a day."""
    return min(FIRST_RETRY * (1 << min(attempts - 1, 16)), LAST_RETRY)


class ScanQueue(Generic[FileT]):
    """The queue in the database. An attempt is counted before it begins, so that a file that ends the process is delayed too.

    There is no lease (`shared.leases`): the time of the next attempt is set in advance, and two scans of a file have one result.
    """

    def __init__(
        self,
        parts: Parts[Any],
        table: FileTable[FileT],
        scanner: Scanner | None,
        reader: Callable[[FileT], SealedReader],
        drop: Callable[[UUID], Awaitable[None]],
    ) -> None:
        self._parts, self._table, self.scanner = parts, table, scanner
        self._reader, self._drop = reader, drop

    @property
    def has_scanner(self) -> bool:
        return self.scanner is not None

    async def run(self) -> None:
        """Scan until no file is due, or the scanner or the store is unavailable. Without a scanner mark all files as unscanned."""
        if self.scanner is None:
            async with self._parts.units.write() as work:
                await self._table.give_up_scanning(work.session)
            return
        running: dict[asyncio.Task[bool], bool] = {}
        is_up = True
        try:
            while True:
                if is_up:
                    for row in await self._due(AT_ONCE - len(running), RETRIES_AT_ONCE - sum(running.values())):
                        running[asyncio.create_task(self._scan(self.scanner, row))] = row.scan_attempts > 1
                if not running:
                    return
                ended, _ = await asyncio.wait(running, timeout=NEW_FILES_EVERY, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    del running[task]
                    is_up = await task and is_up
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _due(self, files: int, retries: int) -> list[FileT]:
        """Return the due files with their attempt counted: at most `files`, and of them at most `retries` that failed before."""
        now = self._parts.clock.now()
        found: list[FileT] = []
        for is_retry, most in ((False, files), (True, retries)):
            limit = min(most, files - len(found))
            if limit <= 0:
                continue
            async with self._parts.units.read() as work:
                if not await self._table.due_scans(work.session, WAITING, now, is_retry=is_retry, limit=1):
                    continue
            async with self._parts.units.write() as work:
                rows = await self._table.due_scans(work.session, WAITING, now, is_retry=is_retry, limit=limit, lock=True)
                for row in rows:
                    row.scan_attempts += 1
                    row.scan_after = now + retry_after(row.scan_attempts)
            found += rows
        return found

    async def _scan(self, scanner: Scanner, row: FileT) -> bool:
        """Scan one file. Return False if the scanner or the store is unavailable; then the attempt does not count."""
        try:
            found = await scanner.finds_virus(_readable(self._reader(row)))
        except ScannerUnavailable as error:
            log.warning("the scanner is unavailable", reason=str(error))
            return await self._uncounted(row.id)
        except Unavailable:  # it was logged
            return await self._uncounted(row.id)
        except (NotScanned, SealError) as error:
            log.error(  # noqa: TRY400 - a traceback says no more
                "a file cannot be scanned",
                attachment_id=str(row.id),
                attempts=row.scan_attempts,
                again_at=_as_text(row.scan_after),
                reason=str(error) or type(error).__name__,
            )
            return True
        await self._record(row.id, AttachmentState.INFECTED if found else AttachmentState.CLEAN)
        return True

    async def _uncounted(self, attachment_id: UUID) -> bool:
        async with self._parts.units.write() as work:
            await self._table.uncount_scan(work.session, attachment_id)
        return False

    async def _record(self, attachment_id: UUID, state: AttachmentState) -> None:
        async with self._parts.units.write() as work:
            is_moved = await self._table.move(work.session, attachment_id, was=WAITING, state=state)
        if is_moved and state == AttachmentState.INFECTED:
            log.warning("a virus was found", attachment_id=str(attachment_id))
            await self._drop(attachment_id)


def _as_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


async def _readable(reader: SealedReader) -> AsyncIterator[bytes]:
    """Yield the file's bytes. Raises NotScanned if they cannot be read: that is the file's fault, not the scanner's."""
    try:
        async for chunk in plain_chunks(reader):
            yield chunk
    except (SealError, FileNotFoundError) as error:
        raise NotScanned from error
