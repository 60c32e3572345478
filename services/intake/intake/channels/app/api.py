"""What a mobile application needs beside filing and tracking: one's own appeals, what has changed, and a stream of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, ConfigDict

from intake.channels.partner import repository
from intake.channels.partner.schemas import EXAMPLE_ID
from intake.channels.partner.service import feed
from intake.channels.partner.service.feed import Reader
from intake.register.dependencies import CurrentIntake
from intake.register.models import Appeal, Tracking
from intake.register.service.registration import shown_status
from shared.auth import Principal, require
from shared.errors import Forbidden, InvalidInput, TooMany, Unauthorized, responses
from shared.etags import NOT_MODIFIED, IfNoneMatch, conditional
from shared.http import DEFAULT_LIMIT, Cursor, CursorText, KnownQuery, Limit, ListResponse
from shared.service import Parts

router = APIRouter()

RETRY_MS: Final = 3000  # after which a client whose stream ended comes again
AT_ONCE: Final = 100  # updates read for a stream at a time

Own = Annotated[Principal, Depends(require("applicant", "partner"))]
Applicant = Annotated[Principal, Depends(require("applicant"))]
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", description="The last event that you have seen.")]


class OwnAppeal(BaseModel):
    """An appeal in the list of whoever filed it."""

    appeal_id: UUID
    number: str
    external_number: str | None
    kind: str | None
    region: str
    status: str
    holder: str
    received_at: datetime
    registered_at: datetime
    due_at: datetime | None
    outcome: str | None
    answered_at: datetime | None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "appeal_id": EXAMPLE_ID,
                    "number": "2026-43-0000017-4",
                    "external_number": None,
                    "kind": "COMPLAINT",
                    "region": "KZ-43",
                    "status": "IN_REVIEW",
                    "holder": "FUND_TIER2",
                    "received_at": "2026-02-02T09:15:00Z",
                    "registered_at": "2026-02-02T09:15:00Z",
                    "due_at": "2026-02-23T18:59:59Z",
                    "outcome": None,
                    "answered_at": None,
                }
            ]
        }
    )


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
    async with intake.parts.database.read() as session:
        return await repository.last_position(session)


async def _woken(intake: CurrentIntake, owner: Applicant) -> AsyncIterator[asyncio.Event]:
    """What wakes the stream, taken before its answer begins, as there may be too many."""
    async with intake.watch.listen(feed.key_of(intake.parts, owner), owner.expires_at) as woken:
        yield woken


@router.get("/v1/events", response_class=EventSourceResponse, responses=responses(Unauthorized, Forbidden, InvalidInput, TooMany))
async def stream_events(
    intake: CurrentIntake,
    owner: Applicant,
    position: Annotated[int, Depends(_position)],
    woken: Annotated[asyncio.Event, Depends(_woken)],
) -> AsyncIterator[ServerSentEvent]:
    """Updates of your appeals as they happen (`event: update`), those behind `Last-Event-ID` first; without it from now on.

    It ends with the token: come again with a new one and the last id that you saw.
    """
    reader = Reader(feed.key_of(intake.parts, owner))
    yield ServerSentEvent(comment="open", retry=RETRY_MS)
    while not (intake.watch.is_over or intake.watch.is_past(owner.expires_at)):
        woken.clear()
        found = await feed.after(intake.parts, reader, position, AT_ONCE)
        for update in found:
            yield ServerSentEvent(id=update.cursor, event="update", data=update)
        if found:
            position = feed.position_of(found[-1].cursor)
        if len(found) < AT_ONCE:
            await woken.wait()


async def own_appeals(parts: Parts, owner: bytes, cursor: str | None, limit: int) -> ListResponse[OwnAppeal]:
    """Raises InvalidInput for a cursor that is none."""
    before = None if cursor is None else _id_behind(cursor)
    now = parts.clock.now()
    async with parts.database.read() as session:
        found = await repository.owned_appeals(session, owner, before, limit + 1)
        total = await repository.count_owned_appeals(session, owner)
        numbers = await repository.external_numbers(session, [appeal.id for appeal, _ in found[:limit]])
    opened = {one: parts.sealer.open("external_number", one, "number", sealed).decode() for one, sealed in numbers.items()}
    items = [_shown(appeal, tracking, opened.get(appeal.id), now) for appeal, tracking in found[:limit]]
    following = Cursor.encode(str(items[-1].appeal_id)) if len(found) > limit else None
    return ListResponse(items=items, total=total, next_cursor=following)


def _shown(appeal: Appeal, tracking: Tracking, external_number: str | None, now: datetime) -> OwnAppeal:
    told = tracking.model_dump(include={"appeal_id", "region", "holder", "due_at", "outcome", "answered_at"})
    return OwnAppeal(
        number=appeal.number,
        external_number=external_number,
        kind=tracking.kind,
        status=shown_status(tracking.status, appeal.registered_at, now),
        received_at=appeal.received_at,
        registered_at=appeal.registered_at,
        **told,
    )


def _id_behind(cursor: str) -> UUID:
    try:
        return UUID(Cursor.decode(cursor, str)[0])
    except ValueError:
        raise InvalidInput.field("cursor", "bad-cursor", "The cursor is not one of this list.") from None
