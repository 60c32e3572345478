"""Jobs of deliveries: the steps of notices, mails, and webhooks."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, Final

from provider_contact.deliveries import repository
from provider_contact.deliveries.service import stepping
from provider_contact.deliveries.service.mail_sending import MailDispatcher
from provider_contact.deliveries.service.provider_mails import ProviderMailDispatcher
from provider_contact.deliveries.service.senders import can_mail, mail_sender
from provider_contact.deliveries.service.webhook_sending import ProviderWebhookSender
from provider_contact.settings import THIS_MACHINE, Settings
from shared.messaging.runtime import Loop, every, finish
from shared.service import Parts

STEPS_EVERY: Final = timedelta(seconds=2)
MAIL_EVERY: Final = timedelta(seconds=2)


async def begin_steps(parts: Parts[Settings]) -> int:
    """Begin the due steps of one batch of notices. Return how many there were; without any, nothing is locked."""
    if not await repository.has_due_routes(parts.database, parts.clock.now()):
        return 0
    async with parts.units.write() as work:
        return await stepping.begin_due_steps(work, mail=can_mail(parts.settings))


def _until_empty(run_once: Callable[[], Coroutine[Any, Any, int]]) -> Callable[[], Awaitable[None]]:
    """Return a job that repeats a batch until there is none."""

    async def run() -> None:
        while await finish(run_once()):
            pass

    return run


def loops(parts: Parts[Settings]) -> Sequence[Loop]:
    """Return the loops of the worker."""
    sender = mail_sender(parts.settings, parts.sealer)

    async def step() -> None:
        while await finish(begin_steps(parts)) == stepping.STEP_BATCH:
            pass

    found = [every(STEPS_EVERY, "notice-steps", step), Loop("provider-webhooks", ProviderWebhookSender(parts).run)]
    if sender is not None:
        url = parts.settings.public_url or THIS_MACHINE
        notices, others = MailDispatcher(parts, sender, url), ProviderMailDispatcher(parts, sender, url)
        found.append(every(MAIL_EVERY, "notice-mails", _until_empty(notices.run_once)))
        found.append(every(MAIL_EVERY, "provider-mails", _until_empty(others.run_once)))
    return found
