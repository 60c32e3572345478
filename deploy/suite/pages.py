"""The home page and sign-in: product description, current figures, links to every part, and sign-in on one machine.

The application that includes `router` has the process's `Foundation` at `app.state.foundation` and mounts the static files of
`PAGES`.
"""

import asyncio
import tomllib
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypedDict
from uuid import UUID

import httpx
import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ValidationError

from shared.auth import InvalidToken, LocalIssuer, PagePrincipalDep, Principal, Role
from shared.auth.page_sessions import PageSessions
from shared.domain.labels import Language
from shared.domain.regions import regions
from shared.errors import NotFound, Unavailable
from shared.forms import read_fields
from shared.service import Foundation
from shared.web.doors import HOME, landing_of, may_open, work_of
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.pages import Flash, Pages
from shared.web.security import require_same_origin
from shared.web.session import ENDED, clear_session, safe_next, session_token, set_cookies, set_session
from shared.web.viewer import role_labels, show_viewer

HERE: Final = Path(__file__).parent
BAD_TOKEN: Final = N_("This token is not valid, or no longer. Ask for a new one.")
LONGEST_SESSION: Final = 86_400  # seconds: the browser deletes the cookie after a day, even if the token is valid for longer
SIGN_IN_LIMIT: Final = 16_384  # bytes: a token and an address
FIGURES_WAIT: Final = 1.0  # seconds: after this time the home page is shown without figures

PAGES: Final = Pages(
    HERE / "templates",
    locale_dirs=[HERE / "locales"],
    static_dirs=[HERE / "static"],
    assets_prefix="/static",
    flashes={
        "signed-out": Flash(N_("You are signed out.")),
        "no-role": Flash(N_("You are signed in, but you have no role in Aryz yet. Ask your administrator for one."), "warn"),
    },
)
router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
log = structlog.get_logger("home")


class DemoUser(BaseModel):
    """A fictitious user of the one-machine suite."""

    subject: str
    role: Role
    name: str
    region: str | None = None
    provider: str | None = None
    """The Russian name of the organisation for which the user answers; its id is looked up in the directory at sign-in."""


class InTime(BaseModel):
    value: float | None
    n: int


class FoundProvider(BaseModel):
    provider_id: UUID
    name_ru: str


class FoundProviders(BaseModel):
    items: list[FoundProvider]


class UserCard(TypedDict):
    """A demo user as `sign_in.html` shows it."""

    subject: str
    label: str
    role_label: str
    region_label: str


class Figures(BaseModel):
    """The live figures of analytics. `answered_in_time_30d.value` is in per cent."""

    received_today: int
    received_yesterday_by_now: int
    answered_in_time_30d: InTime
    in_progress: int
    urgent_open: int
    as_of: datetime


class SignInTrouble(NamedTuple):
    """Why a person was not signed in, and what to do."""

    status: int
    title: str
    advice: str


PROVIDER_SILENT: Final = SignInTrouble(
    503,
    N_("Signing in is not possible at the moment"),
    N_("The sign-in service does not answer. Wait a minute and try again. If it lasts, tell your administrator."),
)


@cache
def demo_users() -> Sequence[DemoUser]:
    """Return the users of demo_users.toml, in its order."""
    document = tomllib.loads((HERE / "demo_users.toml").read_text(encoding="utf-8"))
    return [DemoUser.model_validate(one) for one in document["users"]]


@router.get("/")
async def home(request: Request, principal: PagePrincipalDep) -> HTMLResponse:
    work = work_of(principal.roles)
    is_at_work = principal.is_staff or principal.has("analyst", "admin")
    figures = await _figures(_foundation(request), session_token(request)) if is_at_work else None
    is_documented = is_at_work or _foundation(request).settings.env != "production"
    return PAGES.render(request, "home.html", work=work, figures=figures, is_documented=is_documented)


@router.get("/sign-in")
async def sign_in(request: Request) -> Response:
    """Show the sign-in of this machine, or lead to the provider."""
    target = safe_next(request.query_params.get("next"))
    sessions = _foundation(request).page_sessions
    if sessions is not None:
        return await to_provider(request, sessions, target)
    _issuer(request)
    return _sign_in_page(request, target)


async def to_provider(request: Request, sessions: PageSessions, target: str) -> Response:
    """Lead to the provider, or say that it does not answer."""
    if not await sessions.provider.answers():
        log.warning("not-signed-in", reason="provider-silent")
        return not_signed_in(request, PROVIDER_SILENT, target)
    attempt, cookies = sessions.begin(target, request)
    response = RedirectResponse(sessions.provider.authorization_url(attempt, language_of(request)), 303)
    set_cookies(response, cookies, secure=is_over_tls(request))
    return response


