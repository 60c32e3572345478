"""The loops of the bot in a worker process, and its delivery method of notifications. There is a bot if a token is set."""

from collections.abc import Sequence
from datetime import timedelta

from intake.channels.telegram.codes import MessageState
from intake.channels.telegram.dependencies import conversation_worker
from intake.channels.telegram.policy import script
from intake.channels.telegram.service import worker
from intake.channels.telegram.service.notifications import queue_notification
from intake.register.dependencies import Intake
from intake.settings import Settings
from shared.messaging.runtime import Loop, every
from shared.outgoing.senders import DeliveryPending, MessageRefused, OutgoingMessage
from shared.settings import MissingSetting
from shared.unit_of_work import UnitsOfWork


def loops(intake: Intake, settings: Settings) -> Sequence[Loop]:
    """Return the loops. Raises MissingSetting."""
    if settings.telegram_token is None:
        return ()
    if settings.telegram_mode == "webhook" and settings.telegram_secret is None:
        raise MissingSetting("ARYZ_INTAKE_TELEGRAM_SECRET is needed with ARYZ_INTAKE_TELEGRAM_TOKEN")
    from intake.channels.telegram.service.client import TelegramClient, event_of  # noqa: PLC0415 - aiogram: 2.5 s and 130 MB
    from intake.channels.telegram.service.polling import Poller  # noqa: PLC0415
    from intake.channels.telegram.service.sender import MessageSender  # noqa: PLC0415

    script()
    parts = intake.parts
    telegram = TelegramClient.connect(settings.telegram_token.get_secret_value(), settings.telegram_api_url)
    parts.last_steps.append(telegram.close)

    async def purge() -> None:
        async with parts.units.write() as work:
            await worker.purge(work)

    running = [
        Loop("telegram-handle", conversation_worker(intake, event_of).run),
        Loop("telegram-send", MessageSender(parts, settings, telegram).run),
        every(timedelta(hours=1), "telegram-purge", purge),
    ]
    return [*running, Loop("telegram-poll", Poller(parts, telegram).run)] if settings.telegram_mode == "polling" else running


class ChatNotificationSender:
    """The delivery method `TELEGRAM` of notifications, called by their worker while no unit of work is open."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def send(self, message: OutgoingMessage) -> str | None:
        """Queue a notification.

        Raises DeliveryPending until Telegram has accepted it, so that it is sent again, and MessageRefused if it cannot arrive.
        """
        async with self._units.write() as work:
            state = await queue_notification(work, message)
        if state in {MessageState.BLOCKED, MessageState.FAILED}:
            raise MessageRefused
        if state != MessageState.SENT:
            raise DeliveryPending
        return None
