"""The application at `/`: home pages, shared static files, health, metrics, and the public keys of the local issuer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from shared import operations
from shared.auth import LocalIssuer, TokenVerifier
from shared.auth.page_sessions import PageSessions
from shared.clock import Clock
from shared.errors import NotFound, install_error_handlers
from shared.operators import OperatorAccess, require_operator
from shared.service import Foundation
from shared.settings import ServiceSettings
from shared.telemetry import metrics_response
from shared.web.renewal import RenewPageSessions
from shared.web.security import SecurityHeaders
from suite import pages, provider_sign_in

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class HomeParts:
    """The objects that the home pages use, at `request.app.state.parts`."""

    settings: ServiceSettings
    clock: Clock
    tokens: TokenVerifier
    issuer: LocalIssuer | None
    page_sessions: PageSessions | None
    foundation: Foundation


def create_home(settings: ServiceSettings, foundation: Foundation, services: Sequence[str] = ()) -> FastAPI:
    """Create the home application of these services. It stores nothing and has no background loops."""
    app = FastAPI(title="Aryz", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.foundation = foundation
    app.state.parts = HomeParts(settings, foundation.clock, foundation.tokens, foundation.issuer, foundation.page_sessions, foundation)
    app.state.services, app.state.operators = services, OperatorAccess(settings)
    app.include_router(router)
    app.include_router(pages.router)
    app.include_router(provider_sign_in.router)
    pages.PAGES.mount_static(app)
    if foundation.page_sessions is not None:
        app.add_middleware(RenewPageSessions)
    install_error_handlers(app, header_limit=settings.header_bytes)
    app.add_middleware(SecurityHeaders, form_targets=settings.sign_in_origins)
    return app


router.get("/health/live")(operations.live)


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """Return 200 if all services are ready. `services` names those that are not, with the reason."""
    state = request.app.state
    services: dict[str, Any] = {}
    for name in state.services:
        try:
            services[name] = (await state.foundation.client_for(name).get(f"/{name}/health/ready")).json()
        except httpx.TransportError as error:
            services[name] = {"status": "not ready", "faults": {"process": type(error).__name__}}
    is_ready = all(body["status"] == "ready" for body in services.values())
    return JSONResponse({"status": "ready" if is_ready else "not ready", "services": services}, 200 if is_ready else 503)


@router.get("/metrics", dependencies=[Depends(require_operator)])
async def metrics(request: Request) -> Response:
    """Return the metrics of this process's connections."""
    return metrics_response(accept=request.headers.get("accept", ""))


@router.get("/.well-known/jwks.json")
async def jwks(request: Request) -> JSONResponse:
    issuer = request.app.state.foundation.issuer
    if issuer is None:
        raise NotFound
    return JSONResponse(issuer.jwks())
