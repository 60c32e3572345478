"""What routes and pages share of files: receiving one for an inquiry, and sending one to somebody who may see it."""

from functools import partial
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import StreamingResponse

from provider_contact.attachments.dependencies.receiving import AnswerFiles
from provider_contact.attachments.models import AnswerFile
from provider_contact.attachments.schemas import InquiryIds
from provider_contact.attachments.service.answer_files import find_file, owner_of
from provider_contact.attachments.service.documents import open_document, shown_documents
from provider_contact.inquiries.service.disclosure import names_person
from provider_contact.inquiries.service.reading import READ_PURPOSE, is_addressee, visible_inquiry
from shared.auth import Principal
from shared.contents import Contents, FileWithheld, OwnerUnavailable
from shared.errors import Conflict, DomainError, NotFound, TooMany, Unavailable
from shared.files import forms
from shared.files.connection import while_connected
from shared.files.downloads import Download
from shared.files.errors import AttachmentRefused, Lost, NotChecked
from shared.files.forms import FormWithFiles
from shared.files.passing import passed_on
from shared.files.policy import kinds
from shared.forms import Part
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Pages

TOO_MANY = N_("Too many files come from you just now. Add the rest in a minute.")
NOT_NOW = N_("Files cannot be accepted just now. Send the answer without them, or try again in a minute.")


async def answer_files(request: Request) -> AnswerFiles:
    """Return the files of answers of this process."""
    found: AnswerFiles = request.app.state.answer_files
    return found


AnswerFilesDep = Annotated[AnswerFiles, Depends(answer_files)]


class FileAccess(NamedTuple):
    """Who read a file, for what purpose and on whose behalf, as the audit log records it."""

    reader: str
    purpose: str
    on_behalf_of: str | None = None


async def asked_inquiry(units: UnitsOfWork, inquiry_id: UUID, principal: Principal) -> InquiryIds:
    """Return an inquiry to the provider of this person. Raises NotFound for any other."""
    async with units.read() as work:
        inquiry, _ = await visible_inquiry(work, inquiry_id, principal)
    if not is_addressee(inquiry, principal):
        raise NotFound
    return inquiry


async def download_file(units: UnitsOfWork, files: AnswerFiles, principal: Principal, inquiry_id: UUID, file_id: UUID) -> StreamingResponse:
    """Return a file of an inquiry that the principal sees; the audit log records everybody who is not of the provider.

    Raises NotFound, NotChecked, Infected, Lost and Unavailable.
    """
    async with units.read() as work:
        inquiry, _ = await visible_inquiry(work, inquiry_id, principal)
        is_own = is_addressee(inquiry, principal)
        file = await find_file(work, inquiry, file_id, sent_only=not is_own)
    return await send_file(units, files, file, None if is_own else FileAccess(principal.subject, READ_PURPOSE))


async def send_file(units: UnitsOfWork, files: AnswerFiles, file: AnswerFile, access: FileAccess | None) -> StreamingResponse:
    """Return a file that the reader may see, and record the access. No unit of work is open while bytes are read.

    Raises NotChecked, Infected, Lost and Unavailable.
    """
    download = await Download.begin(file.id, files.open(file))
    if access is not None:
        async with units.write() as work:
            await work.audit.record(reader=access.reader, on_behalf_of=access.on_behalf_of, purpose=access.purpose, ids=[file.id])
    return download.response(files.shown_name(file), kinds()[file.kind or ""].media_types[0], file.size)


async def download_document(
    units: UnitsOfWork, contents: Contents, principal: Principal, inquiry_id: UUID, attachment_id: UUID
) -> StreamingResponse:
    """Return a document of the appeal that the Fund shows to this provider. Intake records the access.

    Raises NotFound, NotChecked, Lost, and Unavailable while intake does not answer.
    """
    async with units.read() as work:
        inquiry, appeal = await visible_inquiry(work, inquiry_id, principal)
        may_read = is_addressee(inquiry, principal) and names_person(inquiry, appeal)
        if not may_read or attachment_id not in await shown_documents(work, inquiry_id):
            raise NotFound
    try:
        return passed_on(await open_document(contents, inquiry.appeal_id, attachment_id, principal))
    except OwnerUnavailable:
        raise Unavailable from None
    except FileWithheld as withheld:
        known: dict[int, type[DomainError]] = {NotFound.status: NotFound, Conflict.status: NotChecked}
        raise known.get(withheld.status, Lost) from None


class _FormFiles:
    """The files of a form, uploaded for one inquiry by whoever sends the form."""

    def __init__(self, request: Request, pages: Pages, files: AnswerFiles, inquiry: InquiryIds, owner: bytes) -> None:
        self._request, self._pages, self._files, self._inquiry, self._owner = request, pages, files, inquiry, owner

    async def receive(self, part: Part) -> AnswerFile:
        """Store the bytes of a file."""
        return await self._files.receive(self._inquiry, self._owner, part.chunks, name=part.filename, media_type=part.media_type)

    async def accept(self, file: AnswerFile) -> AnswerFile:
        """Inspect a received file."""
        return await self._files.accept(file, run=partial(while_connected, self._request))

    def sentence(self, refusal: DomainError) -> str:
        """Return what the page says of a refused file."""
        if isinstance(refusal, AttachmentRefused):
            return refusal.label.in_(language_of(self._request))
        return self._pages.text(self._request, TOO_MANY if isinstance(refusal, TooMany) else NOT_NOW)


async def receive_form(
    request: Request, pages: Pages, files: AnswerFiles, inquiry: InquiryIds, sender: Principal, *, limit: int, most: int
) -> FormWithFiles[AnswerFile]:
    """Receive the form of an answer with its files, which wait until an answer claims them.

    Raises what `shared.files.forms.receive_form` raises.
    """
    owner = owner_of(request.app.state.parts.pepper, sender)
    return await forms.receive_form(request, _FormFiles(request, pages, files, inquiry, owner), limit=limit, most=most)