@router.post("/sign-in", dependencies=[Depends(require_same_origin)])
async def signed_in(request: Request) -> Response:
    """Sign in as a demo user (`aryz up --demo`), or otherwise with a token printed by `aryz token`."""
    issuer, foundation = _issuer(request), _foundation(request)
    sent = await read_fields(request, limit=SIGN_IN_LIMIT)
    subject, token, destination = sent.get("subject"), sent.get("token", ""), safe_next(sent.get("next"))
    if foundation.settings.demo:
        user = next((user for user in demo_users() if user.subject == subject), None)
        if user is None:
            raise NotFound
        provider_id = await _provider_id(foundation, user.provider) if user.provider else None
        token = issuer.issue(user.role, region=user.region, provider_id=provider_id, subject=user.subject, name=user.name)
    elif subject is not None:  # a demo user was posted, but the suite has none
        raise NotFound
    try:
        principal = await foundation.tokens.verify(token)
    except InvalidToken:
        return _sign_in_page(request, destination, error=PAGES.text(request, BAD_TOKEN), status=422)
    response = PAGES.redirect(page_after_sign_in(destination, principal))
    seconds = (principal.expires_at - foundation.clock.now()).total_seconds() if principal.expires_at else 0
    set_session(response, token, min(int(seconds), LONGEST_SESSION), secure=is_over_tls(request))
    return response


@router.post("/sign-out", dependencies=[Depends(require_same_origin)])
async def sign_out(request: Request) -> RedirectResponse:
    """End the session and revoke its token, so that no copy of it works. Raises Unavailable if that cannot be stored.

    With an OIDC provider its session ends as well: the browser goes there and comes back to `/signed-out`.
    """
    foundation, token = _foundation(request), session_token(request)
    if foundation.page_sessions is not None:
        response = RedirectResponse(await foundation.page_sessions.sign_out(request, language_of(request)), 303)
        set_cookies(response, ENDED, secure=is_over_tls(request))
        return response
    if token:
        await foundation.tokens.revoke(token)
    response = PAGES.redirect("/", flash="signed-out")
    clear_session(response, secure=is_over_tls(request))
    return response


def _sign_in_page(request: Request, target: str, *, error: str | None = None, status: int = 200) -> HTMLResponse:
    users = _cards(language_of(request)) if _foundation(request).settings.demo else None
    return PAGES.render(request, "sign_in.html", status, users=users, next=target, error=error)


def not_signed_in(request: Request, trouble: SignInTrouble, target: str) -> HTMLResponse:
    """Return the page of a sign-in that failed. It leads to another attempt for the same page."""
    response = PAGES.render(request, "not_signed_in.html", trouble.status, title=trouble.title, advice=trouble.advice, next=target)
    if trouble is PROVIDER_SILENT:
        response.headers["retry-after"] = "60"
    return response


def page_after_sign_in(wanted: str, principal: Principal) -> str:
    """Return the page to show after signing in: the one that was asked for if this person may open it, otherwise the person's own."""
    path = wanted.partition("?")[0]
    return landing_of(principal.role) if path == HOME or not may_open(path, principal.roles) else wanted


def is_over_tls(request: Request) -> bool:
    return request.url.scheme == "https"


def _foundation(request: Request) -> Foundation:
    foundation: Foundation = request.app.state.foundation
    return foundation


def _issuer(request: Request) -> LocalIssuer:
    """Return the local issuer. Raises 404 if an OIDC provider authenticates users: then this page does not exist."""
    issuer = _foundation(request).issuer
    if issuer is None:
        raise NotFound
    return issuer


def _cards(language: Language) -> list[UserCard]:
    return [
        {
            "subject": user.subject,
            "label": user.name,
            "role_label": role_labels()[user.role].in_(language),
            "region_label": regions()[user.region].label.in_(language) if user.region else "",
        }
        for user in demo_users()
    ]


async def _provider_id(foundation: Foundation, name: str) -> UUID | None:
    """Return the id of the organisation with this name; None while the directory has none, or does not answer in time."""
    try:
        async with asyncio.timeout(FIGURES_WAIT):
            answer = await foundation.client_for("provider-contact").get(
                "/provider-contact/v1/providers", params={"query": name, "limit": 1}
            )
        found = FoundProviders.model_validate_json(answer.raise_for_status().content).items
    except (httpx.HTTPError, TimeoutError, ValidationError, Unavailable) as error:
        log.warning("no-demo-provider", error=type(error).__name__)
        return None
    return found[0].provider_id if found and found[0].name_ru == name else None


async def _figures(foundation: Foundation, token: str | None) -> Figures | None:
    """Return the current figures of analytics, None if it does not answer in time."""
    try:
        async with asyncio.timeout(FIGURES_WAIT):
            headers = {"Authorization": f"Bearer {token}"}
            answer = await foundation.client_for("analytics").get("/analytics/v1/live", headers=headers)
        return Figures.model_validate_json(answer.raise_for_status().content)
    except (httpx.HTTPError, TimeoutError, ValidationError, Unavailable) as error:
        log.warning("no-live-figures", error=type(error).__name__)
        return None
