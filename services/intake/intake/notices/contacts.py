"""How the applicant of a notice's appeal can be reached, and how a reader sees where it went."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Row

from intake.models.notices import CODES
from intake.notices.policy import policy, routes
from intake.reference import answer_channels
from shared.domain.phones import mask_phone
from shared.sealing import Sealer

TELEGRAM: Final = "TELEGRAM"


def contacts(sealer: Sealer, row: Row[Any]) -> Mapping[str, str]:
    """Addresses by channel; of a chat it is the appeal's id, by which the bot knows it. Raises SealError."""
    if row.address is not None and row.fact in CODES:
        return {row.channel: sealer.open("notice", row.id, "address", row.address).decode()}
    applicant = json.loads(sealer.open("appeal", row.appeal_id, "applicant", row.applicant)) if row.applicant else {}
    known = {one.code: applicant[one.needs] for one in answer_channels().values() if one.needs and applicant.get(one.needs)}
    if TELEGRAM in (row.filed_by, row.answer_by):
        known[TELEGRAM] = str(row.appeal_id)
    return known


def way(row: Row[Any], known: Mapping[str, str], usable: Collection[str], tried: Collection[str]) -> str | None:
    """The first of the known channels, in the order of the policy, on which this may be told and that was not tried."""
    return next(
        (
            one
            for one in policy().order
            if one in known and one in usable and one not in tried and (row.fact, row.recipient, one) in routes()
        ),
        None,
    )


def masked(channel: str, address: str) -> str | None:
    """Enough to know one's own address by: two figures of a telephone, a letter and the domain of a mail address."""
    if channel in {"SMS", "CALL"}:
        return mask_phone(address)
    if channel == "EMAIL":
        name, _, domain = address.rpartition("@")
        return f"{name[:1]}•••@{domain}"
    return None
