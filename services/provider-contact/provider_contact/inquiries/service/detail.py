"""An inquiry as one person reads it: what is stored here, and what intake and routing disclose to the provider that was asked."""

from uuid import UUID

from provider_contact.inquiries.codes import DisclosureLevel
from provider_contact.inquiries.policy import question_about
from provider_contact.inquiries.schemas import InquiryDetail
from provider_contact.inquiries.schemas.views import DocumentView, Question
from provider_contact.inquiries.service import reading
from provider_contact.inquiries.service.actions import Actions
from provider_contact.inquiries.service.contents import DisclosedContent, ReadStatements, RequestedText, disclosed_content, requested_text
from provider_contact.inquiries.service.disclosure import disclosed_level
from provider_contact.inquiries.service.ports import FindDeliveries
from shared.auth import Principal
from shared.contents import Contents
from shared.unit_of_work import UnitsOfWork


async def read_detail(
    units: UnitsOfWork,
    contents: Contents,
    actions: Actions,
    find_deliveries: FindDeliveries,
    read_statements: ReadStatements,
    principal: Principal,
    inquiry_id: UUID,
) -> InquiryDetail:
    """Return an inquiry with its questions, its answers and what else happened to it, for the API and the pages.

    The provider that was asked also gets the appeal's text if the applicant consented to it. Whoever else reads answers is recorded in
    the audit log. Raises NotFound. Call it while no transaction is open.
    """
    async with units.read() as work:  # closed before intake is asked: nobody holds a connection while waiting for another service
        inquiry, appeal = await reading.visible_inquiry(work, inquiry_id, principal)
        item = actions.item(work, inquiry, appeal, principal)
        answers = await reading.responses(work, inquiry, actions.files)
        shown = await actions.files.shown_documents(work, inquiry_id)
        history = await reading.history(work, inquiry, principal)
        deliveries = await find_deliveries(work, [inquiry_id])
        statements = await read_statements(work, inquiry_id)
    notified = deliveries.get(inquiry_id, ())
    is_addressee = reading.is_addressee(inquiry, principal)
    if is_addressee:  # how a body above the provider was reached is the Fund's own
        notified = [delivery for delivery in notified if delivery.body is None]
    read = reading.read_ids(answers, statements)
    if read and not is_addressee:
        async with units.write() as work:
            await reading.record_read(work, principal, read)
    label = question_about(inquiry.category)
    content, asked = DisclosedContent(documents=[DocumentView(attachment_id=each) for each in shown]), RequestedText()
    if is_addressee:
        content = await disclosed_content(contents, inquiry, appeal, principal, shown)
        if inquiry.has_text and inquiry.request_id is not None:
            asked = await requested_text(contents, inquiry.request_id, principal)
    return InquiryDetail(
        **item.model_dump(),
        question=Question(kk=label.kk, ru=label.ru, en=label.en),
        summary=reading.summary(inquiry, appeal),
        service=inquiry.service,
        department=inquiry.department,
        period_from=inquiry.period_from,
        period_to=inquiry.period_to,
        questions=reading.asked_questions(inquiry),
        responses=answers,
        deliveries=list(notified),
        proposals=list(statements.proposals),
        commitments=list(statements.commitments),
        history=history,
        request_text=asked.text,
        discloses=disclosed_level(inquiry, appeal) is not DisclosureLevel.NONE,
        text=content.text,
        applicant=content.applicant,
        documents=list(content.documents),
        content_available=content.available and asked.available,
    )
