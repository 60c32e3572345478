"""How a service is put together. A service names its parts (`Service`); a process brings what services share (`Foundation`)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from importlib import resources
from typing import Final, Generic

import httpx
import structlog
from fastapi import APIRouter, FastAPI
from sqlalchemy import Table
from starlette.routing import BaseRoute
from starlette.types import ASGIApp
from typing_extensions import TypeVar

from shared import operations, sealing
from shared.auth import ClientCredentials, LocalIssuer, LocalServiceTokens, RevokedTokens, ServiceTokens, TokenVerifier, revocation
from shared.auth.assembly import provider_access
from shared.auth.page_sessions import PageSessions
from shared.clock import Clock, SystemClock
from shared.contents import Contents
from shared.contracts import APPEALS
from shared.database import Database, service_url
from shared.database_start import is_migrated
from shared.domain.calendar import calendar_ends_soon
from shared.errors import Unavailable, install_error_handlers
from shared.fast.direct_routes import DirectRoutes
from shared.http import CLIENT_LIMITS
from shared.idempotency import Idempotency, purge_answers
from shared.ids import Ids, RandomIds
from shared.logging import configure_logging
from shared.messaging import inbox
from shared.messaging.consumer import Consumer
from shared.messaging.embedded import EmbeddedLog
from shared.messaging.handling import Handlers, Preparations, Skips
from shared.messaging.log import EventLog
from shared.messaging.pace import PATIENT, Pace
from shared.messaging.relay import Relay
from shared.messaging.runtime import Loop, Runtime, every
from shared.openapi import SERVERS, document
from shared.operators import OperatorAccess
from shared.private_files import secure_folder
from shared.settings import MissingSetting, ServiceSettings
from shared.telemetry import Metrics, Observe
from shared.tls import authorities
from shared.tracing import current_traceparent
from shared.unit_of_work import UnitsOfWork
from shared.web.docs import mount_docs
from shared.web.errors import error_pages
from shared.web.parked import parked_pages
from shared.web.renewal import RenewPageSessions
from shared.web.security import SecurityHeaders

INBOX_RETENTION = timedelta(days=30)  # longer than any record may wait between the log and a consumer
PRUNE_EVERY = timedelta(hours=1)
CALENDAR_EVERY = timedelta(days=1)
MEASURE_EVERY = timedelta(seconds=5)
SUITE = "aryz"  # who speaks in the log of a process that is more than one service


SettingsT = TypeVar("SettingsT", bound=ServiceSettings, default=ServiceSettings)
SettingsT_co = TypeVar("SettingsT_co", bound=ServiceSettings, default=ServiceSettings, covariant=True)


class RebuildRefused(RuntimeError):
    """The tables cannot be built again from the log now; the message says why. The live tables are unchanged."""


def event_log(settings: ServiceSettings) -> EventLog:
    """The log that the settings name, not yet opened: Kafka, else the embedded one in the data folder. Raises MissingSetting."""
    if settings.kafka_bootstrap:
        from shared.messaging.kafka import KafkaLog  # noqa: PLC0415 - a client that one machine has no use for

        return KafkaLog.from_settings(settings)
    return EmbeddedLog(settings.data / "events.db")


async def _continue_trace(request: httpx.Request) -> None:
    if traceparent := current_traceparent():
        request.headers["traceparent"] = traceparent


_TRACED: Final = {"request": [_continue_trace]}  # what another service does for a request belongs to its trace


@dataclass
class Foundation:
    """What one process has once: the event log, the keys, who is who, and the way to the other services."""

    settings: ServiceSettings
    clock: Clock
    ids: Ids
    log: EventLog
    keys: sealing.KeyMaterial
    tokens: TokenVerifier
    issuer: LocalIssuer | None
    """The issuer of one machine; None where an OIDC provider says who is who."""
    outside: httpx.AsyncClient
    page_sessions: PageSessions | None = None
    """Page sessions of people who sign in at an OIDC provider; None where the local issuer signs them in, or nobody does."""
    local_apps: dict[str, ASGIApp] = field(default_factory=dict)
    """Services that live in this process: they are asked without a network."""
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    @classmethod
    def build(cls, settings: ServiceSettings, *, clock: Clock | None = None, ids: Ids | None = None) -> "Foundation":
        """Made from settings; nothing is opened before `start`.

        The data folder is made and closed to other users, and keys of one machine are made on first use.
        """
        secure_folder(settings.data)
        clock = clock or SystemClock()
        key_folder = settings.data / "keys"
        keys = sealing.from_settings(settings.keys.get_secret_value()) if settings.keys else sealing.load_or_create_keys(key_folder)
        sealing.check_keys(keys, settings.data / "keys.check")
        outside = httpx.AsyncClient(verify=authorities())
        issuer = None if settings.oidc_issuer else LocalIssuer(key_folder, env=settings.env, clock=clock)
        revoked = RevokedTokens(settings.data.absolute() / revocation.FILE)
        tokens, sessions = (issuer.verifier(revoked), None) if issuer else provider_access(settings, outside, keys, clock, revoked)
        return cls(
            settings=settings,
            clock=clock,
            ids=ids or RandomIds(),
            log=event_log(settings),
            keys=keys,
            tokens=tokens,
            issuer=issuer,
            outside=outside,
            page_sessions=sessions,
        )

    async def start(self) -> None:
        await self.log.start()

    async def stop(self) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()
        await self.outside.aclose()
        await self.log.stop()

    def service_tokens(self, service: str) -> ServiceTokens:
        """How `service` proves itself to the others."""
        if self.issuer is not None:
            return LocalServiceTokens(self.issuer, service=service, clock=self.clock)
        given = self.settings
        if not (given.oidc_token_url and given.oidc_client_id and given.oidc_client_secret):
            raise MissingSetting("ARYZ_OIDC_TOKEN_URL, ARYZ_OIDC_CLIENT_ID and ARYZ_OIDC_CLIENT_SECRET are needed beside ARYZ_OIDC_ISSUER")
        return ClientCredentials(
            self.outside,
            token_url=given.oidc_token_url,
            client_id=given.oidc_client_id,
            client_secret=given.oidc_client_secret.get_secret_value(),
            audience=given.oidc_audience,
            clock=self.clock,
        )

    def client_for(self, service: str) -> httpx.AsyncClient:
        """An HTTP client to another service: over the network where a URL is set, else within this process. Else Unavailable."""
        if service not in self._clients:
            url = self.settings.url_of(service)
            if not url and service not in self.local_apps:
                raise Unavailable(f"{service} is neither in this process nor is its address set")
            if url:  # no proxy of the environment stands between services, but its certificates count
                client = httpx.AsyncClient(base_url=url, trust_env=False, limits=CLIENT_LIMITS, verify=authorities(), event_hooks=_TRACED)
            else:
                transport = httpx.ASGITransport(self.local_apps[service], raise_app_exceptions=False)
                client = httpx.AsyncClient(base_url="http://in-process", transport=transport, event_hooks=_TRACED)
            self._clients[service] = client
        return self._clients[service]


@dataclass
class Parts(Generic[SettingsT_co]):
    """What one process of a service is built from; `SettingsT_co` is the service's own class of settings.

    The assembly (`app.py`) passes to each collaborator what it needs of these. Routes get them by dependency, use cases by unit of work.
    """

    service: str
    settings: SettingsT_co
    clock: Clock
    ids: Ids
    database: Database
    units: UnitsOfWork
    log: EventLog
    sealer: sealing.Sealer
    pepper: sealing.Pepper
    tokens: TokenVerifier
    contents: Contents
    client_for: Callable[[str], httpx.AsyncClient]
    """Returns an HTTP client to another service, for what everybody may read; raises Unavailable for one that has no address."""
    idempotency: Idempotency
    metrics: Metrics
    issuer: LocalIssuer | None
    page_sessions: PageSessions | None = None
    last_steps: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What is awaited when the process ends, after the last answer and before the database is closed."""


