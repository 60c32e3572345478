"""The rosters of one process: the doctors of organisations, asked of provider-contact and stored for some minutes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import httpx
import structlog
from fastapi import Depends, Request

from intake.ratings.policy import rating_policy
from intake.ratings.service.doctors import ListedDoctor
from shared.clock import Clock
from shared.errors import Unavailable
from shared.http import ListResponse

OWNER: Final = "provider-contact"
PAGE: Final = 200  # doctors: the largest page of a list (`shared.http.Limit`)
PAGES: Final = 10  # of a roster: 2 000 doctors are more than any hospital of the country has

log = structlog.get_logger()


class Rosters:
    """Asks provider-contact for the doctors of an organisation. Pages, routes and the bot share it.

    After a failure nobody asks again for some seconds, so that a person waits once at most.
    """

    def __init__(self, client_for: Callable[[str], httpx.AsyncClient], clock: Clock) -> None:
        """`client_for` returns an HTTP client for a service; it raises Unavailable without an address of it."""
        self._client_for = client_for
        self._clock = clock
        self._stored: OrderedDict[UUID, tuple[datetime, Sequence[ListedDoctor]]] = OrderedDict()
        self._paused_until: datetime | None = None
        self._asking = asyncio.Lock()

    async def doctors(self, provider_id: UUID) -> Sequence[ListedDoctor] | None:
        """Return the doctors who work for an organisation today; None if provider-contact does not answer now."""
        found = self._fresh(provider_id)
        if found is not None:
            return found
        async with self._asking:
            if (found := self._fresh(provider_id)) is not None:
                return found
            if self._paused_until is not None and self._clock.now() < self._paused_until:
                return None
            return await self._ask(provider_id)

    def _fresh(self, provider_id: UUID) -> Sequence[ListedDoctor] | None:
        until, found = self._stored.get(provider_id, (None, None))
        return found if until is not None and self._clock.now() < until else None

    async def _ask(self, provider_id: UUID) -> Sequence[ListedDoctor] | None:
        policy = rating_policy()
        try:
            async with asyncio.timeout(policy.roster_seconds):  # a client within the process knows no time-out of its own
                found = await self._read(provider_id)
        except (httpx.HTTPError, Unavailable, TimeoutError, ValueError) as error:
            self._paused_until = self._clock.now() + timedelta(seconds=policy.roster_pause_seconds)
            log.warning("the rosters of doctors are not available", reason=type(error).__name__)
            return None
        self._paused_until = None
        self._stored[provider_id] = (self._clock.now() + timedelta(minutes=policy.roster_minutes), found)
        self._stored.move_to_end(provider_id)
        while len(self._stored) > policy.rosters_stored:
            self._stored.popitem(last=False)
        return found

    async def _read(self, provider_id: UUID) -> Sequence[ListedDoctor]:
        """Return the whole roster. Raises HTTPError, Unavailable, and ValueError for an answer of another shape."""
        found: list[ListedDoctor] = []
        cursor: str | None = None
        for _ in range(PAGES):
            query = {"provider_id": str(provider_id), "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
            answer = (await self._client_for(OWNER).get(f"/{OWNER}/v1/doctors", params=query)).raise_for_status()
            page = ListResponse[ListedDoctor].model_validate_json(answer.content)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found
        raise ValueError("the roster is too long")


async def current_rosters(request: Request) -> Rosters:
    """Return the rosters of this process."""
    found: Rosters = request.app.state.rosters
    return found


RostersDep = Annotated[Rosters, Depends(current_rosters)]
