"""Published articles beside a call: they are found while the caller's question is written down, and close it when one answers it."""

from collections.abc import Mapping
from typing import Final

from fastapi import APIRouter, Request, Response

from intake.channels.phone.pages.screen import (
    OWN_SITE,
    PATH,
    CallRequestDep,
    Offered,
    SignedInOperatorDep,
    blank_form,
    close_consultation,
    message_of,
    show,
)
from intake.forms.service import operator_form as call_form
from intake.pages_kit import PAGES
from intake.suggestions.dependencies import Suggester, SuggesterDep
from intake.suggestions.service import shown_ids
from shared.domain.labels import LANGUAGES, Language
from shared.forms import read_fields
from shared.web.languages import language_of

SHOWN: Final = "shown"
"""The hidden field with the ids of the articles that the operator saw."""

router: Final = APIRouter()


async def offered(request: Request, suggester: Suggester, sent: Mapping[str, str], *, asked: bool) -> Offered:
    """Return the articles for the text of the form, none for anything but a question, and those shown before."""
    shown = shown_ids(sent.get(SHOWN, ""))
    if not asked:
        return Offered(shown=shown)
    chosen = sent.get("quick.language") or sent.get("language")
    language: Language = next((each for each in LANGUAGES if each == chosen), language_of(request))
    return Offered(await suggester.suggest(sent.get("text", ""), language, call_form.kind_of(sent)), asked=True, shown=shown)


@router.post("/call/suggestions", dependencies=OWN_SITE)
async def suggestions(asked: CallRequestDep, operator: SignedInOperatorDep, suggester: SuggesterDep) -> Response:
    """Return the cards of the articles that may answer what is being written down. Its text is neither stored nor logged."""
    asked.intake.spend_preview(asked.request, operator)
    found = await offered(asked.request, suggester, await read_fields(asked.request), asked=True)
    response = PAGES.render(asked.request, "call_suggestions.html", offered=found)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post("/call/answered", dependencies=OWN_SITE)
async def answered(asked: CallRequestDep, operator: SignedInOperatorDep, suggester: SuggesterDep) -> Response:
    """Close the question that an article answered, as a consultation on the article's topic that can be taken back."""
    sent, current = await read_fields(asked.request), await asked.current_call(operator)
    found = await suggester.named(shown_ids(sent.get("article_id", "")), language_of(asked.request))
    if not found:
        return PAGES.redirect(PATH, flash="article-gone")
    if not sent.get("quick.region"):
        errors = [("quick.region", message_of(asked.request, "region"))]
        return await show(asked, operator, current, await blank_form(asked, current), errors=errors, offered=Offered(found), status=422)
    topic = found[0].topic
    return await close_consultation(asked, operator, current, {**sent, "topic": topic}, topics=[topic])
