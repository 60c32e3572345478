"""Files of appeals: uploaded in pieces, inspected, stored encrypted, scanned, claimed by an appeal and downloaded.

An upload belongs to nobody at first: whoever has its id and secret continues it and claims it for an appeal. Unclaimed files are deleted
after `kept_hours`.
"""

import hmac
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.attachments import repository
from intake.attachments.models import Attachment, AttachmentState
from intake.attachments.service import policy, quota
from intake.attachments.service.connection import Run, run_to_end
from intake.attachments.service.inspector import FileToInspect, Inspected, Inspector
from intake.attachments.service.names import safe_name
from intake.attachments.service.policy import AttachmentRefused, ChecksBusy, FileKind, kinds
from intake.attachments.service.scan_queue import ScanQueue
from intake.attachments.service.scanning import Clamd
from intake.attachments.service.storage import CHUNK, ObjectStorage, SealedReader, new_key, open_store, plain_chunks
from intake.register.service.ports import AttachedFile
from intake.settings import Settings
from shared.domain.labels import Label
from shared.errors import NotFound, Unavailable
from shared.service import Parts

TABLE: Final = "attachment"
TOKEN_BYTES: Final = 24
BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class UploadTicket:
    """The id of an upload and its secret, with which its sender continues and claims it."""

    upload_id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file of an appeal with its name, for those who may see the appeal."""

    attachment_id: UUID
    message_id: UUID | None
    name: str
    kind: FileKind
    size: int
    state: AttachmentState
    added_at: datetime

    @property
    def state_label(self) -> Label:
        return policy.policy().states[self.state]


class Attachments:
    """The files of intake; one instance per process."""

    def __init__(self, parts: Parts, settings: Settings) -> None:
        self.policy = policy.policy()
        kinds()
        self._parts = parts
        self._objects = ObjectStorage(open_store(settings.objects_url, settings.data))
        self.inspector = Inspector(self.policy.limits)
        parts.last_steps.append(self.inspector.close)
        scanner = Clamd(settings.clamd) if settings.clamd else None
        self.scans = ScanQueue(parts, scanner, self._reader, self._objects.drop)

    # Receiving

    async def begin_upload(self, owner: bytes | None, *, name: str | None, media_type: str | None, length: int | None) -> UploadTicket:
        """Begin an upload in its own transaction. Raises what `add_upload` raises."""
        async with self._parts.units.write() as work:
            return await self.add_upload(work.session, owner, name=name, media_type=media_type, length=length)

    async def add_upload(
        self, session: AsyncSession, owner: bytes | None, *, name: str | None, media_type: str | None, length: int | None
    ) -> UploadTicket:
        """Begin an upload of `length` bytes, if its size is known. `owner`: see `quota.owner_of`.

        Raises Empty, TooLarge, TypeNotAllowed, UnclaimedTooMany and UploadsFull.
        """
        if length == 0:
            raise policy.Empty
        if (length or 0) > self.policy.limits.file_bytes:
            raise policy.TooLarge
        declared = policy.declared_kind(media_type)
        ticket = UploadTicket(self._parts.ids.new(), secrets.token_urlsafe(TOKEN_BYTES))
        row = Attachment(
            id=ticket.upload_id,
            appeal_id=None,
            message_id=None,
            state=AttachmentState.RECEIVING,
            declared=declared.code if declared else None,
            kind=None,
            length=length,
            size=0,
            pieces=[],
            key=self._sealed(ticket.upload_id, "key", new_key()),
            name=self._sealed(ticket.upload_id, "name", name.encode("utf-8", "replace")[:4096]) if name else None,
            token=self._hashed(ticket),
            owner=owner,
            created_at=self._parts.clock.now(),
            scan_attempts=0,
            scan_after=None,
        )
        limits = self.policy.limits
        await quota.check_all(session, limits)
        if owner is not None:
            await quota.check_owner(session, limits, owner, length or limits.file_bytes)
        await repository.add_attachment(session, row)
        return ticket

    async def find_upload(self, ticket: UploadTicket) -> Attachment:
        """Return an upload. Raises NotFound for an unknown id and for a wrong secret."""
        async with self._parts.units.read() as work:
            return self._entitled(await repository.attachment_by_id(work.session, ticket.upload_id), ticket)

    async def append(
        self, ticket: UploadTicket, offset: int, data: AsyncIterable[bytes], *, run: Run[Inspected] = run_to_end
    ) -> Attachment:
        """Append data at `offset`. With its last byte the file is inspected and accepted. If `data` raises, the upload is unchanged.

        `run` awaits the inspection; if it is cancelled, or no process is free, the same call without bytes repeats the inspection.
        Raises NotFound, OffsetMismatch, TooLarge, TooManyPieces, UploadsFull, ChecksBusy, Unavailable, and `policy.REFUSALS`: a
        refused file is deleted.
        """
        async with self._parts.units.read() as work:
            row = self._entitled(await repository.attachment_by_id(work.session, ticket.upload_id), ticket)
            await quota.check_all(work.session, self.policy.limits)
        if row.state != AttachmentState.RECEIVING or offset != row.size:
            raise policy.OffsetMismatch(offset=row.size)
        if len(row.pieces) >= self.policy.limits.pieces:
            raise policy.TooManyPieces
        most = row.length if row.length is not None else self.policy.limits.file_bytes
        piece = f"{row.id.hex}/{self._parts.ids.new().hex}"
        size = await self._objects.write(self._key(row), piece, at_most(data, most - offset))
        row = await self._appended(ticket, offset, piece, size)
        return await self._accept(row, run) if row.size == row.length else row

    async def _appended(self, ticket: UploadTicket, offset: int, piece: str, size: int) -> Attachment:
        async with self._parts.units.write() as work:
            row = self._entitled(await repository.attachment_by_id(work.session, ticket.upload_id, lock=True), ticket)
            is_next = row.state == AttachmentState.RECEIVING and row.size == offset
            if is_next and size:
                row.pieces = [*row.pieces, [piece, size]]
                row.size += size
        if not (is_next and size):
            await self._objects.drop_object(piece)
        if not is_next:
            raise policy.OffsetMismatch(offset=row.size)
        return row

    async def store_upload(
        self,
        data: AsyncIterable[bytes],
        owner: bytes | None,
        *,
        name: str | None,
        media_type: str | None,
        run: Run[Inspected] = run_to_end,
    ) -> UploadTicket:
        """Receive, inspect and accept a whole file. Raises what `receive_upload` and `accept_upload` raise."""
        ticket = await self.receive_upload(data, owner, name=name, media_type=media_type)
        await self.accept_upload(ticket, run=run)
        return ticket

    async def receive_upload(
        self, data: AsyncIterable[bytes], owner: bytes | None, *, name: str | None, media_type: str | None
    ) -> UploadTicket:
        """Receive a whole file without accepting it. On any error nothing is stored. Raises what `add_upload` and `append` raise."""
        ticket = await self.begin_upload(owner, name=name, media_type=media_type, length=None)
        try:
            await self.append(ticket, 0, data)
        except BaseException:
            await self._drop([ticket.upload_id])
            raise
        return ticket

    async def accept_upload(self, ticket: UploadTicket, *, run: Run[Inspected] = run_to_end) -> None:
        """Inspect and accept a received file. On any error the file is deleted. Raises NotFound and what `append` raises."""
        try:
            await self._accept(await self.find_upload(ticket), run)
        except BaseException:
            await self._drop([ticket.upload_id])
            raise

    async def cancel(self, ticket: UploadTicket) -> None:
        """Delete an upload. Raises NotFound, also for a claimed file, which belongs to an appeal."""
        if (await self.find_upload(ticket)).appeal_id is not None:
            raise NotFound
        await self._drop([ticket.upload_id])

    async def _accept(self, row: Attachment, run: Run[Inspected]) -> Attachment:
        """Inspect a received file. A refused file is deleted. Raises what the inspection raises."""
        given = self._parts.sealer.open(TABLE, row.id, "name", row.name).decode() if row.name else None
        try:
            found = await run(self._inspected(row))
            name = safe_name(given, found.kind)
        except ChecksBusy:
            raise
        except AttachmentRefused:
            await self._drop([row.id])
            raise
        pieces = row.pieces if found.stored is None else await self._replaced(row, found.stored)
        async with self._parts.units.write() as work:
            accepted = await repository.attachment_by_id(work.session, row.id, lock=True)
            if accepted is None or accepted.state != AttachmentState.RECEIVING:  # another request of the sender has accepted it
                raise policy.OffsetMismatch(offset=row.size)
            accepted.kind, accepted.name = found.kind.code, self._sealed(row.id, "name", name.encode())
            accepted.pieces, accepted.size = pieces, sum(size for _, size in pieces)
            accepted.state = AttachmentState.SCANNING if self.scans.has_scanner else AttachmentState.UNSCANNED
        for former, _ in row.pieces:
            if found.stored is not None:
                await self._objects.drop_object(former)
        return accepted

    async def _inspected(self, row: Attachment) -> Inspected:
        declared = kinds()[row.declared] if row.declared else None
        reader = self._reader(row)
        return await self.inspector.inspect(FileToInspect(plain_chunks(reader), reader.size, declared, row.owner))

    async def _replaced(self, row: Attachment, content: bytes) -> list[list[Any]]:
        """Store the result of the inspection in place of the file: a redrawn picture or a repaired document."""
        name = f"{row.id.hex}/{self._parts.ids.new().hex}"

        async def blocks() -> AsyncIterator[bytes]:
            for start in range(0, len(content), CHUNK):
                yield content[start : start + CHUNK]

        return [[name, await self._objects.write(self._key(row), name, blocks())]]

    # Claiming and downloading

    async def claim(self, session: AsyncSession, appeal_id: UUID, message_id: UUID | None, tickets: Sequence[UploadTicket]) -> list[UUID]:
        """Claim uploads for an appeal and the message they were sent with. Lock the appeal's tracking row first.

        Return the ids of the files that are new to the appeal; repeating the claim changes nothing.

        Raises NotFound, Incomplete, TooManyFiles and TotalTooLarge.
        """
        rows = await repository.attachments_by_id(session, [ticket.upload_id for ticket in tickets])
        count, total = await repository.attachment_totals(session, appeal_id)
        claimed = []
        for ticket in tickets:
            row = self._entitled(rows.get(ticket.upload_id), ticket)
            if row.appeal_id not in {None, appeal_id}:
                raise NotFound
            if row.state == AttachmentState.RECEIVING:
                raise policy.Incomplete
            if row.appeal_id is None:
                row.appeal_id, row.message_id, row.created_at = appeal_id, message_id, self._parts.clock.now()
                row.owner = None  # it counts in the appeal's limits now
                claimed.append(row.id)
                count, total = count + 1, total + row.size
        if claimed:
            self._check_totals(count, total)
        return claimed

    async def check_room(self, appeal_id: UUID) -> None:
        """Check the appeal's limits before one more file is read. Raises TooManyFiles and TotalTooLarge."""
        async with self._parts.units.read() as work:
            count, total = await repository.attachment_totals(work.session, appeal_id)
        self._check_totals(count + 1, total + 1)

    def _check_totals(self, count: int, total: int) -> None:
        if count > self.policy.limits.files:
            raise policy.TooManyFiles
        if total > self.policy.limits.total_bytes:
            raise policy.TotalTooLarge

    async def listing(self, session: AsyncSession, appeal_id: UUID) -> list[NamedFile]:
        """Return the files of an appeal and its messages, oldest first."""
        return [self._named(row) for row in await repository.attachments_of(session, [appeal_id])]

    async def open(self, appeal_id: UUID, attachment_id: UUID) -> tuple[NamedFile, AsyncIterator[bytes]]:
        """Return a file of this appeal and its bytes. Raises NotFound, NotChecked and Infected."""
        async with self._parts.units.read() as work:
            row = await repository.attachment_by_id(work.session, attachment_id)
        if row is None or row.appeal_id != appeal_id or row.kind is None:
            raise NotFound
        if row.state == AttachmentState.INFECTED:
            raise policy.Infected
        is_hidden = row.state == AttachmentState.UNSCANNED and not self.policy.shows_unscanned
        if row.state == AttachmentState.SCANNING or is_hidden:
            raise policy.NotChecked
        return self._named(row), plain_chunks(self._reader(row))

    # Jobs of the worker

    async def scan(self) -> None:
        """Scan the files that wait for the scanner."""
        await self.scans.run()

    async def purge_unclaimed(self) -> None:
        """Delete the files that nobody claimed in `kept_hours`."""
        before = self._parts.clock.now() - timedelta(hours=self.policy.limits.kept_hours)
        while True:
            async with self._parts.units.read() as work:
                expired = await repository.unclaimed_before(work.session, before, limit=BATCH)
            if not await self._drop(expired) or len(expired) < BATCH:
                return

    async def _drop(self, ids: Sequence[UUID]) -> bool:
        """Delete unclaimed files. Return False if the store is unavailable; `purge_unclaimed` retries then.

        The rows are marked first, so that a file that is claimed in between keeps its objects.
        """
        async with self._parts.units.write() as work:
            dropped = await repository.drop_unclaimed(work.session, ids)
        try:
            for dropped_id in dropped:
                await self._objects.drop(dropped_id)
        except Unavailable:
            return False
        async with self._parts.units.write() as work:
            await repository.delete_dropped(work.session, dropped)
        return True

    def scope_of(self, ticket: UploadTicket) -> str:
        """Return the scope of Idempotency-Keys: the holder of this secret, whether it is right or wrong."""
        return f"upload/{ticket.upload_id}/{self._hashed(ticket).hex()}"

    # Sealing

    def _sealed(self, row_id: UUID, field: str, value: bytes) -> bytes:
        return self._parts.sealer.seal(TABLE, row_id, field, value)

    def _key(self, row: Attachment) -> bytes:
        return self._parts.sealer.open(TABLE, row.id, "key", row.key)

    def _reader(self, row: Attachment) -> SealedReader:
        return self._objects.reader(self._key(row), row.pieces)

    def _hashed(self, ticket: UploadTicket) -> bytes:
        return self._parts.pepper.keyed_hmac("upload", f"{ticket.upload_id}/{ticket.token}".encode("utf-8", "replace"))

    def _entitled(self, row: Attachment | None, ticket: UploadTicket) -> Attachment:
        if row is None or row.token is None or not hmac.compare_digest(row.token, self._hashed(ticket)):
            raise NotFound
        return row

    def _named(self, row: Attachment) -> NamedFile:
        kind = kinds()[row.kind or ""]
        name = self._parts.sealer.open(TABLE, row.id, "name", row.name).decode() if row.name else f"document.{kind.extensions[0]}"
        return NamedFile(row.id, row.message_id, name, kind, row.size, row.state, row.created_at)


async def attached_files(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, Sequence[AttachedFile]]:
    """Return the files of appeals by appeal id, oldest first, without their names."""
    found: dict[UUID, list[AttachedFile]] = {}
    for row in await repository.attachments_of(session, appeal_ids):
        if row.appeal_id is not None:
            file = AttachedFile(row.id, row.message_id, row.kind, row.size, row.state, row.created_at)
            found.setdefault(row.appeal_id, []).append(file)
    return found


async def at_most(data: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """Yield data up to `limit` bytes. Raises TooLarge with the first byte beyond."""
    read = 0
    async for chunk in data:
        read += len(chunk)
        if read > limit:
            raise policy.TooLarge
        yield chunk
