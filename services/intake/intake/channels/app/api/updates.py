"""What a mobile application needs beside filing and tracking: one's own appeals, what has changed, and a stream of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from intake.channels.partner.service import feed
from intake.channels.partner.service.feed import Reader
from intake.channels.partner.service.own_appeals import OwnAppeal, own_appeals
from intake.channels.partner.service.watch import Watch
from intake.register.dependencies import CurrentIntake
from shared.auth import Principal, require
from shared.errors import Forbidden, InvalidInput, TooMany, Unauthorized, responses
from shared.etags import NOT_MODIFIED, IfNoneMatch, conditional
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse

router = APIRouter()

RETRY_MS: Final = 3000  # after which a client whose stream ended comes again
AT_ONCE: Final = 100  # updates read for a stream at a time

Own = Annotated[Principal, Depends(require("applicant", "partner"))]
Applicant = Annotated[Principal, Depends(require("applicant"))]
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", description="The last event that you have seen.")]


async def current_watch(request: Request) -> Watch:
    found: Watch = request.app.state.watch
    return found


CurrentWatch = Annotated[Watch, Depends(current_watch)]


@router.get(
    "/v1/appeals",
    response_model=ListResponse[OwnAppeal],
    responses={**responses(Unauthorized, Forbidden, InvalidInput, TooMany), **NOT_MODIFIED},
)
async def list_own_appeals(
    intake: CurrentIntake,
    owner: Own,
    _query: KnownQuery,
    cursor: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
    known: IfNoneMatch = None,
) -> Response:
    """The appeals that you filed by this token, newest first; a partner's are those it passed on."""
    intake.spend(owner)
    return conditional(await own_appeals(intake.parts, feed.key_of(intake.parts, owner), cursor, limit), known)


async def _position(intake: CurrentIntake, _owner: Applicant, _query: KnownQuery, last_event_id: LastEventId = None) -> int:
    """Behind which a stream begins: what the client has seen, else what there is."""
    if last_event_id is not None:
        return feed.position_of(last_event_id)
    return await feed.last_position(intake.parts)


async def _woken(intake: CurrentIntake, watch: CurrentWatch, owner: Applicant) -> AsyncIterator[asyncio.Event]:
    """What wakes the stream, taken before its answer begins, as there may be too many."""
    async with watch.listen(feed.key_of(intake.parts, owner), owner.expires_at) as woken:
        yield woken


@router.get("/v1/events", response_class=EventSourceResponse, responses=responses(Unauthorized, Forbidden, InvalidInput, TooMany))
async def stream_events(
    intake: CurrentIntake,
    watch: CurrentWatch,
    owner: Applicant,
    position: Annotated[int, Depends(_position)],
    woken: Annotated[asyncio.Event, Depends(_woken)],
) -> AsyncIterator[ServerSentEvent]:
    """Updates of your appeals as they happen (`event: update`), those behind `Last-Event-ID` first; without it from now on.

    It ends with the token: come again with a new one and the last id that you saw.
    """
    reader = Reader(feed.key_of(intake.parts, owner))
    yield ServerSentEvent(comment="open", retry=RETRY_MS)
    while not (watch.is_over or watch.is_past(owner.expires_at)):
        woken.clear()
        found = await feed.after(intake.parts, reader, position, AT_ONCE)
        for update in found:
            yield ServerSentEvent(id=update.cursor, event="update", data=update)
        if found:
            position = feed.position_of(found[-1].cursor)
        if len(found) < AT_ONCE:
            await woken.wait()
