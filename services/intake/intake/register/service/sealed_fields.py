"""Sealed fields of an appeal: the one way to open them, and the one way to read an appeal without them."""

import json
from collections.abc import Sequence
from typing import Any, Final, Literal, overload
from uuid import UUID

from sqlalchemy.orm import defer
from sqlalchemy.orm.interfaces import ORMOption

from intake.register.models import Appeal
from intake.register.schemas.rows import Particulars
from shared.sealing import Sealer

TextField = Literal["text", "provider_name", "provider_bin", "legacy_number"]
SealedField = TextField | Literal["applicant", "received_by", "particulars"]
DOCUMENTS: Final = frozenset({"applicant", "particulars", "received_by"})


@overload
def open_field(sealer: Sealer, appeal_id: UUID, field: TextField, value: bytes | None) -> str | None: ...


@overload
def open_field(
    sealer: Sealer, appeal_id: UUID, field: Literal["applicant", "received_by"], value: bytes | None
) -> dict[str, str] | None: ...


@overload
def open_field(sealer: Sealer, appeal_id: UUID, field: Literal["particulars"], value: bytes | None) -> Particulars | None: ...


def open_field(sealer: Sealer, appeal_id: UUID, field: SealedField, value: bytes | None) -> str | dict[str, str] | Particulars | None:
    """Return the content of a sealed field: text, or the JSON document of a field in DOCUMENTS; None where nothing is stored.

    Raises SealError for a value that was sealed for another appeal or field, or is damaged.
    """
    if value is None:
        return None
    content = sealer.open("appeal", appeal_id, field, value).decode()
    found: str | dict[str, str] | Particulars = json.loads(content) if field in DOCUMENTS else content
    return found


def without_content() -> Sequence[ORMOption]:
    """Return query options that leave the sealed content of appeals unread; touching such a field later raises."""
    content: tuple[Any, ...] = (Appeal.text, Appeal.applicant, Appeal.provider_name, Appeal.particulars)
    return [defer(column, raiseload=True) for column in content]
