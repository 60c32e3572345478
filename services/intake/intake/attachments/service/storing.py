"""Files of appeals: received piece by piece, inspected, stored encrypted, scanned, claimed for an appeal, given out.

A file is received before it belongs to anybody: whoever has its id and secret goes on with it, and claims it for an appeal. What nobody
claims is dropped after a while.
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
from intake.attachments.models import Attachment
from intake.attachments.service import policy, quota
from intake.attachments.service.connection import Run, to_its_end
from intake.attachments.service.inspector import FileToInspect, Inspected, Inspector
from intake.attachments.service.names import safe_name
from intake.attachments.service.policy import DROPPED, INFECTED, RECEIVING, SCANNING, UNSCANNED, AttachmentRefused, ChecksBusy, Kind, kinds
from intake.attachments.service.scan_queue import ScanQueue
from intake.attachments.service.scanning import Clamd
from intake.attachments.service.storage import CHUNK, Objects, SealedReader, new_key, open_store, plain_chunks
from intake.register.service.ports import AttachedFile
from intake.settings import Settings
from shared.domain.labels import Label
from shared.errors import NotFound, Unavailable
from shared.service import Parts

TABLE: Final = "attachment"
TOKEN_BYTES: Final = 24
BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class Ticket:
    """An upload and its secret: what whoever began it shows to go on with it and to claim it."""

    upload_id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file as those entitled see it."""

    attachment_id: UUID
    message_id: UUID | None
    name: str
    kind: Kind
    size: int
    state: str
    added_at: datetime

    @property
    def sentence(self) -> Label:
        return policy.policy().states[self.state]


