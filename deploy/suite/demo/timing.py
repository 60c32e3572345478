"""How long it took: from the events themselves, whose times are those of the transactions that made them true."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from shared.contracts import APPEALS, AppealRegistered, AppealRouted
from shared.messaging.embedded import EmbeddedLog
from shared.messaging.envelope import read_envelope


async def registered_to_routed(data: Path, appeal_ids: set[str]) -> list[float]:
    """Seconds from `appeal-registered` to `appeal-routed` for these appeals, ascending."""
    log = EmbeddedLog(data / "events.db")
    registered: dict[str, datetime] = {}
    seconds = []
    try:
        async for page in log.scan(APPEALS):
            for record in page:
                envelope = read_envelope(record.headers, record.value)
                if envelope.type == AppealRegistered.TYPE and envelope.key in appeal_ids:
                    registered[envelope.key] = envelope.time
                elif envelope.type == AppealRouted.TYPE and envelope.key in registered:
                    seconds.append((envelope.time - registered[envelope.key]).total_seconds())
    finally:
        await log.stop()
    return sorted(seconds)


def percentile(ascending: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile."""
    return ascending[max(0, -(-len(ascending) * percent // 100) - 1)]
