"""Calls to applicants whom no message reached: is it solved as the provider says, was the promise kept, may the provider know the name?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from intake.channels.phone.policy import call_policy
from intake.notifications.service.unreached import UnreachedOffer, unreached_offers
from intake.pages_kit import PAGES, to_sign_in
from intake.register.codes import AnswerMethod, OfferKind
from intake.register.dependencies import IntakeDep
from intake.register.schemas.offers import OfferAnswer
from intake.register.service import offer_calls, offers
from shared.auth import PagePrincipalDep, Principal, Role, check_role, require_page
from shared.dependencies import ContentsDep, UnitsOfWorkDep
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.domain.text import shows_something
from shared.errors import DomainError, NotFound
from shared.forms import read_fields
from shared.http import Cursor, CursorText
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin

PATH: Final = "/intake/questions"
LISTED: Final = 25
COMMENT_LIMIT: Final = 2000
CALLERS: Final[tuple[Role, ...]] = ("operator", "specialist", "supervisor", "head")
RESULTS: Final = {"yes": True, "no": False, "unreached": None}
MESSAGES: Final = {
    "result": N_("Choose what the applicant answered, or that nobody was reached."),
    "sure": N_("Tick that you have spoken with the applicant in person: this cannot be undone."),
    "comment": N_("The comment is too long: up to 2,000 characters."),
}

router: Final = APIRouter()
CallerDep = Annotated[Principal, Depends(require_page(*CALLERS))]


class CallWording(NamedTuple):
    """What the page of a call says by the kind of the question: its heading, what the caller says, and what a yes and a no mean."""

    question: str
    script: str
    yes: str
    no: str


WORDING: Final[Mapping[OfferKind, CallWording]] = {
    OfferKind.PROPOSAL: CallWording(
        N_("Is it solved?"),
        N_(
            "“This is the Fund. The medical organisation says that your problem is solved. Is it solved? You decide; whatever you answer "
            "does you no harm.” Do not persuade."
        ),
        N_("Yes, it is solved"),
        N_("No, it is not solved"),
    ),
    OfferKind.COMMITMENT: CallWording(
        N_("Was the promise kept?"),
        N_(
            "“This is the Fund. The medical organisation promised you something by today. Was the promise kept? If not, we take your case "
            "up again.” Do not persuade."
        ),
        N_("Yes, it was kept"),
        N_("No, it was not kept"),
    ),
    OfferKind.CONSENT: CallWording(
        N_("May they know the name?"),
        N_(
            "“This is the Fund. The medical organisation cannot answer us without knowing who appealed. May we, for this appeal, give it "
            "your name, IIN, birth date, contacts, the text of the appeal and the documents that the Fund attaches? Without your consent "
            "we do not; whatever you answer does you no harm.” Name the organisation. Do not persuade."
        ),
        N_("Yes, it may get the data"),
        N_("No, the data is not passed on"),
    ),
}


class QuestionLine(NamedTuple):
    """A question of the list."""

    href: str
    number: str
    question: str
    region: str
    until: datetime
    attempts: int
    zone: ZoneInfo
    is_unclear: bool


@router.get("/questions")
async def questions(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None) -> Response:
    """List the questions that no message brought to their applicants, or no SMS answered, the first to end first."""
    if principal.is_anonymous:
        return to_sign_in(request)
    caller = check_role(principal, *CALLERS)
    after = Cursor.decode(cursor, datetime, UUID) if cursor is not None else None
    calls = call_policy().call_back_attempts
    async with units.read() as work:
        found, total = await unreached_offers(work, caller, calls=calls, limit=LISTED + 1, after=after)
    last = found[LISTED - 1] if len(found) > LISTED else None
    return PAGES.render(
        request,
        "question_calls.html",
        questions=[_line(item, language_of(request)) for item in found[:LISTED]],
        attempts=calls,
        total=total,
        next=f"{PATH}?{urlencode({'cursor': Cursor.encode(last.answer_until, last.id)})}" if last else None,
        first=PATH if cursor else None,
    )


@router.get("/questions/{offer_id}")
async def question_page(
    request: Request, offer_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep, contents: ContentsDep
) -> Response:
    """Show a question, what the provider writes, and the number to call; every access is in the audit log."""
    if principal.is_anonymous:
        return to_sign_in(request)
    return await _show(request, offer_id, check_role(principal, *CALLERS), units, contents)


@router.post("/questions/{offer_id}", dependencies=[Depends(require_same_origin)])
async def record_answer(
    request: Request, offer_id: UUID, caller: CallerDep, intake: IntakeDep, units: UnitsOfWorkDep, contents: ContentsDep
) -> Response:
    """Record what the applicant answered in the call, or that nobody was reached."""
    sent = await read_fields(request)
    result, comment = sent.get("result", ""), sent.get("comment", "")
    wrong = {
        "result": result not in RESULTS,
        "sure": result in {"yes", "no"} and not sent.get("sure"),
        "comment": len(comment) > COMMENT_LIMIT,
    }
    if any(wrong.values()):
        errors = [(name, PAGES.text(request, MESSAGES[name])) for name, is_wrong in wrong.items() if is_wrong]
        return await _show(request, offer_id, caller, units, contents, typed=sent, errors=errors)
    yes = RESULTS[result]
    if yes is None:
        async with units.write() as work:
            await offer_calls.not_reached(work, offer_id, caller)
        return PAGES.redirect(PATH, flash="question-unreached")
    async with units.read() as work:
        offer = await offer_calls.visible_offer(work, offer_id, caller)
    text = comment if shows_something(comment) else None
    given = OfferAnswer(kind=offer.kind, offer_id=offer.id, answer=yes, method=AnswerMethod.CALL, comment=text)
    try:
        await intake.actions.answer_offer(offer.appeal_id, given)
    except NotFound:
        raise
    except DomainError:
        return PAGES.redirect(PATH, flash="question-settled")
    return PAGES.redirect(PATH, flash="question-answered")


async def _show(
    request: Request,
    offer_id: UUID,
    caller: Principal,
    units: UnitsOfWorkDep,
    contents: ContentsDep,
    *,
    typed: dict[str, str] | None = None,
    errors: list[tuple[str, str]] | None = None,
) -> Response:
    async with units.write() as work:
        found = await offer_calls.read_for_call(work, offer_id, caller)
    texts = await offers.offer_texts(contents, [found.offer], caller.subject)
    return PAGES.render(
        request,
        "question_call.html",
        422 if errors else 200,
        offer=found.offer,
        wording=WORDING[found.offer.kind],
        number=found.number,
        full_name=found.full_name,
        phone=found.phone,
        recipient=found.recipient.in_(language_of(request)) if found.recipient is not None else None,
        text=texts.get(offer_id),
        zone=regions()[found.region].timezone,
        typed=typed or {},
        errors=errors or [],
        error=dict(errors or []),
    )


def _line(item: UnreachedOffer, language: Language) -> QuestionLine:
    region = regions()[item.region]
    return QuestionLine(
        href=f"{PATH}/{item.id}",
        number=item.number,
        question=WORDING[item.kind].question,
        region=region.label.in_(language),
        until=item.answer_until,
        attempts=item.attempts,
        zone=region.timezone,
        is_unclear=item.is_unclear,
    )
