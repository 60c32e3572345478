"""The page of parked events, which every service has: an administrator retries them after the fix, or dismisses one."""

from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from shared.auth import PagePrincipalDep, Principal, check_role, require_page
from shared.contents import OwnerUnavailable
from shared.contracts import APPEALS, fact_of
from shared.dependencies import UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.errors import NotFound
from shared.forms import read_fields
from shared.http import Cursor, CursorText
from shared.messaging import inbox
from shared.messaging.consumer import Consumer
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.pages import Flash, Pages
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

LISTED: Final = 25
PURPOSE: Final = "parked-event"
SERVICES: Final = (
    ("intake", N_("Intake")),
    ("routing", N_("Routing")),
    ("provider-contact", N_("Provider contact")),
    ("analytics", N_("Analytics")),
)
PAGES: Final = Pages(
    flashes={
        "parked-applied": Flash(N_("Applied: the event, and what waited behind it.")),
        "parked-again": Flash(N_("The event fails again and stays parked. Its cause is in the log of the service."), "warn"),
        "parked-away": Flash(N_("Another service does not answer just now. Try again in a minute."), "warn"),
        "parked-gone": Flash(N_("Nothing to do: this event is not parked any more."), "warn"),
        "parked-dismissed": Flash(N_("The event is dismissed. Retry what waited behind it.")),
        "parked-unsure": Flash(N_("Nothing was dismissed: tick that you know what is lost."), "warn"),
    }
)
AdminDep = Annotated[Principal, Depends(require_page("admin"))]
log = structlog.get_logger("parked")


def parked_pages(service: str, reader: Callable[[Any], Consumer], *, is_audited: bool) -> APIRouter:
    """Return the routes of a service's page. `reader` makes its consumer of the parts of the process; `is_audited`: it has an audit log."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
    path = f"/{service}/parked"

    @router.get("/parked")
    async def parked(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, cursor: CursorText = None) -> Response:
        """List the first parked event of each key, longest parked first."""
        if principal.is_anonymous:
            return RedirectResponse("/sign-in?" + urlencode({"next": path}), 303)
        check_role(principal, "admin")
        after: int = Cursor.decode(cursor, int)[0] if cursor is not None else 0
        async with units.read() as work:
            found, total = await inbox.parked_page(work.session, after, LISTED + 1)
        shown = found[:LISTED]
        return PAGES.render(
            request,
            "parked.html",
            events=[(event, fact_of(event.event_type or "").rpartition(".")[2], event.topic == APPEALS) for event in shown],
            total=total,
            tabs_of=[(f"/{name}/parked", label, name == service) for name, label in SERVICES],
            path_of=path,
            zone=regions()[CENTRAL_OFFICE].timezone,
            next=f"{path}?{urlencode({'cursor': Cursor.encode(shown[-1].id)})}" if len(found) > LISTED else None,
            first=path if cursor else None,
        )

    @router.post("/parked/retry", dependencies=[Depends(require_same_origin)])
    async def retry_parked(request: Request, admin: AdminDep, units: UnitsOfWorkDep) -> Response:
        """Apply the parked events of a key in order, up to one that fails again."""
        key = (await read_fields(request)).get("key", "")
        await _record(units, admin, key, is_audited=is_audited)
        try:
            applied = await reader(request.app.state.parts).replay(key)
        except OwnerUnavailable:
            return PAGES.redirect(path, flash="parked-away")
        async with units.read() as work:
            is_left = bool(await inbox.parked_records(work.session, key))
        return PAGES.redirect(path, flash="parked-again" if is_left else "parked-applied" if applied else "parked-gone")

    @router.post("/parked/dismiss", dependencies=[Depends(require_same_origin)])
    async def dismiss_parked(request: Request, admin: AdminDep, units: UnitsOfWorkDep) -> Response:
        """Delete the first parked event of a key, so that it is never applied here."""
        sent = await read_fields(request)
        if not sent.get("sure"):
            return PAGES.redirect(path, flash="parked-unsure")
        try:
            row_id = int(sent.get("id", "")[:18])
        except ValueError:
            raise NotFound from None
        async with units.write() as work:
            event = await inbox.dismiss(work.session, row_id)
            if event is not None and is_audited:
                await work.audit.record(reader=admin.subject, purpose=PURPOSE, ids=[event.event_id])
        if event is None:
            return PAGES.redirect(path, flash="parked-gone")
        log.warning("parked event dismissed", service=service, event_id=event.event_id, event_type=event.event_type, actor=admin.subject)
        return PAGES.redirect(path, flash="parked-dismissed")

    return router


async def _record(units: UnitsOfWork, admin: Principal, key: str, *, is_audited: bool) -> None:
    """Record who retries the events of a key. Raises NotFound for what is no key."""
    try:
        wanted = UUID(key)
    except ValueError:
        raise NotFound from None
    if is_audited:
        async with units.write() as work:
            await work.audit.record(reader=admin.subject, purpose=PURPOSE, ids=[wanted])
