"""Long polling: asks Telegram for updates in an installation without a public address."""

from datetime import timedelta
from typing import Final

from intake.channels.telegram import repository
from intake.channels.telegram.policy import script
from intake.channels.telegram.service.client import CALL_SECONDS, TelegramClient, TelegramRateLimited, TelegramUnavailable
from intake.channels.telegram.service.loops import leader_lease, run_forever
from intake.channels.telegram.service.updates import store_updates
from shared.leases import LeaseLost
from shared.service import Parts

IN_ORDER: Final = timedelta()  # polled updates arrive one after another


class Poller:
    """Polls while it holds the lease `poll`."""

    def __init__(self, parts: Parts, telegram: TelegramClient) -> None:
        self._parts = parts
        self._telegram = telegram
        self._lease = leader_lease(parts.database, parts.clock, "poll")

    async def run(self) -> None:
        """Poll until cancelled."""
        await self._telegram.set_webhook(None, None)  # Telegram does not answer getUpdates while a webhook is set
        await run_forever(self.run_once, self._lease.release)

    async def run_once(self) -> bool:
        """Import the waiting updates; False: there were none. The next offset is stored with them, and sent to Telegram afterwards."""
        wait = script().limits.poll_seconds
        if not await self._lease.hold(timedelta(seconds=wait + CALL_SECONDS)):
            return False
        async with self._parts.units.read() as work:
            next_update = await repository.next_update(work.session, self._lease.name)
        try:
            updates = await self._telegram.updates(next_update, wait)
        except (TelegramUnavailable, TelegramRateLimited):
            return False
        if not updates:
            return False
        try:
            async with self._parts.units.write() as work:
                await self._lease.renew(work.session)
                await store_updates(work, updates, IN_ORDER)
                await repository.set_next_update(work.session, self._lease.name, max(update.update_id for update in updates) + 1)
        except LeaseLost:  # the process that polls now is sent the same updates
            return False
        return True
