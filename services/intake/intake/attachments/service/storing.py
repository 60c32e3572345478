"""Files of appeals: uploaded in pieces, inspected, stored encrypted, scanned, claimed by an appeal and downloaded.

The steps between the transactions, in which bytes are stored and inspected, are those of `attachments.dependencies.uploads`.
An upload belongs to nobody at first: whoever has its id and secret continues it and claims it for an appeal. Unclaimed files are deleted
after `kept_hours`.
"""

import hmac
import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from intake.attachments import repository
from intake.attachments.models import Attachment
from intake.attachments.repository import FILES
from intake.register.service.ports import AttachedFile
from shared.domain.labels import Label
from shared.errors import NotFound
from shared.files import errors as attachment_errors
from shared.files import policy, quota
from shared.files.codes import AttachmentState
from shared.files.policy import FileKind, kinds
from shared.files.sealed import SealedFiles, is_available, shown_name
from shared.files.storage import ObjectStorage, plain_chunks
from shared.sealing import Pepper, Sealer, SealError
from shared.unit_of_work import UnitOfWork

log = structlog.get_logger()

TABLE: Final = "attachment"
TOKEN_BYTES: Final = 24


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


class Attachments(SealedFiles):
    """The use cases of files, each in the unit of work of its caller, and where their bytes are; one instance per process."""

    def __init__(self, objects: ObjectStorage, sealer: Sealer, pepper: Pepper) -> None:
        super().__init__(objects, sealer, TABLE)
        self._pepper = pepper

    # Receiving

    async def begin_upload(
        self, work: UnitOfWork, owner: bytes | None, *, name: str | None, media_type: str | None, length: int | None
    ) -> UploadTicket:
        """Begin an upload of `length` bytes, if its size is known. `owner`: see `quota.owner_of`.

        Raises Empty, TooLarge, TypeNotAllowed, UnclaimedTooMany and UploadsFull.
        """
        if length == 0:
            raise attachment_errors.Empty
        if (length or 0) > self.policy.limits.file_bytes:
            raise attachment_errors.TooLarge
        ticket = UploadTicket(work.ids.new(), secrets.token_urlsafe(TOKEN_BYTES))
        row = Attachment(
            id=ticket.upload_id,
            appeal_id=None,
            message_id=None,
            token=self._hashed(ticket),
            owner=owner,
            created_at=work.clock.now(),
            **self.begun(ticket.upload_id, name=name, media_type=media_type, length=length),
        )
        limits = self.policy.limits
        await quota.check_all(work.session, FILES, limits)
        if owner is not None:
            await quota.check_owner(work.session, FILES, limits, owner, length or limits.file_bytes)
        await FILES.add(work.session, row)
        return ticket

    async def find_upload(self, work: UnitOfWork, ticket: UploadTicket) -> Attachment:
        """Return an upload. Raises NotFound for an unknown id and for a wrong secret."""
        return self._entitled(await FILES.by_id(work.session, ticket.upload_id), ticket)

    async def next_piece(self, work: UnitOfWork, ticket: UploadTicket, offset: int) -> tuple[Attachment, int]:
        """Return an upload whose next piece begins at `offset`, and how many bytes the piece may have.

        Raises NotFound, OffsetMismatch, TooManyPieces and UploadsFull.
        """
        row = await self.find_upload(work, ticket)
        await quota.check_all(work.session, FILES, self.policy.limits)
        _check_offset(row, offset)
        if len(row.pieces) >= self.policy.limits.pieces:
            raise attachment_errors.TooManyPieces
        return row, (row.length if row.length is not None else self.policy.limits.file_bytes) - offset

    async def add_piece(self, work: UnitOfWork, ticket: UploadTicket, offset: int, piece: str, size: int) -> Attachment:
        """Add an object of `size` bytes to an upload; an empty one adds nothing. Raises NotFound and OffsetMismatch."""
        row = self._entitled(await FILES.by_id(work.session, ticket.upload_id, lock=True), ticket)
        _check_offset(row, offset)
        if size:
            row.pieces = [*row.pieces, [piece, size]]
            row.size += size
        return row

    # Claiming and downloading

    async def claim(self, work: UnitOfWork, appeal_id: UUID, message_id: UUID | None, tickets: Sequence[UploadTicket]) -> list[UUID]:
        """Claim uploads for an appeal and the message they were sent with. Lock the appeal's tracking row first.

        Return the ids of the files that are new to the appeal; repeating the claim changes nothing.

        Raises NotFound, Incomplete, TooManyFiles and TotalTooLarge.
        """
        rows = await FILES.by_ids(work.session, [ticket.upload_id for ticket in tickets])
        count, total = await repository.attachment_totals(work.session, appeal_id)
        claimed = []
        for ticket in tickets:
            row = self._entitled(rows.get(ticket.upload_id), ticket)
            if row.appeal_id not in {None, appeal_id}:
                raise NotFound
            if row.state == AttachmentState.RECEIVING:
                raise attachment_errors.Incomplete
            if row.appeal_id is None:
                row.appeal_id, row.message_id, row.created_at = appeal_id, message_id, work.clock.now()
                row.owner = None  # it counts in the appeal's limits now
                claimed.append(row.id)
                count, total = count + 1, total + row.size
        if claimed:
            self._check_totals(count, total)
        return claimed

    async def check_room(self, work: UnitOfWork, appeal_id: UUID) -> None:
        """Check the appeal's limits before one more file is read. Raises TooManyFiles and TotalTooLarge."""
        count, total = await repository.attachment_totals(work.session, appeal_id)
        self._check_totals(count + 1, total + 1)

    def _check_totals(self, count: int, total: int) -> None:
        if count > self.policy.limits.files:
            raise attachment_errors.TooManyFiles
        if total > self.policy.limits.total_bytes:
            raise attachment_errors.TotalTooLarge

    async def listing(self, work: UnitOfWork, appeal_id: UUID) -> list[NamedFile]:
        """Return the files of an appeal and its messages, oldest first."""
        return [self._named(row) for row in await repository.attachments_of(work.session, [appeal_id])]

    async def open(self, work: UnitOfWork, appeal_id: UUID, attachment_id: UUID) -> tuple[NamedFile, AsyncIterator[bytes]]:
        """Return a file of this appeal and its bytes, which are to be read after the unit of work is closed.

        Raises NotFound, NotChecked and Infected.
        """
        row = await FILES.by_id(work.session, attachment_id)
        if row is None or row.appeal_id != appeal_id or row.kind is None:
            raise NotFound
        if row.state == AttachmentState.INFECTED:
            raise attachment_errors.Infected
        if not is_available(row.state):
            raise attachment_errors.NotChecked
        return self._named(row), plain_chunks(self.reader(row))

    def scope_of(self, ticket: UploadTicket) -> str:
        """Return the scope of Idempotency-Keys: the holder of this secret, whether it is right or wrong."""
        return f"upload/{ticket.upload_id}/{self._hashed(ticket).hex()}"

    def _hashed(self, ticket: UploadTicket) -> bytes:
        return self._pepper.keyed_hmac("upload", f"{ticket.upload_id}/{ticket.token}".encode("utf-8", "replace"))

    def _entitled(self, row: Attachment | None, ticket: UploadTicket) -> Attachment:
        if row is None or row.token is None or not hmac.compare_digest(row.token, self._hashed(ticket)):
            raise NotFound
        return row

    def _named(self, row: Attachment) -> NamedFile:
        kind = kinds()[row.kind or ""]
        return NamedFile(row.id, row.message_id, self.shown_name(row), kind, row.size, row.state, row.created_at)


def _check_offset(row: Attachment, offset: int) -> None:
    if row.state != AttachmentState.RECEIVING or offset != row.size:
        raise attachment_errors.OffsetMismatch(offset=row.size)


async def attached_files(work: UnitOfWork, appeal_ids: Collection[UUID]) -> Mapping[UUID, Sequence[AttachedFile]]:
    """Return the files of appeals by appeal id, oldest first."""
    found: dict[UUID, list[AttachedFile]] = {}
    for row in await repository.attachments_of(work.session, appeal_ids):
        if row.appeal_id is not None:
            found.setdefault(row.appeal_id, []).append(_attached(row, work.sealer))
    return found


def _attached(row: Attachment, sealer: Sealer) -> AttachedFile:
    """Return a file; one whose name cannot be opened is listed without it, so that it does not hide the others."""
    kind = kinds()[row.kind or ""]
    try:
        name = shown_name(sealer, TABLE, row)
    except SealError:
        log.exception("a file's name cannot be opened", attachment_id=str(row.id))
        name = None
    return AttachedFile(
        row.id, row.message_id, row.kind, row.size, row.state, row.created_at, name, kind.media_types[0], is_available(row.state)
    )
