"""Asks Telegram for updates where it cannot bring them: an installation without a public address."""

from datetime import timedelta
from typing import Final

from intake.channels.telegram import repository
from intake.channels.telegram.service.client import NoReply, Telegram, TooFast
from intake.channels.telegram.service.leader import Duty, again_and_again
from intake.channels.telegram.service.texts import script
from intake.channels.telegram.service.updates import store
from shared.service import Parts

IN_ORDER: Final = timedelta()  # asked for, updates come one after another


class Poller:
    def __init__(self, parts: Parts, telegram: Telegram) -> None:
        self._parts = parts
        self._telegram = telegram
        self._duty = Duty(parts, "poll")

    async def run(self) -> None:
        """Until cancelled."""
        await self._telegram.listen(None, None)  # Telegram does one or the other
        await again_and_again(self.run_once, self._duty.let_go)

    async def run_once(self) -> bool:
        """Take what there is; False: nothing came. What is asked for next is stored with what came, and told to Telegram only then."""
        held = await self._duty.hold()
        if held is None:
            return False
        try:
            updates = await self._telegram.updates(held.next_update, script().limits.poll_seconds)
        except (NoReply, TooFast):
            return False
        if not updates:
            return False
        async with self._parts.database.write() as session:
            await store(session, self._parts, updates, IN_ORDER)
            await repository.move_duty(session, self._duty.name, max(each.update_id for each in updates) + 1)
        return True
