"""The intake service: every channel in, the public register."""

from fastapi import FastAPI

from intake import api, forms, pages
from intake.areas import AREAS
from intake.handlers import HANDLERS
from intake.jobs import jobs
from intake.settings import Settings
from intake.state import Intake
from shared.contracts import APPEALS, PROVIDERS
from shared.service import Foundation, Parts, Service, assemble

SERVICE = Service(name="intake", package="intake", title="Aryz intake", handlers=HANDLERS, topics=(APPEALS, PROVIDERS), jobs=jobs)


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """The service's application; without a foundation it stands alone in its process."""
    settings = settings or Settings()

    def prepare(app: FastAPI, parts: Parts) -> None:
        app.state.intake = Intake.build(parts, settings)
        forms.channels()  # read and checked before the first visitor asks

    app = assemble(SERVICE, settings, foundation, [api.router, pages.router, *AREAS], prepare=prepare, front=api.front.routes)
    pages.PAGES.mount_static(app)
    return app
