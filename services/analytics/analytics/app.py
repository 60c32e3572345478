"""The analytics service: figures computed from events, and the page that shows them."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from analytics.charts import service as charts
from analytics.dashboard import api as dashboard_api
from analytics.dashboard import pages
from analytics.dashboard.service import LiveFigures
from analytics.exports import api as exports_api
from analytics.exports import pages as exports_pages
from analytics.exports import service as exports
from analytics.exports.dependencies import ExportStreams
from analytics.facts import jobs
from analytics.facts import service as facts
from analytics.facts.handlers import HANDLERS
from analytics.kpis import api as kpis_api
from analytics.kpis import service as kpis
from analytics.providers import api as providers_api
from analytics.providers import pages as providers_pages
from analytics.providers import service as providers
from analytics.reconciliations import api as reconciliations_api
from analytics.reconciliations import pages as reconciliations_pages
from analytics.reconciliations import service as reconciliations
from analytics.reports import api as reports_api
from analytics.reports import jobs as report_jobs
from analytics.reports import pages as reports_pages
from analytics.reports import service as reports
from analytics.reports.dependencies import ReportRoom
from analytics.sentences import service as sentences
from analytics.settings import Settings
from shared.contracts import APPEALS, CALLS, PROVIDERS, RATINGS, SELF_SERVICE
from shared.messaging.runtime import every
from shared.service import Foundation, Parts, Service, assemble
from shared.web.i18n import N_
from shared.web.pages import Flash, Pages

HERE = Path(__file__).parent
FLASHES = {"report-ordered": Flash(N_("The report is being prepared. The list below shows when it is ready."))}
PACKAGE = "analytics"
TOPICS = (APPEALS, PROVIDERS, CALLS, SELF_SERVICE, RATINGS)


def rebuild(parts: Parts[Settings]) -> jobs.Rebuild:
    """Return a rebuild of the facts from the log, not yet started."""
    return jobs.Rebuild(parts.units, parts.log, TOPICS, HANDLERS, PACKAGE, kpis.leakage_seconds())


async def _rebuild(parts: Parts[Settings]) -> Sequence[str]:
    return jobs.summary(await rebuild(parts).run(jobs.LoggedProgress()))


async def _refresh(parts: Parts[Settings]) -> None:
    await jobs.refresh_rollups(parts.units, kpis.leakage_seconds())


SERVICE = Service[Settings](
    name="analytics",
    package=PACKAGE,
    title="Aryz analytics",
    description="Figures about appeals. A part of them is public and needs no token.",
    tags={
        "figures": "Figures of a period with their parts, and the present state.",
        "exports": "The rows behind the figures, as files.",
        "providers": "Medical organisations compared with what is expected of each.",
        "reconciliations": "Checks of published statistics: sums, shares and changes.",
        "reports": "The report on a region and a period, in Kazakh and Russian.",
    },
    handlers=HANDLERS,
    jobs=lambda parts: [every(jobs.REFRESH_EVERY, "rollups", lambda: _refresh(parts)), *report_jobs.loops(parts)],
    rebuild=_rebuild,
    topics=TOPICS,
)


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """Return the service's application. Raises ReferenceDataError if a data file of a slice is wrong."""
    facts.check_codes()
    kpis.check_policies()
    pages.check_figures()
    exports.check_columns()
    charts.check_policies()
    sentences.check_policies()
    providers.check_policies()
    reconciliations.check_policies()
    reports.check_policies()
    templates = [HERE / slice_name / "templates" for slice_name in ("dashboard", "exports", "providers", "reconciliations", "reports")]
    web_pages = Pages(
        *templates,
        locale_dirs=[HERE / "locales"],
        static_dirs=[HERE / slice_name / "static" for slice_name in ("charts", "dashboard", "providers")],
        assets_prefix="/analytics/static",
        flashes=FLASHES,
    )

    def prepare(app: FastAPI, parts: Parts[Settings]) -> None:
        app.state.pages = web_pages
        app.state.public_figures = kpis.PublicFigures()
        app.state.exports = ExportStreams(parts.units)
        app.state.reports = ReportRoom(parts.units)
        app.state.live = LiveFigures(parts.units, lambda: app.state.migrated and not app.state.runtime.fallen)

    routers = [
        kpis_api.router,
        dashboard_api.router,
        pages.router,
        exports_api.router,
        exports_pages.router,
        providers_api.router,
        providers_pages.router,
        reconciliations_api.router,
        reconciliations_pages.router,
        reports_api.router,
        reports_pages.router,
    ]
    app = assemble(SERVICE, settings or Settings(), foundation, routers, prepare=prepare)
    web_pages.mount_static(app)
    return app
