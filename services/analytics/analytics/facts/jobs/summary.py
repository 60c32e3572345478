"""What a rebuild tells an operator: progress as log entries, and the differences as lines of text. No row is shown, only numbers."""

from collections.abc import Sequence
from time import monotonic
from typing import Final

import structlog

from analytics.facts.jobs.rebuild import Rebuilt, Stage

EVERY_SECONDS: Final = 10.0
log = structlog.get_logger("rebuild")


class LoggedProgress:
    """Logs each stage, and the progress of reading every ten seconds."""

    def __init__(self) -> None:
        self._stage: Stage | None = None
        self._logged_at = 0.0

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        if stage is not self._stage or monotonic() - self._logged_at >= EVERY_SECONDS:
            self._stage, self._logged_at = stage, monotonic()
            log.info("rebuild", stage=stage, done=done, total=total)


def summary(rebuilt: Rebuilt) -> Sequence[str]:
    """Return what was done and what differs between the sets, as lines."""
    rate = f", {rebuilt.events / rebuilt.seconds:,.0f} a second" if rebuilt.seconds >= 1 else ""
    begun = " (an interrupted rebuild went on)" if rebuilt.resumed else ""
    lines = [f"{rebuilt.events:,} events{rate}{begun}; consumers waited {rebuilt.locked_seconds:.1f} s for the switch"]
    for each in rebuilt.differences:
        lines.append(f"{each.table}: {each.live:,} rows before, {each.rebuilt:,} now")
        if each.only_live or each.only_rebuilt:
            lines.append(f"  {each.only_live:,} rows only before, {each.only_rebuilt:,} only now")
        lines += [f"  {name}: differs in {number:,} rows" for name, number in sorted(each.fields.items())]
    return lines
