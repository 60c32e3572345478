"""Files of answers from their first byte to the accepted file."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from provider_contact.attachments.models import AnswerFile
from provider_contact.attachments.repository import FILES
from provider_contact.attachments.schemas import InquiryIds
from provider_contact.attachments.service.answer_files import TABLE
from provider_contact.settings import Settings
from shared.errors import NotFound
from shared.files import errors as attachment_errors
from shared.files import quota
from shared.files.codes import AttachmentState
from shared.files.connection import Run, run_to_end
from shared.files.inspector import Inspected
from shared.files.receiving import FileReceiver, storage_of
from shared.files.sealed import SealedFiles, is_available
from shared.files.storage import plain_chunks
from shared.service import Parts


class AnswerFiles(FileReceiver[AnswerFile]):
    """Receives, inspects and deletes the files of answers; one instance per process. Call it while no unit of work is open."""

    def __init__(self, parts: Parts[Any], settings: Settings) -> None:
        self._sealed = SealedFiles(storage_of(settings), parts.sealer, TABLE)
        super().__init__(parts, settings, FILES, self._sealed)

    async def receive(
        self, inquiry: InquiryIds, owner: bytes, data: AsyncIterable[bytes], *, name: str | None, media_type: str | None
    ) -> AnswerFile:
        """Receive a whole file for an inquiry without accepting it. On any error nothing is stored.

        Raises TypeNotAllowed, UnclaimedTooMany, UploadsFull, TooLarge and Unavailable.
        """
        async with self._units.write() as work:
            file_id = work.ids.new()
            row = AnswerFile(
                id=file_id,
                inquiry_id=inquiry.inquiry_id,
                provider_id=inquiry.provider_id,
                response_id=None,
                owner=owner,
                created_at=work.clock.now(),
                **self._sealed.begun(file_id, name=name, media_type=media_type),
            )
            await quota.check_all(work.session, FILES, self.limits)
            await quota.check_owner(work.session, FILES, self.limits, owner, self.limits.file_bytes)
            await FILES.add(work.session, row)
        try:
            piece, size = await self._write(row, data, self.limits.file_bytes)
            async with self._units.write() as work:
                stored = await FILES.by_id(work.session, file_id, lock=True)
                if stored is None:
                    raise NotFound  # noqa: TRY301 - it was purged meanwhile; its object is deleted below
                stored.pieces, stored.size = [[piece, size]], size
        except BaseException:
            await self._drop([file_id])
            raise
        return stored

    async def accept(self, file: AnswerFile, *, run: Run[Inspected] = run_to_end) -> AnswerFile:
        """Inspect and accept a received file. On any error the file is deleted.

        Raises `attachment_errors.REFUSALS`, ChecksBusy and Unavailable.
        """
        try:
            return await self._accept(file, run)
        except BaseException:
            await self._drop([file.id])
            raise

    async def cancel(self, file: AnswerFile) -> None:
        """Delete a file that no answer has claimed."""
        await self._drop([file.id])

    def open(self, file: AnswerFile) -> AsyncIterator[bytes]:
        """Return the bytes of a file. Read them while no unit of work is open. Raises NotChecked and Infected."""
        if file.state == AttachmentState.INFECTED:
            raise attachment_errors.Infected
        if not is_available(file.state):
            raise attachment_errors.NotChecked
        return plain_chunks(self._sealed.reader(file))

    def shown_name(self, file: AnswerFile) -> str:
        """Return the safe name of an accepted file. Raises SealError."""
        return self._sealed.shown_name(file)