async def _nothing(_parts: object) -> None:
    """Check nothing."""


@dataclass(frozen=True)
class Service(Generic[SettingsT]):
    """What makes a service itself."""

    name: str
    package: str
    title: str
    handlers: Handlers
    description: str = ""
    """What its API is for, in Markdown."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The groups of its operations in the OpenAPI document, in their order: name and description."""
    topics: Sequence[str] = (APPEALS,)
    skips: Skips = field(default_factory=dict)
    """Events that the service has no use for, recognised by a header."""
    preparations: Callable[[Parts[SettingsT]], Preparations] = lambda _parts: {}
    jobs: Callable[[Parts[SettingsT]], Sequence[Loop]] = lambda _parts: ()
    rebuild: Callable[[Parts[SettingsT]], Awaitable[Sequence[str]]] | None = None
    """Builds its tables again from the log and returns what to tell the operator; None: it cannot."""
    check: Callable[[Parts[SettingsT]], Awaitable[None]] = _nothing
    """Raises what is to be corrected before a process of the service can be of use."""
    pace: Pace = PATIENT
    """Of its reader."""
    audit: Table | None = None
    """The table of its audit log of content reads; None: it has none."""

    @cached_property
    def parked_pages(self) -> APIRouter:
        """The routes of its page of parked events, the same for every application."""
        return parked_pages(self.name, lambda parts: consumer(self, parts), is_audited=self.audit is not None)


