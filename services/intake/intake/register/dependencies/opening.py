"""Opening appeals for their readers, for the routes, pages and workers of every channel."""

from typing import Final
from uuid import UUID

from intake.register.schemas import Tracked
from intake.register.service import offers, tracking
from intake.register.service.guessing import Attempt, Guesses
from intake.register.service.ports import ListFiles
from intake.register.service.tracking import SoughtAppeal, VisibleAppeal
from shared.auth import Principal
from shared.contents import Contents
from shared.errors import NotFound
from shared.sealing import Pepper
from shared.unit_of_work import UnitsOfWork

APPLICANT: Final = "applicant"
"""For whom the texts of other services are read: an applicant's subject may be an IIN."""


class AppealOpener:
    """Opens appeals by number, with a PIN or a token. Call it while no unit of work is open.

    It has several units of work: a wrong attempt is counted although the request is refused, and no transaction is open while another
    attempt or another service is awaited. Its methods raise NotFound for a number, a PIN or a token that does not open the appeal, always
    after the same work, and TooManyGuesses after wrong attempts.
    """

    def __init__(self, units: UnitsOfWork, guesses: Guesses, contents: Contents, list_files: ListFiles, pepper: Pepper) -> None:
        self._units = units
        self._guesses = guesses
        self._contents = contents
        self._list_files = list_files
        self._pepper = pepper

    async def open(self, *, number: str, pin: str | None, principal: Principal, address: str, exchange: str | None = None) -> VisibleAppeal:
        """Return the appeal for anyone who may read it. `exchange`: the telephone exchange that passes the digits on."""
        sought = await self._seek(number, principal)
        has_pin = False
        if tracking.needs_pin(sought, principal, pin):
            has_pin = await self._has_pin(sought, pin, principal, address, exchange)
            if not (sought.is_visible or has_pin):
                raise NotFound
        return await self._read(sought, principal, has_pin=has_pin)

    async def open_own(self, *, number: str, pin: str | None, principal: Principal, address: str) -> VisibleAppeal:
        """Return the appeal for its applicant alone. Partners and staff get NotFound, and their PIN is not evaluated."""
        sought = await self._seek_own(number, pin, principal, address)
        return await self._read(sought, principal, has_pin=True)

    async def own_id(self, *, number: str, pin: str | None, principal: Principal, address: str) -> UUID:
        """Return the id of the appeal that `open_own` opens, for an action on it: the appeal itself is not read."""
        sought = await self._seek_own(number, pin, principal, address)
        if sought.access.id is None:
            raise NotFound
        return sought.access.id

    async def track(self, *, number: str, pin: str | None, principal: Principal, address: str) -> Tracked:
        """Return the state of the appeal as the reader may see it."""
        seen = await self.open(number=number, pin=pin, principal=principal, address=address)
        return await self.tracked(seen, principal)

    async def tracked(self, seen: VisibleAppeal, principal: Principal) -> Tracked:
        """Return the state of an opened appeal as its reader may see it."""
        async with self._units.read() as work:
            context = await tracking.read_context(work, self._list_files, seen)
        texts = await tracking.fund_texts(self._contents, seen, context, principal)
        offer_texts = await offers.offer_texts(self._contents, context.offers, APPLICANT)
        return tracking.tracked(seen, context, texts, offer_texts, self._units.clock.now())

    async def _seek(self, number: str, principal: Principal) -> SoughtAppeal:
        async with self._units.read() as work:
            return await tracking.seek(work, number, principal)

    async def _seek_own(self, number: str, pin: str | None, principal: Principal, address: str) -> SoughtAppeal:
        sought = await self._seek(number, principal)
        if principal.is_staff or principal.has("partner"):
            raise NotFound
        if not sought.is_filed and not await self._has_pin(sought, pin, principal, address):
            raise NotFound
        return sought

    async def _read(self, sought: SoughtAppeal, principal: Principal, *, has_pin: bool) -> VisibleAppeal:
        async with self._units.read() as work:
            return await tracking.read_appeal(work, sought, principal, has_pin=has_pin)

    async def _has_pin(
        self, sought: SoughtAppeal, pin: str | None, principal: Principal, address: str, exchange: str | None = None
    ) -> bool:
        """Return whether the PIN is right, within the limits on guesses. A token without a PIN is no guess."""
        if pin is None and not principal.is_anonymous:
            return False
        attempt = self._guesses.attempt(sought.written or sought.typed, tracking.origin_of(principal, address), exchange)
        return await self._evaluate(attempt, is_right=tracking.is_right_pin(self._pepper, sought, pin))

    async def _evaluate(self, attempt: Attempt, *, is_right: bool) -> bool:
        """Return `is_right` and count a wrong attempt. Raises TooManyGuesses before it shows whether the PIN is right."""
        async with self._guesses.one_at_a_time(attempt):
            async with self._units.read() as work:
                allowed = await self._guesses.check(work, attempt)
            if is_right and allowed.is_known_today:
                return True
            async with self._units.write() as work:
                reached = await self._guesses.record(work, allowed, is_right=is_right)
        self._guesses.report(reached)
        return is_right
