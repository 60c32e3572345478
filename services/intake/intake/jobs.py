"""What intake's worker does from time to time, beside relaying and reading events."""

from collections.abc import Sequence
from datetime import timedelta

from intake.service import guessing
from shared.messaging.runtime import Loop, every
from shared.service import Parts


def jobs(parts: Parts) -> Sequence[Loop]:
    async def forget() -> None:
        await guessing.forget(parts.database, parts.clock)

    return [every(timedelta(hours=1), "forget-attempts", forget)]
