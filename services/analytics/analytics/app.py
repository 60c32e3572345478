"""The analytics service: figures computed from events, and the page that shows them."""

from pathlib import Path

from fastapi import FastAPI

from analytics.dashboard import api as dashboard_api
from analytics.dashboard import pages
from analytics.dashboard.service import LiveFigures
from analytics.facts import service as facts
from analytics.facts.handlers import HANDLERS
from analytics.kpis import api as kpis_api
from analytics.kpis import service as kpis
from analytics.settings import Settings
from shared.contracts import APPEALS, CALLS, PROVIDERS, SELF_SERVICE
from shared.service import Foundation, Parts, Service, assemble
from shared.web.pages import Pages

HERE = Path(__file__).parent
SERVICE = Service[Settings](
    name="analytics",
    package="analytics",
    title="Aryz analytics",
    description="Figures about appeals. A part of them is public and needs no token.",
    tags={"figures": "Figures of a period with their parts, and the present state."},
    handlers=HANDLERS,
    topics=(APPEALS, PROVIDERS, CALLS, SELF_SERVICE),
)


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """Return the service's application. Raises ReferenceDataError if a data file of the figures is wrong."""
    facts.check_codes()
    kpis.check_policies()
    pages.check_figures()
    web_pages = Pages(HERE / "dashboard" / "templates", locale_dirs=[HERE / "locales"], assets_prefix="/static")

    def prepare(app: FastAPI, parts: Parts[Settings]) -> None:
        app.state.pages = web_pages
        app.state.public_figures = kpis.PublicFigures()
        app.state.live = LiveFigures(parts.units, lambda: app.state.migrated and not app.state.runtime.fallen)

    return assemble(SERVICE, settings or Settings(), foundation, [kpis_api.router, dashboard_api.router, pages.router], prepare=prepare)
