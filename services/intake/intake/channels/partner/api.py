"""Routes for partners and backends: the feed of updates, subscriptions to webhooks, and forwarded appeals."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from intake.channels.partner.errors import TooManySubscriptions
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
from intake.channels.partner.service import feed, forwarding, webhooks
from intake.channels.partner.service.addresses import AddressGuard
from intake.channels.partner.service.feed import Reader
from intake.register.dependencies import CurrentIntake
from intake.settings import Settings
from shared.auth import CurrentPrincipal, Principal, needs_token, require
from shared.errors import Forbidden, InvalidInput, NotFound, TooMany, Unauthorized, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, StrictModel, body
from shared.idempotency import IdempotencyKey, IdempotencyKeyReused, scope_of

router = APIRouter()

ALWAYS: Final = (Unauthorized, Forbidden, TooMany)


@needs_token
async def _reader(intake: CurrentIntake, principal: CurrentPrincipal) -> Reader:
    """Return the reader behind the token, within its rate limit."""
    reader = feed.reader_of(intake.parts, principal)
    intake.spend(principal)
    return reader


CurrentReader = Annotated[Reader, Depends(_reader)]
WriteFunction = Callable[[AsyncSession], Awaitable[BaseModel | None]]


class _IdempotentWrite:
    """Does a write once under the Idempotency-Key of the request."""

    def __init__(self, intake: CurrentIntake, principal: CurrentPrincipal, key: IdempotencyKey = None) -> None:
        self._parts, self._principal, self._key = intake.parts, principal, key

    async def __call__(
        self,
        operation: str,
        command: BaseModel,
        work: WriteFunction,
        *,
        status: int = 200,
        before: Callable[[], Awaitable[None]] | None = None,
        check_visible: Callable[[AsyncSession], Awaitable[object]] | None = None,
    ) -> Response:
        store, scope = self._parts.idempotency, scope_of(self._principal)
        request = store.request(scope, self._key, operation, command) if self._key else None
        return await store.once(
            self._parts.database, self._parts.clock, request, work, status=status, before=before, check_visible=check_visible
        )


OnceDep = Annotated[_IdempotentWrite, Depends()]


@router.get("/v1/updates", responses=responses(*ALWAYS, InvalidInput))
async def list_updates(
    intake: CurrentIntake, reader: CurrentReader, _query: KnownQuery, cursor: CursorText = None, limit: Limit = DEFAULT_LIMIT
) -> Updates:
    """Return updates of your appeals in commit order, without gaps. Store `next_cursor` and send it with the next request."""
    return await feed.read_page(intake.parts, reader, cursor, limit)


@router.get("/v1/forwardings/{appeal_id}", responses=responses(*ALWAYS, InvalidInput, NotFound))
async def read_forwarded(
    appeal_id: UUID, intake: CurrentIntake, partner: Annotated[Principal, Depends(require("partner"))], _query: KnownQuery
) -> Forwarded:
    """Return an appeal that was forwarded to you, with its content. Every read is recorded in the audit log."""
    intake.spend(partner)
    return await forwarding.read_forwarded(intake.parts, partner, appeal_id)


@router.post(
    "/v1/subscriptions",
    status_code=201,
    response_model=SubscribedWithSecret,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, TooManySubscriptions),
)
async def create_subscription(
    intake: CurrentIntake, reader: CurrentReader, once: OnceDep, wanted: Annotated[SubscriptionIn, body(SubscriptionIn)]
) -> Response:
    """Subscribe to updates, sent to you and signed by Standard Webhooks. The secret is shown only here."""
    guard = AddressGuard.of(cast("Settings", intake.parts.settings))

    async def check() -> None:
        await webhooks.check(guard, wanted)

    async def work(session: AsyncSession) -> SubscribedWithSecret:
        return await webhooks.subscribe(session, intake.parts, reader, wanted)

    return await once("subscribe", wanted, work, status=201, before=check)


@router.get("/v1/subscriptions", responses=responses(*ALWAYS, InvalidInput))
async def list_subscriptions(
    intake: CurrentIntake, reader: CurrentReader, _query: KnownQuery, cursor: CursorText = None, limit: Limit = DEFAULT_LIMIT
) -> ListResponse[Subscribed]:
    """List your subscriptions, oldest first."""
    return await webhooks.subscriptions(intake.parts, reader, cursor, limit)


@router.delete(
    "/v1/subscriptions/{subscription_id}",
    status_code=204,
    response_class=Response,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, NotFound),
)
async def delete_subscription(subscription_id: UUID, reader: CurrentReader, once: OnceDep) -> Response:
    """Delete a subscription and the log of its deliveries. Nothing more is sent."""

    async def work(session: AsyncSession) -> None:
        await webhooks.unsubscribe(session, reader, subscription_id)

    return await once(f"unsubscribe {subscription_id}", StrictModel(), work, status=204)


@router.post(
    "/v1/subscriptions/{subscription_id}/secret",
    response_model=NewSecret,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, NotFound),
)
async def renew_subscription_secret(subscription_id: UUID, intake: CurrentIntake, reader: CurrentReader, once: OnceDep) -> Response:
    """Get a new secret. The former one also signs for a day, so that nothing is lost while you switch."""

    async def work(session: AsyncSession) -> NewSecret:
        return await webhooks.renew_secret(session, intake.parts, reader, subscription_id)

    async def check_visible(session: AsyncSession) -> None:
        await webhooks.own_subscription(session, reader, subscription_id)

    return await once(f"renew the secret of {subscription_id}", StrictModel(), work, check_visible=check_visible)


@router.get("/v1/subscriptions/{subscription_id}/deliveries", responses=responses(*ALWAYS, InvalidInput, NotFound))
async def list_deliveries(
    subscription_id: UUID,
    intake: CurrentIntake,
    reader: CurrentReader,
    _query: KnownQuery,
    cursor: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ListResponse[Delivered]:
    """List the deliveries of a subscription, newest first, with the receiver's latest answer."""
    return await webhooks.deliveries(intake.parts, reader, subscription_id, cursor, limit)


@router.post(
    "/v1/subscriptions/{subscription_id}/replay",
    response_model=Replayed,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, NotFound),
)
async def replay_deliveries(
    subscription_id: UUID,
    intake: CurrentIntake,
    reader: CurrentReader,
    once: OnceDep,
    wanted: Annotated[ReplayIn, body(ReplayIn)],
) -> Response:
    """Send updates again under the same `webhook-id`s. A disabled subscription becomes active."""

    async def work(session: AsyncSession) -> Replayed:
        return await webhooks.replay(session, intake.parts, reader, subscription_id, wanted)

    async def check_visible(session: AsyncSession) -> None:
        await webhooks.own_subscription(session, reader, subscription_id)

    return await once(f"replay {subscription_id}", wanted, work, check_visible=check_visible)
