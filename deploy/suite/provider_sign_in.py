"""Signing in and out at an OIDC provider: what comes back from it, by the browser and from the provider itself."""

from typing import Final

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from shared.auth.page_sessions import PageSessions
from shared.auth.provider import Attempt, InvalidLogoutToken, SignInExpired
from shared.errors import NotFound, Unavailable
from shared.forms import read_fields
from shared.web.i18n import N_
from shared.web.session import set_cookies
from shared.web.viewer import show_viewer
from suite.pages import PAGES, PROVIDER_SILENT, SignInTrouble, is_over_tls, not_signed_in, page_after_sign_in

STATE_LIMIT: Final = 200  # characters
LOGOUT_LIMIT: Final = 16_384  # bytes of a logout request

pages = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
router = APIRouter(include_in_schema=False)
log = structlog.get_logger("sign-in")


REFUSED: Final = SignInTrouble(
    403,
    N_("You were not signed in"),
    N_("The sign-in was cancelled, or your account may not use Aryz. Try again, or ask your administrator for access."),
)
EXPIRED: Final = SignInTrouble(
    400,
    N_("The sign-in has to begin again"),
    N_("It took too long, was begun in another browser, or this page was opened twice. Begin again: it takes a moment."),
)
REFUSALS: Final = frozenset({"access_denied", "interaction_required", "login_required", "consent_required", "account_selection_required"})
"""Errors of the provider that a person or an administrator caused (RFC 6749 §4.1.2.1, OpenID Connect Core 1.0 §3.1.2.6)."""
PASSING: Final = frozenset({"server_error", "temporarily_unavailable"})


@pages.get("/sign-in/callback")
async def callback(request: Request) -> Response:
    """Complete the sign-in that this browser began, and open the page that it was for."""
    sessions, query = _sessions(request), request.query_params
    state, code, error = query.get("state", ""), query.get("code", ""), query.get("error")
    issuer = sessions.provider.addresses.issuer
    attempt = sessions.attempt_of(request, state) if 0 < len(state) <= STATE_LIMIT else None
    if attempt is None or query.get("iss", issuer) != issuer:  # RFC 9207: the answer of another provider
        return _trouble(request, EXPIRED, attempt, "state")
    if error is not None:
        return _trouble(request, _of_provider(error), attempt, "provider-error")
    try:
        done = await sessions.complete(attempt, code)
    except SignInExpired:
        return _trouble(request, EXPIRED, attempt, "code")
    except Unavailable:
        return _trouble(request, PROVIDER_SILENT, attempt, "provider-silent")
    has_role = bool(done.principal.roles)
    response = PAGES.redirect(page_after_sign_in(done.next, done.principal), flash=None if has_role else "no-role")
    set_cookies(response, done.cookies, secure=is_over_tls(request))
    return response


@pages.get("/signed-out")
async def signed_out(request: Request) -> RedirectResponse:
    """Say that the session has ended, after the provider has ended its own."""
    _sessions(request)
    return PAGES.redirect("/", flash="signed-out")


@router.post("/sign-out/back-channel")
async def back_channel(request: Request) -> Response:
    """End the sessions that the provider names in a logout token (OpenID Connect Back-Channel Logout 1.0)."""
    sessions = _sessions(request)
    sent = await read_fields(request, limit=LOGOUT_LIMIT)
    try:
        await sessions.end_by_provider(sent.get("logout_token", ""))
    except InvalidLogoutToken:
        log.warning("logout-token-refused")
        return JSONResponse({"error": "invalid_request"}, 400, {"cache-control": "no-store"})
    return Response(status_code=200, headers={"cache-control": "no-store"})


router.include_router(pages)


def _sessions(request: Request) -> PageSessions:
    """Return the page sessions. Raises NotFound where nobody signs in at a provider."""
    sessions: PageSessions | None = request.app.state.foundation.page_sessions
    if sessions is None:
        raise NotFound
    return sessions


def _of_provider(error: str) -> SignInTrouble:
    if error in PASSING:
        return PROVIDER_SILENT
    return REFUSED if error in REFUSALS else EXPIRED


def _trouble(request: Request, trouble: SignInTrouble, attempt: Attempt | None, reason: str) -> Response:
    log.warning("not-signed-in", reason=reason)
    return not_signed_in(request, trouble, attempt.next if attempt else "/")
