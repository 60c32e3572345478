"""Recovery of a PIN, for the routes and pages: a code is sent after the response, and tries count among the guesses of PINs."""

import structlog

from intake.register.errors import PinNotRecovered
from intake.register.schemas import NewPin, PinConfirmationIn, PinRecoveryIn
from intake.register.service import pin_recovery
from intake.register.service.guessing import Guesses
from intake.register.service.ports import PlanPinNotices, SendCode
from shared.domain.identifiers import canonical_number
from shared.errors import TooMany
from shared.idempotency import Once, StoredAnswer
from shared.unit_of_work import UnitOfWork, UnitsOfWork

log = structlog.get_logger()


class PinRecovery:
    """Recovers PINs. Call it while no unit of work is open."""

    def __init__(self, units: UnitsOfWork, guesses: Guesses, send_code: SendCode, plan_notices: PlanPinNotices) -> None:
        self._units = units
        self._guesses = guesses
        self._send_code = send_code
        self._plan_notices = plan_notices

    async def send_code(self, asked: PinRecoveryIn, address: str) -> None:
        """Send a code, if the appeal has this contact and it is confirmed. Await it after the response, which must not depend on it."""
        try:
            async with self._units.write() as work:
                await pin_recovery.ask(work, self._send_code, asked, address)
        except TooMany:
            log.info("no code is sent: a limit is reached")

    async def new_pin(self, once: Once, given: PinConfirmationIn, address: str) -> StoredAnswer:
        """Return the response with the new PIN. Raises PinNotRecovered for every failure, and TooManyGuesses.

        A wrong code counts as a wrong PIN: for the address, and for the number.
        """
        attempt = self._guesses.attempt(canonical_number(given.number) or given.number, address)
        reached: list[str] = []

        async def redeem(work: UnitOfWork) -> NewPin:
            allowed = await self._guesses.check(work, attempt)
            pin = await pin_recovery.redeem(work, self._plan_notices, given)
            reached.extend(await self._guesses.record(work, allowed, is_right=pin is not None))
            if pin is None:
                raise PinNotRecovered
            return NewPin(pin=pin)

        async with self._guesses.one_at_a_time(attempt):
            try:
                return await once.answer("new-pin", given, redeem)
            finally:
                self._guesses.report(reached)
