"""The calls of partners and backends: the feed of updates, subscriptions to webhooks, and what was forwarded to a partner's body."""

from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends

from intake.channels.partner import feed, forwarding, webhooks
from intake.channels.partner.addresses import Guard
from intake.channels.partner.feed import Reader
from intake.channels.partner.schemas import (
    Delivered,
    Forwarded,
    NewSecret,
    Replayed,
    ReplayIn,
    Subscribed,
    SubscribedWithSecret,
    SubscriptionIn,
    Updates,
)
from intake.errors import TooManySubscriptions
from intake.settings import Settings
from intake.state import CurrentIntake
from shared.auth import CurrentPrincipal, Principal, require
from shared.errors import Forbidden, InvalidInput, NotFound, TooMany, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, body

router = APIRouter()

ALWAYS: Final = (Unauthorized, Forbidden, TooMany)


async def _reader(intake: CurrentIntake, principal: CurrentPrincipal) -> Reader:
    """Who reads, within its limit."""
    reader = feed.reader_of(intake.parts, principal)
    intake.spend(principal)
    return reader


CurrentReader = Annotated[Reader, Depends(_reader)]


@router.get("/v1/updates", responses=responses(*ALWAYS, InvalidInput))
async def list_updates(
    intake: CurrentIntake, reader: CurrentReader, _query: KnownQuery, cursor: CursorText = None, limit: Limit = DEFAULT_LIMIT
) -> Updates:
    """What happened to your appeals, in the order in which it was committed, without gaps: keep `next_cursor` and ask again."""
    return await feed.page(intake.parts, reader, cursor, limit)


@router.get("/v1/forwardings/{appeal_id}", responses=responses(*ALWAYS, InvalidInput, NotFound))
async def read_forwarded(
    appeal_id: UUID, intake: CurrentIntake, partner: Annotated[Principal, Depends(require("partner"))], _query: KnownQuery
) -> Forwarded:
    """An appeal that was forwarded to you, with its words; each read is noted."""
    intake.spend(partner)
    return await forwarding.read(intake.parts, partner, appeal_id)


@router.post("/v1/subscriptions", status_code=201, responses=responses(*ALWAYS, TooManySubscriptions))
async def create_subscription(
    intake: CurrentIntake, reader: CurrentReader, wanted: Annotated[SubscriptionIn, body(SubscriptionIn)]
) -> SubscribedWithSecret:
    """Have updates sent to you, signed by Standard Webhooks. The secret is shown this once."""
    return await webhooks.subscribe(intake.parts, Guard.of(cast("Settings", intake.parts.settings)), reader, wanted)


@router.get("/v1/subscriptions", responses=responses(*ALWAYS, InvalidInput))
async def list_subscriptions(intake: CurrentIntake, reader: CurrentReader, _query: KnownQuery) -> ListResponse[Subscribed]:
    """Yours; a page holds them all."""
    return await webhooks.subscriptions(intake.parts, reader)


@router.delete("/v1/subscriptions/{subscription_id}", status_code=204, responses=responses(*ALWAYS, InvalidInput, NotFound))
async def delete_subscription(subscription_id: UUID, intake: CurrentIntake, reader: CurrentReader) -> None:
    """Nothing more is sent; its log is forgotten."""
    await webhooks.unsubscribe(intake.parts, reader, subscription_id)


@router.post("/v1/subscriptions/{subscription_id}/secret", responses=responses(*ALWAYS, InvalidInput, NotFound))
async def renew_subscription_secret(subscription_id: UUID, intake: CurrentIntake, reader: CurrentReader) -> NewSecret:
    """A new secret; the former one signs beside it for a day, so that nothing is lost while you change over."""
    return await webhooks.renew_secret(intake.parts, reader, subscription_id)


@router.get("/v1/subscriptions/{subscription_id}/deliveries", responses=responses(*ALWAYS, InvalidInput, NotFound))
async def list_deliveries(
    subscription_id: UUID,
    intake: CurrentIntake,
    reader: CurrentReader,
    _query: KnownQuery,
    cursor: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ListResponse[Delivered]:
    """What was sent and what waits, newest first, with the receiver's latest answer."""
    return await webhooks.deliveries(intake.parts, reader, subscription_id, cursor, limit)


@router.post("/v1/subscriptions/{subscription_id}/replay", responses=responses(*ALWAYS, NotFound))
async def replay_deliveries(
    subscription_id: UUID, intake: CurrentIntake, reader: CurrentReader, wanted: Annotated[ReplayIn, body(ReplayIn)]
) -> Replayed:
    """Send again, under the same `webhook-id`s; a disabled subscription becomes active."""
    return await webhooks.replay(intake.parts, reader, subscription_id, wanted)