def build_parts(service: Service[SettingsT], settings: SettingsT, foundation: Foundation) -> Parts[SettingsT]:
    sealer = sealing.Sealer(foundation.keys.ring)
    pepper, clock, ids = foundation.keys.pepper, foundation.clock, foundation.ids
    url = service_url(settings.database_url, settings.data, service.name, settings.prefix)
    database = Database(url, service=service.name, clock=clock, ids=ids)
    return Parts(
        service=service.name,
        settings=settings,
        clock=clock,
        ids=ids,
        database=database,
        units=UnitsOfWork(database, clock=clock, ids=ids, sealer=sealer, pepper=pepper, audit=service.audit),
        log=foundation.log,
        sealer=sealer,
        pepper=pepper,
        tokens=foundation.tokens,
        contents=Contents(foundation.client_for, foundation.service_tokens(service.name).token),
        client_for=foundation.client_for,
        idempotency=Idempotency(sealer, pepper),
        metrics=Metrics(service.name),
        issuer=foundation.issuer,
        page_sessions=foundation.page_sessions,
    )


def consumer(service: Service[SettingsT], parts: Parts[SettingsT]) -> Consumer:
    """The service's reader of events; also what `replay` uses."""
    handling = (service.topics, service.handlers, service.preparations(parts))
    return Consumer(parts.units, parts.log, *handling, metrics=parts.metrics, pace=service.pace, skips=service.skips)


def runtime(service: Service[SettingsT], parts: Parts[SettingsT], *, restart: bool) -> Runtime:
    """Relay, consumer and jobs of a service."""
    relay = Relay(parts.database, parts.log, parts.clock, parts.metrics)
    reader = consumer(service, parts)

    async def prune() -> None:
        async with parts.units.write() as work:
            now = work.clock.now()
            await inbox.purge(work.session, now - INBOX_RETENTION)
            await purge_answers(work.session, now)

    async def watch_calendar() -> None:
        if last := calendar_ends_soon(parts.clock.now().date()):
            structlog.get_logger("calendar").warning("the working calendar ends: add the next year to its files", last_day=last.isoformat())

    async def measure() -> None:
        async with parts.units.read() as work:
            stored = {(row.topic, row.partition): row.next_offset for row in await inbox.stored_offsets(work.session)}
            parts.metrics.dead_letters_waiting(await inbox.dead_letters(work.session))
        for topic in service.topics:
            ends = await parts.log.end_offsets(topic)
            parts.metrics.consumer_lag(topic, sum(end - stored.get((topic, partition), 0) for partition, end in ends.items()))

    loops = [
        Loop("relay", relay.run),
        Loop("consumer", reader.run, lambda: "too many events fail: mend, then replay" if reader.breaker_open else None),
        every(PRUNE_EVERY, "prune", prune),
        every(CALENDAR_EVERY, "calendar", watch_calendar),
        every(MEASURE_EVERY, "measure", measure),
    ]
    return Runtime([*loops, *service.jobs(parts)], restart=restart)


