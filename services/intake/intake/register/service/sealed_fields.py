"""Sealed fields of an appeal: the one way to open them, and the one way to read an appeal without them."""

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import defer
from sqlalchemy.orm.interfaces import ORMOption

from intake.register.models import Appeal
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


def without_content() -> Sequence[ORMOption]:
    """Return query options that leave the sealed content of appeals unread; touching such a field later raises."""
    content: tuple[Any, ...] = (Appeal.text, Appeal.applicant, Appeal.provider_name, Appeal.particulars)
    return [defer(column, raiseload=True) for column in content]
