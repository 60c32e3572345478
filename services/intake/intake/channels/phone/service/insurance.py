"""Insured status and last payments of a verified caller: shown, recorded that it was shown, never stored and never logged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from intake.channels.phone.service.policy import codes, policy
from intake.register.service.audit import record_read
from shared.domain.tables import ReferenceDataError
from shared.service import Parts

PURPOSE: Final = "insurance"


@dataclass(frozen=True, slots=True)
class Payment:
    """A month's contribution; the first day of the month, who paid (a code), and whole tenge."""

    month: date
    payer: str
    amount: int


@dataclass(frozen=True, slots=True)
class InsuredStatus:
    """A code of the group INSURED, since when, and the payments, the latest first."""

    status: str
    since: date | None
    payments: Sequence[Payment]


class InsuranceRegister(Protocol):
    """The register of insured persons, wherever it is."""

    async def insured_status(self, iin: str) -> InsuredStatus | None:
        """None for a person whom it does not know."""
        ...


class FileInsuranceRegister:
    """Stands in on one machine: a JSON object from IIN to `{"status", "since", "payments": [{"month", "payer", "amount"}]}`."""

    def __init__(self, file: Path) -> None:
        """Raises OSError, and ReferenceDataError for a file that does not say so."""
        try:
            document: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            self._known = {iin: _status(entry) for iin, entry in document.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ReferenceDataError(file.name, 1, "is not a register of insured persons") from None

    async def insured_status(self, iin: str) -> InsuredStatus | None:
        return self._known.get(iin)


def _status(entry: Mapping[str, Any]) -> InsuredStatus:
    payments = [Payment(date.fromisoformat(f"{one['month']}-01"), one["payer"], int(one["amount"])) for one in entry["payments"]]
    if entry["status"] not in codes("INSURED") or not all(one.payer in codes("PAYER") for one in payments):
        raise ValueError
    since = date.fromisoformat(entry["since"]) if entry.get("since") else None
    return InsuredStatus(entry["status"], since, sorted(payments, key=lambda one: one.month, reverse=True))


async def look_up(parts: Parts, register: InsuranceRegister, *, iin: str, call_id: UUID, operator: str) -> InsuredStatus | None:
    """What the register says of a person. Who looked, in which call and, as a keyed hash, at whose record is kept first."""
    about = parts.pepper.keyed_hmac("insured-person", iin.encode())
    async with parts.database.write() as session:
        await record_read(session, parts, reader=operator, purpose=PURPOSE, ids=[call_id], about=about)
    found = await register.insured_status(iin)
    return None if found is None else InsuredStatus(found.status, found.since, found.payments[: policy().payments_shown])
