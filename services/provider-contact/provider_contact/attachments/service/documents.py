"""Documents of an appeal that the Fund shows to the provider of an inquiry. Their names and their bytes are intake's."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from provider_contact.attachments import repository
from provider_contact.attachments.models import ShownDocument
from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.schemas import commands
from provider_contact.inquiries.service.entries import enter
from provider_contact.inquiries.service.ports import ActionContext, ActionHandler
from shared.auth import Principal
from shared.contents import Contents, FileRequest, OwnedFile
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "inquiry-document"


async def _share(context: ActionContext, command: commands.ShareDocuments) -> None:
    """Show exactly these documents from now on. Ids that are no files of the appeal show nothing: intake knows the appeal's files."""
    inquiry_id, wanted = context.inquiry.inquiry_id, list(dict.fromkeys(command.attachments))
    shown = {row.attachment_id for row in await repository.shown_documents(context.work.session, inquiry_id)}
    await repository.hide_documents(context.work.session, inquiry_id, shown - set(wanted))
    for attachment_id in wanted:
        if attachment_id not in shown:
            context.work.session.add(
                ShownDocument(
                    inquiry_id=inquiry_id, attachment_id=attachment_id, chosen_by=context.principal.subject, chosen_at=context.now
                )
            )
    enter(context, InquiryAction.SHARE_DOCUMENTS)


SHARE_DOCUMENTS: Final = ActionHandler(commands.ShareDocuments, _share)


async def shown_documents(work: UnitOfWork, inquiry_id: UUID) -> Sequence[UUID]:
    """Return the ids of the documents that are shown with an inquiry, in the order of choice."""
    return [row.attachment_id for row in await repository.shown_documents(work.session, inquiry_id)]


async def open_document(contents: Contents, appeal_id: UUID, attachment_id: UUID, principal: Principal) -> OwnedFile:
    """Return a document from intake, which checks the consent again and records the access.

    Check first that the document is shown to this person's provider. Call it while no unit of work is open.

    Raises OwnerUnavailable and FileWithheld.
    """
    asked = FileRequest(
        appeal_id=appeal_id,
        attachment_id=attachment_id,
        purpose=PURPOSE,
        on_behalf_of=principal.subject,
        role=principal.role,
    )
    return await contents.open_file("intake", asked)
