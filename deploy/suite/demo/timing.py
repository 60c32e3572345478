"""Durations from the times of events, which are those of their transactions."""

from collections.abc import Sequence
from datetime import datetime

from shared.contracts import APPEALS, AppealRegistered, AppealRouted
from shared.messaging.envelope import read_envelope, type_of
from shared.service import event_log
from shared.settings import ServiceSettings

TIMED = {AppealRegistered.TYPE, AppealRouted.TYPE}


async def registered_to_routed(settings: ServiceSettings, appeal_ids: set[str]) -> list[float]:
    """Return the seconds from `appeal-registered` to `appeal-routed` of these appeals, ascending. Empty if the settings name no log."""
    if settings.kafka_bootstrap is None and not (settings.data / "events.db").exists():
        return []
    log = event_log(settings)
    registered: dict[str, datetime] = {}
    routed: dict[str, datetime] = {}
    try:
        await log.start()
        async for page in log.scan(APPEALS):
            for record in page:
                if record.key in appeal_ids and type_of(record.headers) in TIMED:
                    envelope = read_envelope(record.headers, record.value)
                    (registered if envelope.type == AppealRegistered.TYPE else routed).setdefault(envelope.key, envelope.time)
    finally:
        await log.stop()
    return sorted((at - registered[appeal_id]).total_seconds() for appeal_id, at in routed.items() if appeal_id in registered)


def percentile(ascending: Sequence[float], percent: int) -> float:
    """Return the nearest-rank percentile."""
    return ascending[max(0, -(-len(ascending) * percent // 100) - 1)]
