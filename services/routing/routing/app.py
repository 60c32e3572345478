"""Assembly of the service: its routes, event handlers and jobs, and the checks of its policy files."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network
from typing import Final

from fastapi import FastAPI

from routing.cases import api as cases_api
from routing.cases import policy as case_policies
from routing.cases.handlers import EVENTS_WITH_RESULTS, HANDLERS, RESULT_ENTRIES, prepare_cases
from routing.cases.models import ContentRead
from routing.cases.service import (
    ClockHistory,
    Colleagues,
    assign_next,
    has_answers_to_send,
    history,
    is_any_case_waiting,
    send_next,
    workflow,
)
from routing.classification import api as classification_api
from routing.classification.service import classify
from routing.clocks import api as clocks_api
from routing.clocks.service import ClockWatcher, clock_policies, working_days_to_head
from routing.desk import api as desk_api
from routing.desk import pages
from routing.desk.service.presence import LIFETIME, purge_presence
from routing.documents import api as documents_api
from routing.documents import pages as document_pages
from routing.documents.dependencies import LetterChecks
from routing.documents.service import document_texts
from routing.knowledge import api as knowledge_api
from routing.knowledge import pages as knowledge_pages
from routing.knowledge import service as knowledge
from routing.settings import Settings
from shared.budget import Budget
from shared.contracts import APPEALS, PROVIDERS, AppealRegistered, ImportUndone, ImportUndoRequested, ProviderRecorded, appeal_events
from shared.messaging.handling import Preparations
from shared.messaging.pace import PROMPT
from shared.messaging.runtime import Loop, every
from shared.rows import table_of
from shared.service import Foundation, Parts, Service, assemble

ARTICLES_EVERY: Final = timedelta(hours=1)  # an article expires at the end of a day

ROUTERS = (
    cases_api.router,
    clocks_api.router,
    classification_api.router,
    knowledge_api.router,
    desk_api.router,
    documents_api.router,
    document_pages.router,  # before the desk, whose forms are under any name
    pages.router,
    knowledge_pages.router,
)


def _preparations(parts: Parts[Settings]) -> Preparations:
    return {AppealRegistered: prepare_cases(parts.contents, parts.metrics, separate_clock=parts.settings.clock_started_always)}


def _jobs(parts: Parts[Settings]) -> Sequence[Loop]:
    watcher = ClockWatcher(ClockHistory())

    async def watch_clocks() -> None:
        has_due = True
        while has_due:  # a processed clock moves on, so this ends
            async with parts.units.write() as work:
                has_due = bool(await watcher.watch(work))

    async def send_answers() -> None:
        async with parts.units.read() as work:
            has_due = await has_answers_to_send(work)
        while has_due:
            async with parts.units.write() as work:
                has_due = await send_next(work)

    async def assign_cases() -> None:
        async with parts.units.read() as work:
            may_assign = await is_any_case_waiting(work)
        while may_assign:
            async with parts.units.write() as work:
                may_assign = bool(await assign_next(work))

    async def purge_closed_pages() -> None:
        async with parts.units.write(durable=False) as work:
            await purge_presence(work)

    async def keep_articles() -> None:
        async with parts.units.write() as work:
            await knowledge.seed(work)
        async with parts.units.read() as work:
            counts = await knowledge.attention_counts(work, knowledge.local_day(parts.clock.now()))
        for attention, number in counts.items():
            parts.metrics.articles_to_renew(attention, number)

    settings = parts.settings
    return [
        every(timedelta(seconds=settings.clock_seconds), "clocks", watch_clocks),
        every(timedelta(seconds=settings.sending_seconds), "answers", send_answers),
        every(timedelta(seconds=settings.assignment_seconds), "assignment", assign_cases),
        every(LIFETIME, "presence", purge_closed_pages),
        every(ARTICLES_EVERY, "articles", keep_articles),
    ]


SERVICE = Service[Settings](
    name="routing",
    package="routing",
    title="Aryz: routing and the desk",
    description="Classifies appeals, keeps their deadlines, and lets staff read and process their cases.",
    tags={
        "cases": "The cases of appeals, and the actions of staff on them.",
        "colleagues": "Staff who use the desk, their open cases and their absences.",
        "drafts": "Unsent answers, each visible to its author alone.",
        "classifications": "What the text of an appeal is about.",
        "deadlines": "The last day to answer, day by day.",
        "letters": "Answers as official letters, and the check that one is genuine.",
        "articles": "Published answers to common questions.",
        "internal": "Calls between the services.",
    },
    handlers=HANDLERS,
    topics=(APPEALS, PROVIDERS),
    preparations=_preparations,
    jobs=_jobs,
    pace=PROMPT,
    audit=table_of(ContentRead),
)


def check_policies() -> None:
    """Read every policy file. Raise ReferenceDataError, LexiconError or ValidationError (all ValueErrors) for a wrong one."""
    workflow.steps()
    clock_policies()
    working_days_to_head()
    case_policies.closure_gate()
    case_policies.applicant_outcomes()
    case_policies.status_labels()
    case_policies.content_purposes()
    case_policies.closing_rules()
    case_policies.anonymous_policy()
    case_policies.role_staffing()
    case_policies.letter_texts()
    knowledge.knowledge_policy()
    knowledge.parameters()
    knowledge.article_seeds()
    knowledge.macros()
    document_texts()
    classify("")  # reads the model, the dictionaries and the detectors
    own = (event for event in appeal_events() if SERVICE.name == event.SERVICE and event is not ImportUndone)
    unnamed = {AppealRegistered, ImportUndoRequested, ProviderRecorded, *EVENTS_WITH_RESULTS}
    history.check(*own, *(event for event in HANDLERS if event not in unnamed), entry_types=RESULT_ENTRIES)


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    """Return the service under `/routing`. With a foundation it runs inside the process that owns the foundation."""
    check_policies()
    settings = settings or Settings()

    def prepare(app: FastAPI, parts: Parts[Settings]) -> None:
        app.state.colleagues = Colleagues(parts.units)
        app.state.classifications = Budget(settings.classifications_per_minute, parts.clock)
        proxies = tuple(ip_network(proxy) for proxy in settings.trusted_proxies)
        app.state.letter_checks = LetterChecks(Budget(settings.letter_checks_per_minute, parts.clock), proxies)

    app = assemble(SERVICE, settings, foundation, ROUTERS, prepare=prepare)
    pages.PAGES.mount_static(app)
    return app
