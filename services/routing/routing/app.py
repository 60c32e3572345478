"""Routing, put together: the desk's routes, its handlers, and the work of watching the clocks."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

from fastapi import FastAPI

from routing import api, articles, clocks, pages, reference, workflow
from routing.classification import classify
from routing.colleagues import Colleagues
from routing.handlers import HANDLERS, prepare_cases
from routing.history import check
from routing.settings import Settings
from shared.budget import Budget
from shared.contracts import REGISTRY, AppealRegistered
from shared.messaging.handling import Preparations
from shared.messaging.pace import PROMPT
from shared.messaging.runtime import Loop, every
from shared.service import Foundation, Parts, Service, assemble


def _preparations(parts: Parts) -> Preparations:
    return {AppealRegistered: prepare_cases(parts.contents)}


def _jobs(parts: Parts) -> Sequence[Loop]:
    async def watch_clocks() -> None:
        are_due = True
        while are_due:  # a clock that has told moves on, so this ends
            async with parts.database.write() as session:
                are_due = bool(await clocks.watch(session, parts.clock.now()))

    rest = timedelta(seconds=cast("Settings", parts.settings).clock_seconds)
    return [every(rest, "clocks", watch_clocks)]


SERVICE = Service(
    name="routing",
    package="routing",
    title="Aryz: routing and the desk",
    handlers=HANDLERS,
    preparations=_preparations,
    jobs=_jobs,
    pace=PROMPT,
)


def check_reference_data() -> None:
    """Raise ReferenceDataError (or the dictionary's own error) before anything starts with a file that cannot be trusted."""
    workflow.steps()
    clocks.clock_policies()
    reference.closure_gate()
    reference.content_purposes()
    reference.closing_rules()
    reference.anonymous_policy()
    articles.articles()
    classify("")
    own = (event for event in REGISTRY.values() if SERVICE.name == event.SERVICE)
    check(*own, *(event for event in HANDLERS if event is not AppealRegistered))


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """The service under `/routing`; with a foundation it lives in somebody else's process."""
    check_reference_data()
    settings = settings or Settings()
    per_minute = settings.classifications_per_minute

    def prepare(app: FastAPI, parts: Parts) -> None:
        app.state.colleagues = Colleagues(parts.database, parts.clock)
        app.state.classifications = Budget(per_minute, parts.clock)

    app = assemble(SERVICE, settings, foundation, [api.router, pages.router], prepare=prepare)
    pages.PAGES.mount_static(app)
    return app
