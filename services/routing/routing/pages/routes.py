"""The desk's pages: the list beside the case, and the forms of what may be done with it, over the same use cases as the API."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json
from starlette.responses import RedirectResponse

from routing import actions, colleagues, repository, schemas, service
from routing.api import PartsHere, tools
from routing.pages import forms
from routing.pages.case import Claimed, Words, additions_of, applicant_of, case_context, words_of
from routing.pages.listing import PATH, place_of, queue_view, sees
from routing.pages.words import Reader
from shared.auth import STAFF, PagePrincipal, Principal, check_role
from shared.contents import OwnerUnavailable
from shared.domain.calendar import calendar_ends_soon
from shared.errors import Conflict, InvalidInput, NotFound
from shared.http import parse
from shared.service import Parts
from shared.visibility import visible_cases
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash, Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

HERE: Final = Path(__file__).parents[1]
WORDS_SECONDS: Final = 3  # a clerk does not wait longer for words while the rest of the case is there
PAGES: Final = Pages(
    HERE / "templates",
    locale_dirs=[HERE / "locales"],
    static_dirs=[HERE / "static"],
    assets_prefix="/routing/static",
    flashes={
        "claim": Flash(N_("The case is yours now.")),
        "assign": Flash(N_("The case was given to your colleague.")),
        "classify": Flash(N_("The correction is saved. The tier and the deadline follow from it.")),
        "escalate": Flash(N_("The case was passed to the next tier.")),
        "answer": Flash(N_("The answer is on its way to the applicant.")),
        "close": Flash(N_("The case is closed.")),
        "ask": Flash(N_("The question is on its way to the applicant.")),
        "request-completion": Flash(N_("The applicant is asked for what is missing.")),
        "return": Flash(N_("The appeal is returned.")),
        "terminate": Flash(N_("The consideration is terminated.")),
        "forward": Flash(N_("It is noted as forwarded, and the applicant is told.")),
        "redirect": Flash(N_("It is noted that the danger was passed on.")),
    },
)
_COMMANDS: Final[Mapping[str, type[schemas.Command]]] = {command.ACTION: command for command in actions.COMMANDS}


async def _clerk(request: Request, principal: PagePrincipal) -> Principal | None:
    """Who works here; None for nobody, who is shown the way to sign in. Raises Forbidden for any other role."""
    if principal.is_anonymous:
        return None
    check_role(principal, *STAFF, "admin")
    await request.app.state.colleagues.record(principal)
    return principal


Clerk = Annotated[Principal | None, Depends(_clerk)]
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])


@router.get("/desk")
async def desk(request: Request, parts: PartsHere, principal: Clerk) -> Response:
    """The list alone."""
    return await _show(request, parts, principal, None) if principal else _to_sign_in(request)


@router.get("/desk/{appeal_id}")
async def desk_case(request: Request, appeal_id: UUID, parts: PartsHere, principal: Clerk) -> Response:
    """A case beside the list. `?show=applicant` fetches and shows who filed it."""
    return await _show(request, parts, principal, appeal_id) if principal else _to_sign_in(request)


@router.get("/desk/{appeal_id}/{action}")
async def desk_form(request: Request, appeal_id: UUID, action: str) -> Response:
    """Where forms are sent to is no page: a reload, or another language chosen there, leads back to the case."""
    if action not in _COMMANDS:
        raise NotFound
    return PAGES.redirect(place_of(request.query_params).href(appeal_id, **_language_chosen(request)))


@router.post("/desk/{appeal_id}/{action}", dependencies=[Depends(require_same_origin)])
async def act(request: Request, appeal_id: UUID, action: str, parts: PartsHere, principal: Clerk) -> Response:
    """Carry out an action; what cannot be done comes back with everything that was typed."""
    if principal is None:
        return _to_sign_in(request, appeal_id)
    if action not in _COMMANDS:
        raise NotFound
    sent = await forms.read(request)
    fields = [name for name in _COMMANDS[action].model_fields if name != "expected_version"]
    form = forms.filled(action, sent, fields, keep_blank="more" in sent)
    if "more" in sent:
        form.findings = [*form.findings, forms.blank_finding(None)]
        return await _show(request, parts, principal, appeal_id, form)
    try:
        command = parse(_COMMANDS[action], to_json({"expected_version": _version(sent)} | form.body()))
        async with parts.database.write() as session:
            case = await actions.lock_case(session, principal, appeal_id)
            done = await actions.act(session, principal, case, command, tools(parts))
    except InvalidInput as error:
        form.refuse(error.errors, _reader(request, parts, principal))
        return await _show(request, parts, principal, appeal_id, form, status=error.status)
    except Conflict as error:
        form.conflict = True
        return await _show(request, parts, principal, appeal_id, form, status=error.status)
    place = place_of(request.query_params)
    still_seen = visible_cases(principal).allows(done.region, done.tier, done.provider_id)
    return PAGES.redirect(place.href(appeal_id) if still_seen else place.href(), flash=action)


def _version(sent: Mapping[str, str]) -> int | None:
    text = sent.get("expected_version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len(str(2**31)) else None


def _to_sign_in(request: Request, appeal_id: UUID | None = None) -> Response:
    here = f"{PATH}/{appeal_id}" if appeal_id else request.scope["path"]
    sent = request.scope["query_string"].decode()
    query = f"?{sent}" if sent else ""
    return RedirectResponse("/sign-in?" + urlencode({"next": here + query}), 303)


def _language_chosen(request: Request) -> dict[str, str]:
    return {"lang": language_of(request)} if "lang" in request.query_params else {}


def _reader(request: Request, parts: Parts, principal: Principal) -> Reader:
    def say(message: str, **values: object) -> str:
        return PAGES.text(request, message, **values)

    return Reader(language_of(request), say, principal.subject, parts.clock.now())


async def _show(
    request: Request,
    parts: Parts,
    principal: Principal,
    appeal_id: UUID | None,
    form: forms.Filled | None = None,
    *,
    status: int = 200,
) -> Response:
    """The page, with a form as it came back. Raises NotFound alike for a case that is not there and one that may not be seen."""
    reader, place, form = _reader(request, parts, principal), place_of(request.query_params), form or forms.Filled()
    async with parts.database.read() as session:
        queue = await queue_view(session, principal, place, reader, appeal_id)
        case = await service.read_case(session, principal, appeal_id, tools(parts)) if appeal_id else None
        told = await repository.history(session, appeal_id) if case and appeal_id else []
        may_have = await colleagues.may_have(session, case) if case and any(each.action == "assign" for each in case.next_actions) else []
        assignee = await colleagues.name_of(session, case.assignee) if case and case.assignee else None
    context: dict[str, Any] = {
        "calendar_ends": calendar_ends_soon(reader.now.date()),
        "queue": queue,
        "case": None,
        "place": sees(principal, reader),
        "form": form,
    }
    if case is not None:
        shows_applicant = request.query_params.get("show") == "applicant"
        responses = [row.data["response_id"] for row in told if "response_id" in row.data]
        claimed = await _claim(parts, case, reader, UUID(responses[-1]) if responses else None, shows_applicant=shows_applicant)
        place = place if place.tab or place.is_search else place_of({"tab": queue.tab})
        context["case"] = case_context(case, claimed, form, reader, place, assignee_name=assignee)
        context["case"]["colleagues"] = colleagues.labels(may_have, reader.language)
        form.still_possible = form.action in context["case"]["post"]
        context["kept"] = form.kept(reader) if form.action and not form.still_possible else []
    return PAGES.render(request, "desk.html", status, **context)


async def _claim(parts: Parts, case: schemas.CaseView, reader: Reader, response_id: UUID | None, *, shows_applicant: bool) -> Claimed:
    """The words that belong to the case, read from their owners on the clerk's behalf; each read is recorded by its owner.

    Nobody's identity is asked for unless it is to be shown.
    """
    owners = [_content(parts, reader, "intake", case.appeal_id, "desk" if shows_applicant else "desk-text")]
    if response_id:
        owners.append(_content(parts, reader, "provider-contact", response_id, "desk"))
    content, *responses = await asyncio.gather(*owners)
    return Claimed(
        appeal=words_of(content, case.classification.get("evidence", ())) if content is not None else Words("down"),
        applicant=(applicant_of(content, reader) if content is not None else Words("down")) if shows_applicant else None,
        response=_response(responses[0]) if responses else None,
        additions=additions_of(content, reader),
    )


async def _content(parts: Parts, reader: Reader, owner: str, of: UUID, purpose: str) -> Mapping[str, Any] | None:
    """What the owner has, empty if nothing; None if it does not answer in time."""
    try:
        async with asyncio.timeout(WORDS_SECONDS):
            found = await parts.contents.read(owner, [of], purpose=purpose, on_behalf_of=reader.subject)
    except (OwnerUnavailable, TimeoutError):
        return None
    return found.get(of) or {}


def _response(content: Mapping[str, Any] | None) -> Words:
    if content is None:
        return Words("down")
    return Words("read", text=content.get("text", ""), language=content.get("language", "")) if content.get("text") else Words("none")
