"""The job of the phone channel that registers consultations closed by one key, once they cannot be taken back any more."""

import structlog

from intake.channels.phone.models import HeldConsultation
from intake.channels.phone.service import consultations
from intake.register.dependencies import Intake
from shared.errors import InvalidInput, NotFound, where
from shared.idempotency import IdempotencyKeyReused
from shared.messaging.runtime import finish
from shared.sealing import SealError
from shared.unit_of_work import UnitsOfWork

log = structlog.get_logger("consultations")


class ConsultationFiler:
    """Registers due consultations. Several workers may do it: of one consultation the first registers it, the others find it gone."""

    def __init__(self, units: UnitsOfWork, intake: Intake) -> None:
        self._units = units
        self._intake = intake

    async def run(self) -> None:
        """Register every consultation that is due."""
        while await finish(self._file_batch()) == consultations.FILE_BATCH:
            pass

    async def _file_batch(self) -> int:
        async with self._units.read() as work:
            due = await consultations.due(work)
        for row in due:
            await self._file(row)
        return len(due)

    async def _file(self, row: HeldConsultation) -> None:
        """Register a consultation. One that cannot be registered is postponed, so that it does not stop those behind it."""
        try:
            consultation = consultations.opened(self._intake.parts.sealer, row)
            condition = consultations.still_held(consultation)
            receipt = await self._intake.file(consultation.appeal, consultation.admission, key=consultation.key, condition=condition)
            is_left = receipt.replayed
        except NotFound:  # taken back, or registered by another worker
            return
        except IdempotencyKeyReused:  # the form was sent again with another topic after the first was registered: the first counts
            is_left = True
        except (SealError, InvalidInput, ValueError) as error:
            reason = {"error": type(error).__name__, "where": where(error)}
            log.error("a held consultation cannot be registered", held_id=str(row.id), **reason)  # noqa: TRY400 - its text may hold content
            async with self._units.write() as work:
                await consultations.postpone(work, row.id)
            return
        if is_left:
            async with self._units.write() as work:
                await consultations.drop(work, row.id)
