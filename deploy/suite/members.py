"""The four services, in start order: a service whose contents others read starts first and stops last.

Only this module knows all services.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

import analytics.app
import analytics.settings
import intake.app
import intake.settings
import provider_contact.app
import provider_contact.settings
import routing.app
import routing.settings
from shared.database import Database, service_url
from shared.service import Foundation, Service
from shared.settings import ServiceSettings


@dataclass(frozen=True)
class Member:
    """A service with its settings."""

    service: Service[Any]
    """The settings are of the class in `settings`."""
    settings: ServiceSettings
    create_app: Callable[[Any, Foundation], FastAPI]

    def database(self, foundation: Foundation) -> Database:
        """Open the service's database without its application."""
        settings = self.settings
        url = service_url(settings.database_url, settings.data, self.service.name, settings.prefix)
        return Database(url, service=self.service.name, clock=foundation.clock, ids=foundation.ids)


def bucket(services: Sequence[Member]) -> str | None:
    """Return the bucket that holds intake's attachments, None if they are in the data folder."""
    return next(each.settings.objects_url for each in services if isinstance(each.settings, intake.settings.Settings))


def members(data: Path, **given: Any) -> tuple[Member, ...]:
    """Return the services over one data folder. `given` overrides their settings."""
    return (
        Member(intake.app.SERVICE, intake.settings.Settings(data=data, **given), intake.app.create_app),
        Member(provider_contact.app.SERVICE, provider_contact.settings.Settings(data=data, **given), provider_contact.app.create_app),
        Member(routing.app.SERVICE, routing.settings.Settings(data=data, **given), routing.app.create_app),
        Member(analytics.app.SERVICE, analytics.settings.Settings(data=data, **given), analytics.app.create_app),
    )
