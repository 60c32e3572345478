"""Sealed fields of an appeal: the one way to open them."""

import json
from typing import Any, Final
from uuid import UUID

from shared.sealing import Sealer

DOCUMENTS: Final = frozenset({"applicant", "particulars", "received_by"})


def open_field(sealer: Sealer, appeal_id: UUID, field: str, value: bytes | None) -> Any:
    """Return the content of a sealed field: text, or the JSON document of a field in DOCUMENTS; None where nothing is stored.

    Raises SealError for a value that was sealed for another appeal or field, or is damaged.
    """
    if value is None:
        return None
    content = sealer.open("appeal", appeal_id, field, value).decode()
    return json.loads(content) if field in DOCUMENTS else content
