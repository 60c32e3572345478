"""The loops of the bot in a worker process. There is a bot if a token is set."""

from collections.abc import Sequence
from datetime import timedelta

from intake.channels.telegram.service import worker
from intake.channels.telegram.service.texts import script
from intake.register.dependencies import Intake
from intake.settings import Settings
from shared.messaging.runtime import Loop, every
from shared.settings import MissingSetting


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
        Loop("telegram-handle", worker.ConversationWorker(intake, event_of).run),
        Loop("telegram-send", MessageSender(parts, settings, telegram).run),
        every(timedelta(hours=1), "telegram-purge", purge),
    ]
    return [*running, Loop("telegram-poll", Poller(parts, telegram).run)] if settings.telegram_mode == "polling" else running
