"""The provider-contact service: the directory, the matching of names, the inquiries."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import FastAPI

from provider_contact import policy
from provider_contact.api import router
from provider_contact.handlers import HANDLERS, preparations
from provider_contact.service.directory import Directory
from provider_contact.service.inquiries import OVERDUE_AT_ONCE, mark_overdue
from provider_contact.settings import Settings
from shared.messaging.runtime import Loop, every
from shared.service import Foundation, Parts, Service, assemble

OVERDUE_EVERY = timedelta(seconds=15)  # a term ends at midnight; nobody waits for the second


def jobs(parts: Parts) -> Sequence[Loop]:
    async def overdue() -> None:
        full = True
        while full:
            async with parts.database.write() as session:
                full = await mark_overdue(session, clock=parts.clock) == OVERDUE_AT_ONCE

    return [every(OVERDUE_EVERY, "overdue", overdue)]


SERVICE = Service(
    name="provider-contact",
    package="provider_contact",
    title="Aryz: provider contact",
    handlers=HANDLERS,
    preparations=preparations,
    jobs=jobs,
)


def create_app(settings: Settings | None = None, foundation: Foundation | None = None) -> FastAPI:
    policy.check()
    return assemble(SERVICE, settings or Settings(), foundation, [router], prepare=_prepare)


def _prepare(app: FastAPI, parts: Parts) -> None:
    app.state.directory = Directory(parts.database, parts.clock)
