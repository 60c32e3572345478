"""The one function that opens the sealed fields of an appeal."""

import json
from typing import Final, Literal, overload
from uuid import UUID

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
