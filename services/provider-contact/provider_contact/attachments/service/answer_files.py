"""Files of providers' answers: received for an inquiry, claimed by an answer, and read by the provider and by staff."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog

from provider_contact.attachments import repository
from provider_contact.attachments.models import AnswerFile
from provider_contact.attachments.repository import FILES
from provider_contact.attachments.schemas import InquiryIds
from provider_contact.inquiries.schemas.views import AnswerFileView
from shared.auth import Principal
from shared.errors import FieldError, InvalidInput, NotFound
from shared.files.codes import AttachmentState
from shared.files.policy import kinds, policy
from shared.files.sealed import is_available, shown_name
from shared.sealing import Pepper, Sealer, SealError
from shared.unit_of_work import UnitOfWork

TABLE: Final = "answer_file"
FIELD: Final = "attachments"

log = structlog.get_logger()


def owner_of(pepper: Pepper, sender: Principal) -> bytes:
    """Return the key of the sender: the person, the system, or whoever has the one-time link."""
    return pepper.keyed_hmac("answer-file-owner", sender.identity.encode())


async def find_file(work: UnitOfWork, inquiry: InquiryIds, file_id: UUID, *, sent_only: bool) -> AnswerFile:
    """Return an accepted file of an inquiry that the reader sees. Raises NotFound.

    `sent_only`: whoever is not the provider sees what was sent with an answer alone.
    """
    row = await FILES.by_id(work.session, file_id)
    if row is None or row.kind is None or row.state == AttachmentState.DROPPED:
        raise NotFound
    if (row.inquiry_id, row.provider_id) != (inquiry.inquiry_id, inquiry.provider_id) or (sent_only and row.response_id is None):
        raise NotFound
    return row


async def file_of_appeal(work: UnitOfWork, appeal_id: UUID, file_id: UUID) -> AnswerFile:
    """Return a file that was sent with an answer about this appeal. Raises NotFound."""
    row = await FILES.by_id(work.session, file_id)
    if row is None or row.response_id is None or await repository.appeal_of(work.session, row.inquiry_id) != appeal_id:
        raise NotFound
    return row


async def waiting_files(work: UnitOfWork, inquiry_id: UUID, owner: bytes) -> list[AnswerFileView]:
    """Return the files that a sender has uploaded for an inquiry and not sent yet, oldest first."""
    return [file_view(row, work.sealer) for row in await repository.waiting_files(work.session, inquiry_id, owner)]


async def claim_files(work: UnitOfWork, inquiry: InquiryIds, response_id: UUID, file_ids: Sequence[UUID]) -> None:
    """Claim uploads of this inquiry for an answer.

    Raises InvalidInput for an upload that is given twice, unknown, another inquiry's, claimed or infected, and for too many bytes.
    """
    if not file_ids:
        return
    rows = await FILES.by_ids(work.session, set(file_ids))
    errors, seen = [], set[UUID]()
    for index, file_id in enumerate(file_ids):
        row = rows.get(file_id)
        if file_id in seen:
            errors.append(FieldError(f"{FIELD}.{index}", "given-twice", "The file is named twice."))
        elif row is None or not _may_claim(row, inquiry):
            errors.append(FieldError(f"{FIELD}.{index}", "unknown-upload", "There is no such upload for this inquiry."))
        elif row.state == AttachmentState.INFECTED:
            errors.append(FieldError(f"{FIELD}.{index}", "infected", "A virus was found in this file."))
        seen.add(file_id)
    if not errors and sum(row.size for row in rows.values()) > policy().limits.total_bytes:
        errors.append(FieldError(FIELD, "too-large", "The files together are too large."))
    if errors:
        raise InvalidInput(errors)
    for row in rows.values():
        row.response_id, row.owner = response_id, None


def _may_claim(row: AnswerFile, inquiry: InquiryIds) -> bool:
    is_own = (row.inquiry_id, row.provider_id) == (inquiry.inquiry_id, inquiry.provider_id)
    return is_own and row.response_id is None and row.kind is not None and row.state != AttachmentState.DROPPED


async def files_of_answers(work: UnitOfWork, response_ids: Collection[UUID]) -> Mapping[UUID, Sequence[AnswerFileView]]:
    """Return the files of answers by response id, oldest first; an answer without any is left out."""
    found: dict[UUID, list[AnswerFileView]] = {}
    for row in await repository.files_of_answers(work.session, response_ids) if response_ids else ():
        if row.response_id is not None:
            found.setdefault(row.response_id, []).append(file_view(row, work.sealer))
    return found


def file_view(row: AnswerFile, sealer: Sealer) -> AnswerFileView:
    """Return an accepted file; one whose name cannot be opened is listed without it, so that it does not hide the others."""
    kind = kinds()[row.kind or ""]
    try:
        name: str | None = shown_name(sealer, TABLE, row)
    except SealError:
        log.exception("a file's name cannot be opened", attachment_id=str(row.id))
        name = None
    return AnswerFileView(
        file_id=row.id,
        name=name,
        kind=kind.code,
        media_type=kind.media_types[0],
        size=row.size,
        state=row.state,
        available=is_available(row.state),
        added_at=row.created_at,
        **policy().states[row.state].as_dict(),
    )
