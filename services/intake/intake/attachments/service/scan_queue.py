"""The files that wait for the virus scanner: several are scanned at a time; one that fails is tried again later."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from intake.attachments import repository
from intake.attachments.models import Attachment
from intake.attachments.service.policy import CLEAN, INFECTED, SCANNING, UNSCANNED
from intake.attachments.service.scanning import NotScanned, ScannerAway
from intake.attachments.service.storage import SealedReader, plain_chunks
from shared.errors import Unavailable
from shared.sealing import SealError
from shared.service import Parts

AT_ONCE: Final = 4  # files at the scanner; clamd's own default is ten (MaxThreads)
RETRIES_AT_ONCE: Final = 1  # of them, files that failed before: those that hang the scanner never occupy it whole
NEW_FILES_EVERY: Final = 1.0  # seconds: how often new files are searched for while others are being scanned
FIRST_RETRY: Final = timedelta(minutes=5)
LAST_RETRY: Final = timedelta(hours=24)
WAITING: Final = (SCANNING, UNSCANNED)

log = structlog.get_logger()


class Scanner(Protocol):
    async def finds(self, data: AsyncIterable[bytes]) -> bool:
        """Whether there is something in it. Raises ScannerAway and NotScanned."""
        ...


def retry_after(attempts: int) -> timedelta:
    """How long a file waits after so many failed attempts: five minutes, doubled with each, up to a day."""
    return min(FIRST_RETRY * (1 << min(attempts - 1, 16)), LAST_RETRY)


class ScanQueue:
    """The queue in the database. An attempt is counted before it begins, so that a file that ends the process is delayed too."""

    def __init__(
        self,
        parts: Parts,
        scanner: Scanner | None,
        reader: Callable[[Attachment], SealedReader],
        drop: Callable[[UUID], Awaitable[None]],
    ) -> None:
        self._parts, self.scanner = parts, scanner
        self._reader, self._drop = reader, drop

    @property
    def has_scanner(self) -> bool:
        return self.scanner is not None

    async def run(self) -> None:
        """Scan until no file is due; while the scanner or the store is away files wait. Without a scanner they are unscanned."""
        if self.scanner is None:
            async with self._parts.database.write() as session:
                await repository.give_up_waiting(session, was=SCANNING, state=UNSCANNED)
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

    async def _due(self, files: int, retries: int) -> list[Attachment]:
        """The files whose time has come, their attempt counted: at most so many, and at most so many that failed before."""
        now = self._parts.clock.now()
        found: list[Attachment] = []
        for is_retry, most in ((False, files), (True, retries)):
            limit = min(most, files - len(found))
            if limit <= 0:
                continue
            async with self._parts.database.read() as session:
                if not await repository.due_scans(session, WAITING, now, is_retry=is_retry, limit=1):
                    continue
            async with self._parts.database.write() as session:
                rows = await repository.due_scans(session, WAITING, now, is_retry=is_retry, limit=limit, lock=True)
                for row in rows:
                    row.scan_attempts += 1
                    row.scan_after = now + retry_after(row.scan_attempts)
            found += rows
        return found

    async def _scan(self, scanner: Scanner, row: Attachment) -> bool:
        """Scan one file. False: the scanner or the store is away, which is not the file's fault; its attempt does not count."""
        try:
            found = await scanner.finds(_readable(self._reader(row)))
        except ScannerAway as away:
            log.warning("the scanner is away", reason=str(away))
            return await self._uncounted(row.id)
        except Unavailable:  # it was logged
            return await self._uncounted(row.id)
        except (NotScanned, SealError) as error:
            log.error(  # noqa: TRY400 - a traceback says no more
                "a file cannot be scanned",
                attachment_id=str(row.id),
                attempts=row.scan_attempts,
                again_at=_shown(row.scan_after),
                reason=str(error) or type(error).__name__,
            )
            return True
        await self._judge(row.id, INFECTED if found else CLEAN)
        return True

    async def _uncounted(self, attachment_id: UUID) -> bool:
        async with self._parts.database.write() as session:
            await repository.uncount_scan(session, attachment_id)
        return False

    async def _judge(self, attachment_id: UUID, state: str) -> None:
        async with self._parts.database.write() as session:
            is_moved = await repository.move_attachment(session, attachment_id, was=WAITING, state=state)
        if is_moved and state == INFECTED:
            log.warning("a virus was found", attachment_id=str(attachment_id))
            await self._drop(attachment_id)


def _shown(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


async def _readable(reader: SealedReader) -> AsyncIterator[bytes]:
    """What cannot be read is this file's fault, not the scanner's."""
    try:
        async for chunk in plain_chunks(reader):
            yield chunk
    except (SealError, FileNotFoundError) as error:
        raise NotScanned from error
