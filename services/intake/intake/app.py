"""The intake service: every channel in, the public register."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import FastAPI

from intake import api, pages
from intake.handlers import HANDLERS
from intake.service import guessing
from intake.settings import Settings
from intake.state import Intake
from shared.contracts import APPEALS, PROVIDERS
from shared.messaging.runtime import Loop, every
from shared.service import Foundation, Parts, Service, assemble


def _jobs(parts: Parts) -> Sequence[Loop]:
    async def forget() -> None:
        await guessing.forget(parts.database, parts.clock)

    return [every(timedelta(hours=1), "forget-attempts", forget)]


SERVICE = Service(name="intake", package="intake", title="Aryz intake", handlers=HANDLERS, topics=(APPEALS, PROVIDERS), jobs=_jobs)


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """The service's application; without a foundation it stands alone in its process."""
    settings = settings or Settings()

    def prepare(app: FastAPI, parts: Parts) -> None:
        app.state.intake = Intake.build(parts, settings)

    app = assemble(SERVICE, settings, foundation, [api.front, api.router, pages.router], prepare=prepare)
    pages.PAGES.mount_static(app)
    return app
