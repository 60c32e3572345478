"""The webhook that Telegram's servers call."""

import hmac
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from fastapi.security import APIKeyHeader

from intake.channels.telegram.schemas.updates import UpdateIn, UpdateStored
from intake.channels.telegram.service.updates import store_updates
from intake.register.dependencies import Intake, IntakeDep
from intake.settings import Settings
from shared.auth import needs_token
from shared.dependencies import UnitsOfWorkDep
from shared.errors import NotFound, Unauthorized, responses
from shared.http import body

router = APIRouter(tags=["gateways"])

secret_header: Final = APIKeyHeader(
    name="X-Telegram-Bot-Api-Secret-Token",
    scheme_name="telegram",
    description="The secret that Telegram was given together with the address.",
    auto_error=False,
)


@needs_token
async def _require_telegram(intake: IntakeDep, secret: Annotated[str | None, Depends(secret_header)]) -> None:
    settings = _settings(intake)
    if settings.telegram_token is None or settings.telegram_secret is None:
        raise NotFound
    expected = settings.telegram_secret.get_secret_value()
    if not hmac.compare_digest((secret or "").encode("utf-8", "replace"), expected.encode()):
        raise Unauthorized


@router.post(
    "/v1/channels/telegram/webhook",
    dependencies=[Depends(_require_telegram)],
    responses=responses(NotFound, Unauthorized),
    status_code=200,
    operation_id="receive_telegram_update",
)
async def receive_update(intake: IntakeDep, units: UnitsOfWorkDep, update: Annotated[UpdateIn, body(UpdateIn)]) -> UpdateStored:
    """Store an update of the Telegram Bot API. It is handled after it is acknowledged; a repeat changes nothing."""
    if update.chat_id is not None:
        async with units.write() as work:
            await store_updates(work, [update], timedelta(milliseconds=_settings(intake).telegram_settle_ms))
    return UpdateStored()


def _settings(intake: Intake) -> Settings:
    return intake.parts.settings
