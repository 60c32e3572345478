"""The analytics service: figures from the event stream, and the page that shows them."""

from pathlib import Path

from fastapi import FastAPI

from analytics import api, pages
from analytics.definitions import call_rules, kpi_definitions, publication
from analytics.handlers import HANDLERS
from analytics.live import LiveFigures
from analytics.public import PublicFigures
from analytics.settings import Settings
from shared.contracts import APPEALS, CALLS, PROVIDERS
from shared.service import Foundation, Parts, Service, assemble
from shared.web.pages import Pages

HERE = Path(__file__).parent
SERVICE = Service(name="analytics", package="analytics", title="Aryz analytics", handlers=HANDLERS, topics=(APPEALS, PROVIDERS, CALLS))


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """The service's application. Raises ReferenceDataError when the KPI definitions or the rules of publication cannot be trusted."""
    kpi_definitions()
    publication()
    call_rules()
    texts = Pages(HERE / "templates", locale_dirs=[HERE / "locales"], assets_prefix="/static")

    def prepare(app: FastAPI, parts: Parts) -> None:
        app.state.pages = texts
        app.state.public_figures = PublicFigures(parts.clock)
        app.state.live = LiveFigures(parts.database, parts.clock, lambda: app.state.migrated and not app.state.runtime.fallen)

    return assemble(SERVICE, settings or Settings(), foundation, [api.router, pages.router], prepare=prepare)
