"""Routes for partners and backends: the feed of updates, subscriptions to webhooks, and forwarded appeals."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Response

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
    TestDelivered,
    Updates,
)
from intake.channels.partner.service import feed, forwarding, webhooks
from intake.channels.partner.service.feed import Reader
from intake.channels.partner.service.sending import WebhookSender
from intake.register.dependencies import IntakeDep
from shared.auth import Principal, PrincipalDep, needs_token, require
from shared.dependencies import OnceDep, ReadDep, UnitOfWorkDep
from shared.errors import Forbidden, InvalidInput, NotFound, TooMany, Unauthorized, Unavailable, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, StrictModel, body
from shared.idempotency import IdempotencyKeyReused
from shared.outgoing.addresses import AddressGuard
from shared.unit_of_work import UnitOfWork

router = APIRouter()

ALWAYS: Final = (Unauthorized, Forbidden, TooMany)


@needs_token
async def _reader(intake: IntakeDep, principal: PrincipalDep) -> Reader:
    """Return the reader behind the token, within its rate limit."""
    reader = feed.reader_of(intake.parts.settings, intake.parts.pepper, principal)
    intake.spend(principal)
    return reader


ReaderDep = Annotated[Reader, Depends(_reader)]


async def _partner(intake: IntakeDep, partner: Annotated[Principal, Depends(require("partner"))]) -> Principal:
    """Return the partner behind the token, within its rate limit."""
    intake.spend(partner)
    return partner


PartnerDep = Annotated[Principal, Depends(_partner)]


@router.get("/v1/updates", tags=["updates"], responses=responses(*ALWAYS, InvalidInput))
async def list_updates(
    reader: ReaderDep, _query: KnownQuery, work: ReadDep, cursor: CursorText = None, limit: Limit = DEFAULT_LIMIT
) -> Updates:
    """Return updates of your appeals in commit order, without gaps. Store `next_cursor` and send it with the next request."""
    return await feed.read_page(work, reader, cursor, limit)


@router.get("/v1/forwardings/{appeal_id}", tags=["updates"], responses=responses(*ALWAYS, InvalidInput, NotFound))
async def read_forwarded(appeal_id: UUID, partner: PartnerDep, _query: KnownQuery, work: UnitOfWorkDep) -> Forwarded:
    """Return an appeal that was forwarded to you, with its content. Every read is recorded in the audit log."""
    return await forwarding.read_forwarded(work, partner, appeal_id)


@router.post(
    "/v1/subscriptions",
    tags=["subscriptions"],
    status_code=201,
    response_model=SubscribedWithSecret,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, TooManySubscriptions),
)
async def create_subscription(
    intake: IntakeDep, reader: ReaderDep, once: OnceDep, wanted: Annotated[SubscriptionIn, body(SubscriptionIn)]
) -> Response:
    """Subscribe to updates, sent to you and signed by Standard Webhooks. The secret is shown only here."""
    guard = AddressGuard.of(intake.parts.settings)

    async def check() -> None:
        await webhooks.check(guard, wanted)

    async def subscribe(work: UnitOfWork) -> SubscribedWithSecret:
        return await webhooks.subscribe(work, reader, wanted)

    return await once("subscribe", wanted, subscribe, status=201, before=check)


@router.get("/v1/subscriptions", tags=["subscriptions"], responses=responses(*ALWAYS, InvalidInput))
async def list_subscriptions(
    reader: ReaderDep, _query: KnownQuery, work: ReadDep, cursor: CursorText = None, limit: Limit = DEFAULT_LIMIT
) -> ListResponse[Subscribed]:
    """List your subscriptions, oldest first."""
    return await webhooks.subscriptions(work, reader, cursor, limit)


@router.delete(
    "/v1/subscriptions/{subscription_id}",
    tags=["subscriptions"],
    status_code=204,
    response_class=Response,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, NotFound),
)
async def delete_subscription(subscription_id: UUID, reader: ReaderDep, once: OnceDep) -> Response:
    """Delete a subscription and the log of its deliveries. Nothing more is sent."""

    async def unsubscribe(work: UnitOfWork) -> None:
        await webhooks.unsubscribe(work, reader, subscription_id)

    return await once(f"unsubscribe {subscription_id}", StrictModel(), unsubscribe, status=204)


@router.post(
    "/v1/subscriptions/{subscription_id}/secret",
    tags=["subscriptions"],
    response_model=NewSecret,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, NotFound),
)
async def renew_subscription_secret(subscription_id: UUID, reader: ReaderDep, once: OnceDep) -> Response:
    """Get a new secret. The former one also signs for a day, so that nothing is lost while you switch."""

    async def renew(work: UnitOfWork) -> NewSecret:
        return await webhooks.renew_secret(work, reader, subscription_id)

    async def check_visible(work: UnitOfWork) -> None:
        await webhooks.own_subscription(work, reader, subscription_id)

    return await once(f"renew the secret of {subscription_id}", StrictModel(), renew, check_visible=check_visible)


@router.post(
    "/v1/subscriptions/{subscription_id}/test",
    tags=["subscriptions"],
    response_model=TestDelivered,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, NotFound),
)
async def send_test_update(intake: IntakeDep, subscription_id: UUID, reader: ReaderDep, once: OnceDep) -> Response:
    """Send a test update to your address at once, signed as any other, and return how your server answered.

    Its type is `test` and its data is the id of the subscription. It is neither repeated nor listed among the deliveries, and a disabled
    subscription stays disabled.
    """
    answers: list[TestDelivered] = []

    async def send() -> None:
        async with intake.parts.units.read() as work:
            subscription = await webhooks.own_subscription(work, reader, subscription_id)
        answers.append(await WebhookSender(intake.parts).send_test(subscription))

    async def answer(_work: UnitOfWork) -> TestDelivered:
        if not answers:  # the first request under this key has ended between the two looks at it
            raise Unavailable
        return answers[0]

    async def check_visible(work: UnitOfWork) -> None:
        await webhooks.own_subscription(work, reader, subscription_id)

    return await once(f"test {subscription_id}", StrictModel(), answer, before=send, check_visible=check_visible)


@router.get("/v1/subscriptions/{subscription_id}/deliveries", tags=["subscriptions"], responses=responses(*ALWAYS, InvalidInput, NotFound))
async def list_deliveries(
    subscription_id: UUID,
    reader: ReaderDep,
    _query: KnownQuery,
    work: ReadDep,
    cursor: CursorText = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ListResponse[Delivered]:
    """List the deliveries of a subscription, newest first, with the receiver's latest answer."""
    return await webhooks.deliveries(work, reader, subscription_id, cursor, limit)


@router.post(
    "/v1/subscriptions/{subscription_id}/replay",
    tags=["subscriptions"],
    response_model=Replayed,
    responses=responses(*ALWAYS, InvalidInput, IdempotencyKeyReused, NotFound),
)
async def replay_deliveries(
    subscription_id: UUID,
    reader: ReaderDep,
    once: OnceDep,
    wanted: Annotated[ReplayIn, body(ReplayIn)],
) -> Response:
    """Send updates again under the same `webhook-id`s. A disabled subscription becomes active."""

    async def replay(work: UnitOfWork) -> Replayed:
        return await webhooks.replay(work, reader, subscription_id, wanted)

    async def check_visible(work: UnitOfWork) -> None:
        await webhooks.own_subscription(work, reader, subscription_id)

    return await once(f"replay {subscription_id}", wanted, replay, check_visible=check_visible)