class Attachments:
    """The files of intake; one an app, and one in its worker."""

    def __init__(self, parts: Parts, settings: Settings) -> None:
        self.policy = policy.policy()
        kinds()
        self._parts = parts
        self._objects = Objects(open_store(settings.objects_url, settings.data))
        self.inspector = Inspector(self.policy.limits)
        parts.last_steps.append(self.inspector.close)
        scanner = Clamd(settings.clamd) if settings.clamd else None
        self.scans = ScanQueue(parts, scanner, self._reader, self._objects.drop)

    # Receiving

    async def begin(self, owner: bytes | None, *, name: str | None, media_type: str | None, length: int | None) -> Ticket:
        """`add`, in a transaction of its own. Raises what `add` raises."""
        async with self._parts.database.write() as session:
            return await self.add(session, owner, name=name, media_type=media_type, length=length)

    async def add(
        self, session: AsyncSession, owner: bytes | None, *, name: str | None, media_type: str | None, length: int | None
    ) -> Ticket:
        """A file that is going to come, of `owner` (`quota.owner_of`); `length` bytes of it, if that is known.

        Raises Empty, TooLarge, TypeNotAllowed, UnclaimedTooMany and UploadsFull.
        """
        if length == 0:
            raise policy.Empty
        if (length or 0) > self.policy.limits.file_bytes:
            raise policy.TooLarge
        declared = policy.declared_kind(media_type)
        ticket = Ticket(self._parts.ids.new(), secrets.token_urlsafe(TOKEN_BYTES))
        row = {
            "id": ticket.upload_id,
            "state": RECEIVING,
            "declared": declared.code if declared else None,
            "length": length,
            "size": 0,
            "pieces": [],
            "key": self._sealed(ticket.upload_id, "key", new_key()),
            "name": self._sealed(ticket.upload_id, "name", name.encode("utf-8", "replace")[:4096]) if name else None,
            "token": self._hashed(ticket),
            "owner": owner,
            "created_at": self._parts.clock.now(),
        }
        limits = self.policy.limits
        await quota.check_all(session, limits)
        if owner is not None:
            await quota.check_owner(session, limits, owner, length or limits.file_bytes)
        await repository.add_attachment(session, row)
        return ticket

    async def look(self, ticket: Ticket) -> Attachment:
        """An upload and how far it is. Raises NotFound for an unknown one and a wrong secret alike."""
        async with self._parts.database.read() as session:
            return self._entitled(await repository.attachment(session, ticket.upload_id), ticket)

    async def append(self, ticket: Ticket, offset: int, data: AsyncIterable[bytes], *, run: Run[Inspected] = to_its_end) -> Attachment:
        """Go on at `offset`; what `data` raises leaves the upload as it was. With its last byte the file is inspected and accepted.

        `run` awaits the inspection; if it gives up, or no process is free, the same call with no more bytes inspects the file anew.
        Raises NotFound, OffsetMismatch, TooLarge, TooManyPieces, UploadsFull, ChecksBusy, Unavailable, and `policy.REFUSALS`: a file
        refused is gone.
        """
        async with self._parts.database.read() as session:
            row = self._entitled(await repository.attachment(session, ticket.upload_id), ticket)
            await quota.check_all(session, self.policy.limits)
        if row.state != RECEIVING or offset != row.size:
            raise policy.OffsetMismatch(offset=row.size)
        if len(row.pieces) >= self.policy.limits.pieces:
            raise policy.TooManyPieces
        most = row.length if row.length is not None else self.policy.limits.file_bytes
        piece = f"{row.id.hex}/{self._parts.ids.new().hex}"
        size = await self._objects.write(self._key(row), piece, at_most(data, most - offset))
        row = await self._appended(ticket, offset, piece, size)
        return await self._accept(row, run) if row.size == row.length else row

    async def _appended(self, ticket: Ticket, offset: int, piece: str, size: int) -> Attachment:
        async with self._parts.database.write() as session:
            row = self._entitled(await repository.attachment(session, ticket.upload_id, lock=True), ticket)
            is_next = row.state == RECEIVING and row.size == offset
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
        run: Run[Inspected] = to_its_end,
    ) -> Ticket:
        """A whole file at once, inspected and accepted, for `claim`. Raises what `receive_upload` and `accept_upload` raise."""
        ticket = await self.receive_upload(data, owner, name=name, media_type=media_type)
        await self.accept_upload(ticket, run=run)
        return ticket

    async def receive_upload(self, data: AsyncIterable[bytes], owner: bytes | None, *, name: str | None, media_type: str | None) -> Ticket:
        """A whole file, for `accept_upload`. Raises what `begin` and `append` raise; whatever is raised, nothing of the file is stored."""
        ticket = await self.begin(owner, name=name, media_type=media_type, length=None)
        try:
            await self.append(ticket, 0, data)
        except BaseException:
            await self._drop([ticket.upload_id])
            raise
        return ticket

    async def accept_upload(self, ticket: Ticket, *, run: Run[Inspected] = to_its_end) -> None:
        """Inspect and accept a file that was received whole. Raises NotFound and what `append` raises; the file is gone then."""
        try:
            await self._accept(await self.look(ticket), run)
        except BaseException:
            await self._drop([ticket.upload_id])
            raise

    async def cancel(self, ticket: Ticket) -> None:
        """Raises NotFound, also for a file that was claimed: it belongs to an appeal now."""
        if (await self.look(ticket)).appeal_id is not None:
            raise NotFound
        await self._drop([ticket.upload_id])

    async def _accept(self, row: Attachment, run: Run[Inspected]) -> Attachment:
        """Inspect what came whole. Raises what the inspection raises; a file refused is gone then."""
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
        async with self._parts.database.write() as session:
            accepted = await repository.attachment(session, row.id, lock=True)
            if accepted is None or accepted.state != RECEIVING:  # another request of the sender accepted it meanwhile
                raise policy.OffsetMismatch(offset=row.size)
            accepted.kind, accepted.name = found.kind.code, self._sealed(row.id, "name", name.encode())
            accepted.pieces, accepted.size = pieces, sum(size for _, size in pieces)
            accepted.state = SCANNING if self.scans.has_scanner else UNSCANNED
        for former, _ in row.pieces:
            if found.stored is not None:
                await self._objects.drop_object(former)
        return accepted

    async def _inspected(self, row: Attachment) -> Inspected:
        declared = kinds()[row.declared] if row.declared else None
        reader = self._reader(row)
        return await self.inspector.inspect(FileToInspect(plain_chunks(reader), reader.size, declared, row.owner))

    async def _replaced(self, row: Attachment, content: bytes) -> list[list[Any]]:
        """Store what the inspection made of the file: a picture drawn anew, a document repaired."""
        name = f"{row.id.hex}/{self._parts.ids.new().hex}"

        async def blocks() -> AsyncIterator[bytes]:
            for start in range(0, len(content), CHUNK):
                yield content[start : start + CHUNK]

        return [[name, await self._objects.write(self._key(row), name, blocks())]]

    # Claiming and giving out

    async def claim(self, session: AsyncSession, appeal_id: UUID, message_id: UUID | None, tickets: Sequence[Ticket]) -> list[UUID]:
        """Make uploads the appeal's, with the message they came with; lock the appeal's tracking row first. Claimed again: nothing new.

        Returns the ids that are new to the appeal. Raises NotFound, Incomplete, TooManyFiles and TotalTooLarge.
        """
        rows = await repository.attachments_by_id(session, [one.upload_id for one in tickets])
        count, total = await repository.attachment_totals(session, appeal_id)
        claimed = []
        for ticket in tickets:
            row = self._entitled(rows.get(ticket.upload_id), ticket)
            if row.appeal_id not in {None, appeal_id}:
                raise NotFound
            if row.state == RECEIVING:
                raise policy.Incomplete
            if row.appeal_id is None:
                row.appeal_id, row.message_id, row.created_at = appeal_id, message_id, self._parts.clock.now()
                row.owner = None  # it counts among the appeal's
                claimed.append(row.id)
                count, total = count + 1, total + row.size
        if claimed:
            self._check_totals(count, total)
        return claimed

    async def check_room(self, appeal_id: UUID) -> None:
        """Before anything is read of one more file. Raises TooManyFiles and TotalTooLarge."""
        async with self._parts.database.read() as session:
            count, total = await repository.attachment_totals(session, appeal_id)
        self._check_totals(count + 1, total + 1)

    def _check_totals(self, count: int, total: int) -> None:
        if count > self.policy.limits.files:
            raise policy.TooManyFiles
        if total > self.policy.limits.total_bytes:
            raise policy.TotalTooLarge

    async def listing(self, session: AsyncSession, appeal_id: UUID) -> list[Enclosed]:
        """The files of an appeal and its messages, the oldest first, for those who may see the appeal."""
        return [self._enclosed(row) for row in await repository.attachments_of(session, [appeal_id])]

    async def open(self, appeal_id: UUID, attachment_id: UUID) -> tuple[Enclosed, AsyncIterator[bytes]]:
        """A file of this appeal and its bytes. Raises NotFound, NotChecked and Infected."""
        async with self._parts.database.read() as session:
            row = await repository.attachment(session, attachment_id)
        if row is None or row.appeal_id != appeal_id or row.kind is None:
            raise NotFound
        if row.state == INFECTED:
            raise policy.Infected
        if row.state == SCANNING or (row.state == UNSCANNED and not self.policy.shows_unscanned):
            raise policy.NotChecked
        return self._enclosed(row), plain_chunks(self._reader(row))

    # The worker's part

    async def scan(self) -> None:
        """Scan what waits for the scanner."""
        await self.scans.run()

    async def forget(self) -> None:
        """Drop what nobody claimed."""
        before = self._parts.clock.now() - timedelta(hours=self.policy.limits.kept_hours)
        while True:
            async with self._parts.database.read() as session:
                left = await repository.left_attachments(session, before, limit=BATCH)
            if not await self._drop(left) or len(left) < BATCH:
                return

    async def _drop(self, ids: Sequence[UUID]) -> bool:
        """Rows first, so that a file that is claimed meanwhile keeps its objects. False: the store is away, `forget` tries again."""
        async with self._parts.database.write() as session:
            dropped = await repository.give_up_unclaimed(session, ids, state=DROPPED)
        try:
            for one in dropped:
                await self._objects.drop(one)
        except Unavailable:
            return False
        async with self._parts.database.write() as session:
            await repository.delete_attachments(session, dropped, state=DROPPED)
        return True

    def scope_of(self, ticket: Ticket) -> str:
        """Whose Idempotency-Keys they are: those of whoever shows this secret, right or wrong."""
        return f"upload/{ticket.upload_id}/{self._hashed(ticket).hex()}"

    # Seals

    def _sealed(self, row_id: UUID, field: str, value: bytes) -> bytes:
        return self._parts.sealer.seal(TABLE, row_id, field, value)

    def _key(self, row: Attachment) -> bytes:
        return self._parts.sealer.open(TABLE, row.id, "key", row.key)

    def _reader(self, row: Attachment) -> SealedReader:
        return self._objects.reader(self._key(row), row.pieces)

    def _hashed(self, ticket: Ticket) -> bytes:
        return self._parts.pepper.keyed_hmac("upload", f"{ticket.upload_id}/{ticket.token}".encode("utf-8", "replace"))

    def _entitled(self, row: Attachment | None, ticket: Ticket) -> Attachment:
        if row is None or row.token is None or not hmac.compare_digest(row.token, self._hashed(ticket)):
            raise NotFound
        return row

    def _enclosed(self, row: Attachment) -> Enclosed:
        kind = kinds()[row.kind or ""]
        name = self._parts.sealer.open(TABLE, row.id, "name", row.name).decode() if row.name else f"document.{kind.extensions[0]}"
        return Enclosed(row.id, row.message_id, name, kind, row.size, row.state, row.created_at)


async def attached_files(session: AsyncSession, appeal_ids: Collection[UUID]) -> Mapping[UUID, Sequence[AttachedFile]]:
    """Return the files of appeals by appeal id, oldest first, without their names."""
    found: dict[UUID, list[AttachedFile]] = {}
    for row in await repository.attachments_of(session, appeal_ids):
        if row.appeal_id is not None:
            file = AttachedFile(row.id, row.message_id, row.kind, row.size, row.state, row.created_at)
            found.setdefault(row.appeal_id, []).append(file)
    return found


async def at_most(data: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    """Raises TooLarge with the first byte too many."""
    read = 0
    async for chunk in data:
        read += len(chunk)
        if read > limit:
            raise policy.TooLarge
        yield chunk
