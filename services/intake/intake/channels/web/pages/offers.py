"""What a provider says it has solved, promises or asks for, on the page of the appeal and behind the link of a mail or SMS.

A link opens one question and nothing else of the appeal. Reading it changes nothing, so that a mail server that looks at links answers
no question. It answers once.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from intake.channels.web.pages.offer_view import WORDING, answered_state
from intake.channels.web.pages.tracking import PageResult, perform, same_origin
from intake.forms.service.draft import key_of
from intake.pages_kit import PAGES
from intake.register.codes import AnswerMethod, OfferKind
from intake.register.dependencies import IntakeDep
from intake.register.errors import AppealFinished
from intake.register.schemas.offers import OfferAnswer
from intake.register.service.offers import question_of_link
from intake.register.service.tracking import VisibleAppeal
from shared.dependencies import UnitsOfWorkDep
from shared.errors import DomainError, TooMany
from shared.forms import read_fields
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash

router = APIRouter()

ANSWERS: Final[Mapping[str, bool]] = {"yes": True, "no": False}
ANSWERED: Final = N_("Thank you, your answer is noted. You may change it for a minute.")
CHOOSE: Final = N_("Choose yes or no. The comment may have up to 2,000 characters.")
TOO_LATE: Final = N_("Your answer is noted already and cannot be changed any more. You may write a message to the Fund.")
OVER: Final = N_("This appeal is finished, and the question is closed. You may go on with the matter below.")
TOO_OFTEN: Final = N_("Too often. Please try again in an hour.")
_PRIVATE: Final = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@router.post("/track/offer", dependencies=same_origin)
async def answer_on_page(request: Request, intake: IntakeDep, units: UnitsOfWorkDep) -> HTMLResponse:
    """Answer on the page of the appeal whether an offer of a provider holds, or change the answer."""
    fields = await read_fields(request)

    async def action(seen: VisibleAppeal) -> PageResult:
        try:
            answer = _answer_in(fields)
            await intake.actions.answer_offer(seen.appeal.id, answer, key=f"offer-{answer.answer}-{key_of(fields)}")
        except (ValidationError, ValueError, KeyError):
            return PageResult(Flash(CHOOSE, "bad"), status=422, typed={"comment": fields.get("comment", "")})
        except TooMany as refusal:
            return PageResult(Flash(TOO_OFTEN, "bad"), status=refusal.status)
        except DomainError as refusal:
            return PageResult(Flash(OVER if isinstance(refusal, AppealFinished) else TOO_LATE, "warn"), status=refusal.status)
        return PageResult(Flash(ANSWERED))

    return await perform(request, intake, units, fields, action)


def _answer_in(fields: Mapping[str, str]) -> OfferAnswer:
    """Return the answer of the form. Raises KeyError, ValueError and ValidationError."""
    return OfferAnswer(
        kind=OfferKind(fields.get("kind", "")),
        offer_id=UUID(fields.get("offer", "")),
        answer=ANSWERS[fields.get("answer", "")],
        method=AnswerMethod.TRACK,
        comment=fields.get("comment") or None,
    )


@router.get("/answer/{token}")
async def question(request: Request, token: str, units: UnitsOfWorkDep) -> HTMLResponse:
    """Show the question of a link. Nothing is changed."""
    return await _question_page(request, units, token)


@router.post("/answer/{token}")
async def answer_by_link(request: Request, token: str, intake: IntakeDep, units: UnitsOfWorkDep) -> HTMLResponse:
    """Answer the question of a link, once. No cookie counts here, so a post from elsewhere can do no more than its sender."""
    fields = await read_fields(request)
    async with units.read() as work:
        asked = await question_of_link(work, token)
    yes = ANSWERS.get(fields.get("answer", ""))
    if asked is None or not asked.is_open or yes is None:
        return await _question_page(request, units, token, is_repeated=yes is not None)
    given = OfferAnswer(kind=asked.kind, offer_id=asked.offer_id, answer=yes, method=AnswerMethod.LINK)
    try:
        await intake.actions.answer_offer(asked.appeal_id, given)
    except DomainError:  # answered in the meantime
        return await _question_page(request, units, token, is_repeated=True)
    return await _question_page(request, units, token, is_new=True)


async def _question_page(
    request: Request, units: UnitsOfWork, token: str, *, is_new: bool = False, is_repeated: bool = False
) -> HTMLResponse:
    async with units.read() as work:
        asked = await question_of_link(work, token)
    status = 404 if asked is None else 409 if is_repeated and not asked.is_open else 200
    wording = WORDING[asked.kind] if asked is not None else None
    state = answered_state(asked.kind, yes=asked.answer) if asked is not None and asked.answer is not None else ""
    recipient = asked.recipient.in_(language_of(request)) if asked is not None and asked.recipient is not None else None
    page = PAGES.render(request, "question.html", status, asked=asked, wording=wording, recipient=recipient, state=state, is_new=is_new)
    page.headers.update(_PRIVATE)
    return page
