"""The page of a one-time link: a provider reads what the Fund asks, and answers without an account.

A GET changes nothing, because mail scanners follow links. The token is in the path, so the page sends no referrer and is not stored, and
logs name the route's template alone. The link itself is the authority: no cookie counts, so a post needs no check of its origin. The
address of a document is the page's own with the document's id, so that the page names its token in no other address.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from provider_contact.attachments.dependencies import AnswerFilesDep, download_document, receive_form
from provider_contact.attachments.service.answer_files import owner_of, waiting_files
from provider_contact.attachments.service.documents import shown_documents
from provider_contact.attachments.service.lines import FILES, DocumentLine, FileLine, chosen_files, document_lines, file_lines
from provider_contact.deliveries.errors import LinkExpired, LinkUsed
from provider_contact.deliveries.models import ReplyLink
from provider_contact.deliveries.service import replies
from provider_contact.deliveries.service.answer_form import AnswerForm, FormError, answer_form, answer_of, errors_of
from provider_contact.deliveries.service.links import PATH
from provider_contact.inquiries.codes import DisclosureLevel, InquiryAction
from provider_contact.inquiries.schemas.views import AskedQuestion
from provider_contact.inquiries.service import Actions
from provider_contact.inquiries.service.contents import DisclosedContent, RequestedText, disclosed_content, requested_text
from provider_contact.inquiries.service.disclosure import allowed_level, disclosed_level
from provider_contact.inquiries.service.reading import asked_questions, history, inquiry_question, summary, visible_inquiry
from shared.contents import Contents
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.errors import InvalidInput, NotFound, Unavailable
from shared.files.errors import AttachmentRefused
from shared.files.forms import accepted_extensions, file_limits
from shared.unit_of_work import UnitsOfWork
from shared.web.languages import language_of
from shared.web.pages import Pages

SLICE: Final = Path(__file__).parent
PORTAL: Final = "/provider-contact/portal"
FORM_LIMIT: Final = 400_000  # bytes of an urlencoded form: a Cyrillic letter of the answer takes six
FIELDS_LIMIT: Final = 60
HEADERS: Final = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

PAGES: Final = Pages(SLICE / "templates", locale_dirs=[SLICE.parent / "locales"], assets_prefix="/provider-contact/static")
router = APIRouter(include_in_schema=False)


class AskedInquiry(NamedTuple):
    """What the page shows of an inquiry."""

    number: str
    question: str
    summary: str
    """What is known of the appeal without the person."""
    due_at: datetime
    zone: ZoneInfo
    overdue: bool
    is_open: bool
    """An answer is expected. A late one is stored and changes nothing."""
    returned: str | None
    """Why the Fund returned the latest answer; None: it did not."""
    questions: Sequence[AskedQuestion]
    waiting: Sequence[FileLine]
    """The files that were uploaded by this link and not sent yet."""
    asked: RequestedText
    disclosed: DisclosedContent
    documents: Sequence[DocumentLine]
    discloses: bool
    is_protected: bool
    """The category protects the applicant, whatever was consented to: nobody is asked for the name."""
    is_withheld: bool = False
    """A document was asked for that may not be opened now."""


@router.get("/v1/replies/{one_time_token}")
async def read_reply_page(
    request: Request,
    one_time_token: str,
    units: UnitsOfWorkDep,
    contents: ContentsDep,
    document: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Show what the Fund asks and the form of the answer, or what became of the link. Changes nothing.

    `document`: save this document of the appeal, which the Fund shows to the provider; one that may not be opened leads to the page.
    """
    is_withheld = False
    try:
        async with units.read() as work:
            link = await replies.open_link(work, one_time_token)
        if document is not None:
            try:
                return await _document(units, contents, link, document)
            except (NotFound, AttachmentRefused, Unavailable):
                is_withheld = True
        asked = await _asked(units, contents, link, language_of(request))
    except (NotFound, LinkUsed, LinkExpired) as ended:
        return _ended(request, ended)
    return _form(request, asked._replace(is_withheld=is_withheld), {}, [])


async def _document(units: UnitsOfWork, contents: Contents, link: ReplyLink, attachment_id: UUID) -> Response:
    """Return a shown document by the rule of the portal. Intake records the access of the link."""
    response = await download_document(units, contents, replies.bearer(link), link.inquiry_id, attachment_id)
    response.headers.update(HEADERS)
    return response