def assemble(
    service: Service[SettingsT],
    settings: SettingsT,
    foundation: Foundation | None,
    routers: Sequence[APIRouter],
    *,
    prepare: Callable[[FastAPI, Parts[SettingsT]], None] = lambda _app, _parts: None,
    front: Sequence[BaseRoute] = (),
) -> FastAPI:
    """The service's application under `/{service}`: routes, errors, health, metrics, documentation; its loops run while it lives.

    Without a foundation it builds and owns one (a process of its own). `prepare` hangs further collaborators on `app.state`.
    `front`: routes with their whole paths that are looked at before all others.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        base = foundation or Foundation.build(settings)
        parts = build_parts(service, settings, base)
        loops = runtime(service, parts, restart=True)
        try:
            if foundation is None and settings.worker:  # answering needs no log: an appeal is accepted while the log is away
                await base.start()
            base.local_apps.setdefault(service.name, app)
            app.state.parts, app.state.runtime = parts, loops
            app.state.migrated = await is_migrated(service, parts.database)
            await service.check(parts)
            prepare(app, parts)
            if settings.worker and app.state.migrated:
                loops.start()
            yield
        finally:
            await loops.stop()
            for step in parts.last_steps:
                await step()
            await parts.database.close()
            if foundation is None:
                await base.stop()

    configure_logging(settings.log_level, service=service.name if foundation is None else SUITE)
    app = FastAPI(
        title=service.title,
        version="1",
        description=service.description,
        servers=[dict(server) for server in SERVERS],
        openapi_tags=[{"name": name, "description": text} for name, text in service.tags.items()],
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # `Observe` traces; the search for providers took 2 %
        openapi_url=None,  # `mount_docs` serves it, to whom it is for
        generate_unique_id_function=lambda route: route.name,  # what generated clients call their functions
    )
    operators = app.state.operators = OperatorAccess(settings)
    app.router.routes[:0] = front
    app.add_middleware(DirectRoutes, routes=front)
    if settings.oidc_pages_client_id:
        app.add_middleware(RenewPageSessions)
    for router in (*routers, service.parked_pages, operations.router):
        app.include_router(router, prefix=f"/{service.name}")
    install_error_handlers(app, header_limit=settings.header_bytes)
    document(app, examples=resources.files(service.package) / "openapi_examples.json")
    mount_docs(app, prefix=f"/{service.name}", allow=operators.require_reader)
    error_pages().mount_static(app)
    app.add_middleware(SecurityHeaders, form_targets=settings.sign_in_origins)
    app.add_middleware(Observe, service=service.name)
    return app


def worker_app(service: Service[SettingsT], settings: SettingsT, parts: Parts[SettingsT], loops: Runtime) -> FastAPI:
    """Health and figures of a worker, under the same paths as an API's."""
    app = FastAPI(title=f"{service.title} worker", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.parts, app.state.migrated, app.state.runtime, app.state.operators = parts, True, loops, OperatorAccess(settings)
    install_error_handlers(app, header_limit=settings.header_bytes)
    app.include_router(operations.router, prefix=f"/{service.name}")
    return app
