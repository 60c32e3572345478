"""The webhook that Telegram's servers call."""

import hmac
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header

from intake.channels.telegram.schemas.updates import UpdateIn
from intake.channels.telegram.service.updates import store_updates
from intake.register.dependencies import Intake, IntakeDep
from intake.settings import Settings
from shared.dependencies import UnitsOfWorkDep
from shared.errors import NotFound, Unauthorized, responses
from shared.http import body

router = APIRouter()

Secret = Annotated[str, Header(alias="X-Telegram-Bot-Api-Secret-Token", description="as given to Telegram with the address")]


async def _require_telegram(intake: IntakeDep, secret: Secret = "") -> None:
    settings = _settings(intake)
    if settings.telegram_token is None or settings.telegram_secret is None:
        raise NotFound
    expected = settings.telegram_secret.get_secret_value()
    if not hmac.compare_digest(secret.encode("utf-8", "replace"), expected.encode()):
        raise Unauthorized


@router.post(
    "/v1/channels/telegram/webhook",
    dependencies=[Depends(_require_telegram)],
    responses=responses(NotFound, Unauthorized),
    status_code=200,
    operation_id="take_update",
)
async def receive_update(intake: IntakeDep, units: UnitsOfWorkDep, update: Annotated[UpdateIn, body(UpdateIn)]) -> dict[str, bool]:
    """Store an update of the Telegram Bot API. It is handled after it is acknowledged; a repeat changes nothing."""
    if update.chat_id is not None:
        async with units.write() as work:
            await store_updates(work, [update], timedelta(milliseconds=_settings(intake).telegram_settle_ms))
    return {"ok": True}


def _settings(intake: Intake) -> Settings:
    return intake.parts.settings