@router.post("/v1/replies/{one_time_token}")
async def answer_by_link(
    request: Request, one_time_token: str, units: UnitsOfWorkDep, contents: ContentsDep, files: AnswerFilesDep
) -> Response:
    """Store the answer of the form and use the link up. A form with errors is shown again with what was typed."""
    language, sent, attached = language_of(request), dict[str, str](), list[UUID]()
    actions: Actions = request.app.state.actions
    questions: Sequence[AskedQuestion] = []
    try:
        async with units.read() as work:
            link = await replies.open_link(work, one_time_token)
            inquiry, _ = await visible_inquiry(work, link.inquiry_id, replies.bearer(link))
            questions = asked_questions(inquiry)
        form = await receive_form(request, PAGES, files, inquiry, replies.bearer(link), limit=FORM_LIMIT, most=FIELDS_LIMIT)
        sent, attached = form.fields, [*chosen_files(form.fields), *(file.id for file in form.files)]
        if form.refused:  # nothing is sent without a file that was chosen
            return _form(request, await _asked(units, contents, link, language), sent, [], form.refused, attached)
        content = answer_of(questions, sent, language, attached)
        async with units.write() as work:
            await replies.answer(work, one_time_token, content, actions)
    except (NotFound, LinkUsed, LinkExpired) as ended:
        return _ended(request, ended)
    except InvalidInput as refused:
        return _form(request, await _asked(units, contents, link, language), sent, errors_of(refused, questions, sent), (), attached)
    response = PAGES.redirect(f"{PATH}/{one_time_token}")  # the page then says that the link was used, and what became of the answer
    response.headers.update(HEADERS)
    return response


async def _asked(units: UnitsOfWork, contents: Contents, link: ReplyLink, language: Language) -> AskedInquiry:
    """Read the inquiry of a link: what the applicant disclosed from intake, and the clerk's own question from routing."""
    bearer = replies.bearer(link)
    async with units.read() as work:  # closed before others are asked: nobody holds a connection while waiting for another service
        inquiry, appeal = await visible_inquiry(work, link.inquiry_id, bearer)
        entries = await history(work, inquiry, bearer)
        waiting = await waiting_files(work, inquiry.inquiry_id, owner_of(work.pepper, bearer))
        shown = await shown_documents(work, inquiry.inquiry_id)
    asked = RequestedText()
    disclosed = await disclosed_content(contents, inquiry, appeal, bearer, shown)
    if inquiry.has_text and inquiry.request_id is not None:
        asked = await requested_text(contents, inquiry.request_id, bearer)
    returned = [entry.text for entry in entries if entry.type == InquiryAction.RETURN]
    return AskedInquiry(
        number=appeal.number,
        question=inquiry_question(inquiry).in_(language),
        summary=getattr(summary(inquiry, appeal), language),
        due_at=inquiry.due_at,
        zone=regions()[appeal.region].timezone,
        overdue=inquiry.overdue,
        is_open=not inquiry.settled,
        returned=returned[-1] if returned and not inquiry.settled else None,
        questions=asked_questions(inquiry),
        waiting=file_lines(waiting, language, ""),
        asked=asked,
        disclosed=disclosed,
        documents=document_lines(disclosed.documents, "", "?document="),
        discloses=disclosed_level(inquiry, appeal) is not DisclosureLevel.NONE,
        is_protected=allowed_level(inquiry.category, appeal) is not DisclosureLevel.PERSON,
    )


def _form(
    request: Request,
    asked: AskedInquiry,
    sent: Mapping[str, str],
    errors: Sequence[FormError],
    refused: Sequence[str] = (),
    attached: Sequence[UUID] | None = None,
) -> Response:
    """Show the form. `refused`: messages about files that were refused; `attached`: the ticked files, None for all that wait."""
    form: AnswerForm = answer_form(asked.questions, sent, language_of(request))
    found = {error.field: PAGES.text(request, error.sentence) for error in errors}
    if refused:
        found[FILES] = " ".join(refused)
    return _page(
        request,
        "reply.html",
        422 if found else 200,
        asked=asked,
        form=form,
        errors=found,
        attached=attached,
        accepted=accepted_extensions(),
        limits=file_limits(language_of(request)),
    )


def _ended(request: Request, ended: NotFound | LinkUsed | LinkExpired) -> Response:
    """Say in plain words what became of the link."""
    return _page(
        request,
        "reply_ended.html",
        ended.status if not isinstance(ended, LinkUsed) else 200,
        used_at=ended.used_at if isinstance(ended, LinkUsed) else None,
        is_late=isinstance(ended, LinkUsed) and ended.is_late,
        expired_at=ended.expired_at if isinstance(ended, LinkExpired) else None,
        zone=regions()["KZ-00"].timezone,
    )


def _page(request: Request, template: str, status: int, **context: object) -> Response:
    """Render a page without a referrer. The link to sign in leads to the portal, so that the token is in no other address."""
    response = PAGES.render(request, template, status, portal=PORTAL, path=PORTAL, **context)
    response.headers.update(HEADERS)
    return response
