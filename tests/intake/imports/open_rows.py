"""Lines of a former register about open appeals."""

from typing import Any


def open_row(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "legacy_number": f"АШ-{number}",
        "channel": "CALL_1406",
        "language": "kk",
        "kind": "COMPLAINT",
        "category": "REFUSAL_APPOINTMENT",
        "region": "KZ-43",
        "provider_bin": "200140000014",
        "received_at": "2026-01-19T10:00:00+05:00",
        "text": "Дәрігердің қабылдауына жазбай қойды",
        "full_name": "Сынақ Азамат",
        "phone": f"+7701{number % 10_000_000:07}",
        "consents": "PROCESSING",
    } | changes
