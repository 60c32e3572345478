"""Routes of a provider's own system: its webhook, the log of its deliveries, test and replay."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from provider_contact.deliveries.schemas import (
    NewWebhookSecret,
    ReplayRequest,
    WebhookDelivery,
    WebhookReplayed,
    WebhookRequest,
    WebhookTested,
    WebhookView,
    WebhookWithSecret,
)
from provider_contact.deliveries.service import webhooks
from provider_contact.deliveries.service.webhook_sending import ProviderWebhookSender
from shared.auth import Principal, require
from shared.dependencies import OnceDep, ReadDep, UnitsOfWorkDep
from shared.errors import Forbidden, InvalidInput, NotFound, Unauthorized, Unavailable, responses
from shared.http import DEFAULT_LIMIT, CursorText, KnownQuery, Limit, ListResponse, StrictModel, body
from shared.idempotency import IdempotencyKeyReused
from shared.outgoing.addresses import AddressGuard
from shared.unit_of_work import UnitOfWork

PATH: Final = "/v1/webhook"
READ_ERRORS = responses(Unauthorized, Forbidden, NotFound, InvalidInput)
WRITE_ERRORS = responses(Unauthorized, Forbidden, NotFound, InvalidInput, IdempotencyKeyReused)

router = APIRouter(tags=["webhook"])


async def _provider_id(principal: Annotated[Principal, Depends(require("provider"))]) -> UUID:
    """Return the provider of the token. Raises Forbidden for a token that names none."""
    if principal.provider_id is None:
        raise Forbidden
    return principal.provider_id


ProviderIdDep = Annotated[UUID, Depends(_provider_id)]


@router.put(PATH, response_model=WebhookWithSecret, responses=WRITE_ERRORS)
async def set_provider_webhook(
    request: Request, provider_id: ProviderIdDep, once: OnceDep, wanted: Annotated[WebhookRequest, body(WebhookRequest)]
) -> Response:
    """Set the URL to which notices of your inquiries are sent, signed by Standard Webhooks. A new webhook's secret is shown only here."""
    guard = AddressGuard.of(request.app.state.parts.settings)

    async def check() -> None:
        await guard.check(wanted.url)

    async def set_(work: UnitOfWork) -> WebhookWithSecret:
        return await webhooks.set_webhook(work, provider_id, wanted)

    return await once(f"set webhook of {provider_id}", wanted, set_, before=check)


@router.get(PATH, responses=READ_ERRORS)
async def read_provider_webhook(provider_id: ProviderIdDep, _query: KnownQuery, work: ReadDep) -> WebhookView:
    """Return your webhook."""
    return await webhooks.read_webhook(work, provider_id)


@router.delete(PATH, status_code=204, response_class=Response, responses=WRITE_ERRORS)
async def delete_provider_webhook(provider_id: ProviderIdDep, once: OnceDep) -> Response:
    """Delete your webhook. Notices that wait for it, and later ones, go by mail."""

    async def delete(work: UnitOfWork) -> None:
        await webhooks.delete_webhook(work, provider_id)

    return await once(f"delete webhook of {provider_id}", StrictModel(), delete, status=204)


@router.post(f"{PATH}/secret", response_model=NewWebhookSecret, responses=WRITE_ERRORS)
async def renew_provider_webhook_secret(provider_id: ProviderIdDep, once: OnceDep) -> Response:
    """Get a new secret. The former one also signs for a day, so that nothing is lost while you switch."""

    async def renew(work: UnitOfWork) -> NewWebhookSecret:
        return await webhooks.renew_secret(work, provider_id)

    return await once(f"renew webhook secret of {provider_id}", StrictModel(), renew)


@router.post(f"{PATH}/test", response_model=WebhookTested, responses=WRITE_ERRORS)
async def send_test_webhook(request: Request, provider_id: ProviderIdDep, once: OnceDep, units: UnitsOfWorkDep) -> Response:
    """Send a message of the type `test` to your URL at once, signed as any other, and return how your system answered."""
    answers: list[WebhookTested] = []

    async def send() -> None:
        async with units.read() as work:
            webhook = await webhooks.own_webhook(work, provider_id)
        answers.append(await ProviderWebhookSender(request.app.state.parts).send_test(webhook))

    async def answer(_work: UnitOfWork) -> WebhookTested:
        if not answers:  # the first request under this key has ended between the two looks at it
            raise Unavailable
        return answers[0]

    return await once(f"test webhook of {provider_id}", StrictModel(), answer, before=send)


@router.get(f"{PATH}/deliveries", responses=READ_ERRORS)
async def list_webhook_deliveries(
    provider_id: ProviderIdDep, _query: KnownQuery, work: ReadDep, cursor: CursorText = None, limit: Limit = DEFAULT_LIMIT
) -> ListResponse[WebhookDelivery]:
    """List the deliveries to your system, newest first, with its latest answer to each."""
    return await webhooks.delivery_log(work, provider_id, cursor, limit)


@router.post(f"{PATH}/replay", response_model=WebhookReplayed, responses=WRITE_ERRORS)
async def replay_webhook_deliveries(
    provider_id: ProviderIdDep, once: OnceDep, wanted: Annotated[ReplayRequest, body(ReplayRequest)]
) -> Response:
    """Send deliveries again under their `webhook-id`s: those of the last days, or of these ids. A disabled webhook becomes active."""

    async def replay(work: UnitOfWork) -> WebhookReplayed:
        return await webhooks.replay(work, provider_id, wanted)

    return await once(f"replay webhooks of {provider_id}", wanted, replay)
