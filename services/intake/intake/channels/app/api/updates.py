"""The application's calls beside filing and tracking: one's own appeals, and a stream of their updates."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from intake.channels.partner.service import feed
from intake.channels.partner.service.feed import Reader
from intake.channels.partner.service.own_appeals import OwnAppeal, own_appeals
from intake.channels.partner.service.update_streams import UpdateStreams
from intake.register.dependencies import IntakeDep
from shared.auth import Principal, require
from shared.dependencies import UnitsOfWorkDep
from shared.errors import Forbidden, InvalidInput, TooMany, Unauthorized, responses
from shared.etags import NOT_MODIFIED, IfNoneMatch, conditional
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse

router = APIRouter()

RETRY_MS: Final = 3000  # how long a client waits before it reconnects
STREAM_BATCH: Final = 100  # updates that a stream reads at a time

OwnerDep = Annotated[Principal, Depends(require("applicant", "partner"))]
ApplicantDep = Annotated[Principal, Depends(require("applicant"))]
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", description="The last event that you have received.")]


async def update_streams(request: Request) -> UpdateStreams:
    found: UpdateStreams = request.app.state.update_streams
    return found


UpdateStreamsDep = Annotated[UpdateStreams, Depends(update_streams)]


@router.get(
    "/v1/appeals",
    tags=["appeals"],
    response_model=ListResponse[OwnAppeal],
    responses={**responses(Unauthorized, Forbidden, InvalidInput, TooMany), **NOT_MODIFIED},
)
async def list_own_appeals(
    intake: IntakeDep,
    owner: OwnerDep,
    _query: KnownQuery,
    units: UnitsOfWorkDep,
    cursor: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
    known: IfNoneMatch = None,
) -> Response:
    """List the appeals that you filed with this token, newest first. A partner's list has the appeals that it passed on."""
    intake.spend(owner)
    async with units.read() as work:
        page = await own_appeals(work, feed.key_of(work.pepper, owner), cursor, limit)
    return conditional(page, known)


async def _start_position(units: UnitsOfWorkDep, _owner: ApplicantDep, _query: KnownQuery, last_event_id: LastEventId = None) -> int:
    """Return the position after which a stream starts: the client's last event, otherwise the newest update."""
    if last_event_id is not None:
        return feed.position_of(last_event_id)
    async with units.read() as work:
        return await feed.last_position(work)


async def _update_signal(intake: IntakeDep, streams: UpdateStreamsDep, owner: ApplicantDep) -> AsyncIterator[asyncio.Event]:
    """Open the stream before the response starts, because there may be too many (429)."""
    async with streams.open(feed.key_of(intake.parts.pepper, owner), owner.expires_at) as signal:
        yield signal


@router.get(
    "/v1/events", tags=["updates"], response_class=EventSourceResponse, responses=responses(Unauthorized, Forbidden, InvalidInput, TooMany)
)
async def stream_events(
    intake: IntakeDep,
    streams: UpdateStreamsDep,
    owner: ApplicantDep,
    units: UnitsOfWorkDep,
    position: Annotated[int, Depends(_start_position)],
    signal: Annotated[asyncio.Event, Depends(_update_signal)],
) -> AsyncIterator[ServerSentEvent]:
    """Stream updates of your appeals as they happen (`event: update`), first those after `Last-Event-ID`; without it, from now on.

    The stream ends when the token expires: reconnect with a new token and the last id that you received.
    """
    reader = Reader(feed.key_of(intake.parts.pepper, owner))
    yield ServerSentEvent(comment="open", retry=RETRY_MS)
    while not (streams.is_over or streams.has_expired(owner.expires_at)):
        signal.clear()
        async with units.read() as work:
            found = await feed.updates_after(work, reader, position, STREAM_BATCH)
        for update in found:
            yield ServerSentEvent(id=update.cursor, event="update", data=update)
        if found:
            position = feed.position_of(found[-1].cursor)
        if len(found) < STREAM_BATCH:
            await signal.wait()
