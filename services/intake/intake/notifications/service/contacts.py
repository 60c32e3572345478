"""How the applicant of a notice's appeal can be reached, and how a reader sees where it went."""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import Row

from intake.notifications.models import CODES
from intake.notifications.service.policy import policy, routes
from intake.register.service.answer_channels import answer_channels
from shared.domain.phones import mask_phone
from shared.sealing import Sealer

TELEGRAM: Final = "TELEGRAM"
BY_MACHINE: Final[Mapping[str, str]] = {"SMS": "phone", "EMAIL": "email"}  # the contact that each goes to


def contacts(sealer: Sealer, row: Row[Any]) -> Mapping[str, str]:
    """Addresses by channel; of a chat it is the appeal's id, by which the bot knows it. Raises SealError.

    A telephone or a mailbox that nobody has confirmed is left out: whoever filed the appeal may have named a stranger's. It is confirmed
    by a code, or by a person of the Fund or of a provider who wrote it down from the applicant.
    """
    if row.address is not None and row.fact in CODES:
        return {row.channel: sealer.open("notice", row.id, "address", row.address).decode()}
    known = {code: address for code, address in _given(sealer, row).items() if code not in BY_MACHINE or _is_confirmed(row, code)}
    if TELEGRAM in (row.filed_by, row.answer_by):
        known[TELEGRAM] = str(row.appeal_id)
    return known


def has_unconfirmed(sealer: Sealer, row: Row[Any]) -> bool:
    """Whether a telephone or a mailbox was given that nobody has confirmed. Raises SealError."""
    return any(code in BY_MACHINE and not _is_confirmed(row, code) for code in _given(sealer, row))


def _given(sealer: Sealer, row: Row[Any]) -> dict[str, str]:
    applicant = json.loads(sealer.open("appeal", row.appeal_id, "applicant", row.applicant)) if row.applicant else {}
    return {one.code: applicant[one.needs] for one in answer_channels().values() if one.needs and applicant.get(one.needs)}


def _is_confirmed(row: Row[Any], channel: str) -> bool:
    return bool(row.is_written_down or getattr(row, f"{BY_MACHINE[channel]}_confirmed"))


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
