"""The implementation of the port `inquiries.service.ports.InquiryFiles`."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from provider_contact.attachments.schemas import InquiryIds
from provider_contact.attachments.service.answer_files import claim_files, files_of_answers
from provider_contact.attachments.service.documents import shown_documents
from provider_contact.inquiries.schemas.views import AnswerFileView
from shared.unit_of_work import UnitOfWork


class StoredInquiryFiles:
    """Claims and lists the files of answers and the shown documents, in the transaction of its caller."""

    async def claim(self, work: UnitOfWork, inquiry: InquiryIds, response_id: UUID, file_ids: Sequence[UUID]) -> None:
        """Claim uploads for an answer. Raises InvalidInput."""
        await claim_files(work, inquiry, response_id, file_ids)

    async def of_answers(self, work: UnitOfWork, response_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[AnswerFileView]]:
        """Return the files of answers by response id."""
        return await files_of_answers(work, response_ids)

    async def shown_documents(self, work: UnitOfWork, inquiry_id: UUID) -> Sequence[UUID]:
        """Return the ids of the documents that are shown with an inquiry."""
        return await shown_documents(work, inquiry_id)
