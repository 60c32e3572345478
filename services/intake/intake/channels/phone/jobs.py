"""The job of the phone channel that registers consultations closed by one key, once they cannot be taken back any more."""

from intake.channels.phone.service import consultations
from intake.register.dependencies import Intake
from shared.errors import NotFound
from shared.idempotency import IdempotencyKeyReused
from shared.messaging.runtime import finish
from shared.unit_of_work import UnitsOfWork


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
        for consultation in due:
            await self._file(consultation)
        return len(due)

    async def _file(self, consultation: consultations.DueConsultation) -> None:
        condition = consultations.still_held(consultation)
        try:
            receipt = await self._intake.file(consultation.appeal, consultation.admission, key=consultation.key, condition=condition)
            is_left = receipt.replayed
        except NotFound:  # taken back, or registered by another worker
            return
        except IdempotencyKeyReused:  # the form was sent again with another topic after the first was registered: the first counts
            is_left = True
        if is_left:
            async with self._units.write() as work:
                await consultations.drop(work, consultation.id)
