"""Insured status and latest payments of a verified caller. They are shown, and never stored or logged; the access is in the audit log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NotRequired, Protocol, TypedDict
from uuid import UUID

from intake.channels.phone.codes import CallCodeGroup
from intake.channels.phone.policy import call_policy, codes
from shared.domain.tables import ReferenceDataError
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "insurance"


@dataclass(frozen=True, slots=True)
class Payment:
    """A month's contribution: the first day of the month, the payer (a code of the group PAYER) and whole tenge."""

    month: date
    payer: str
    amount: int


@dataclass(frozen=True, slots=True)
class InsuredStatus:
    """A code of the group INSURED, the first day of the status, and the payments, the latest first."""

    status: str
    since: date | None
    payments: Sequence[Payment]


class InsuranceRegister(Protocol):
    """The register of insured persons, wherever it is."""

    async def insured_status(self, iin: str) -> InsuredStatus | None:
        """Return the status of a person; None for a person who is not in the register."""
        ...


class _PaymentEntry(TypedDict):
    month: str
    payer: str
    amount: int


class _PersonEntry(TypedDict):
    status: str
    since: NotRequired[str | None]
    payments: list[_PaymentEntry]


class FileInsuranceRegister:
    """A register for one machine: a JSON object from IIN to `{"status", "since", "payments": [{"month", "payer", "amount"}]}`."""

    def __init__(self, file: Path) -> None:
        """Raises OSError, and ReferenceDataError for a file of another shape."""
        try:
            document: dict[str, _PersonEntry] = json.loads(file.read_text(encoding="utf-8"))
            self._known = {iin: _status(entry) for iin, entry in document.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ReferenceDataError(file.name, 1, "is not a register of insured persons") from None

    async def insured_status(self, iin: str) -> InsuredStatus | None:
        return self._known.get(iin)


def _status(entry: _PersonEntry) -> InsuredStatus:
    payments = [Payment(date.fromisoformat(f"{given['month']}-01"), given["payer"], int(given["amount"])) for given in entry["payments"]]
    payers = codes(CallCodeGroup.PAYER)
    if entry["status"] not in codes(CallCodeGroup.INSURED) or not all(payment.payer in payers for payment in payments):
        raise ValueError
    given_since = entry.get("since")
    since = date.fromisoformat(given_since) if given_since else None
    return InsuredStatus(entry["status"], since, sorted(payments, key=lambda payment: payment.month, reverse=True))


async def record_look_up(work: UnitOfWork, *, iin: str, call_id: UUID, operator: str) -> None:
    """Record the operator, the call and a keyed hash of the IIN in the audit log. Commit before the look-up."""
    about = work.pepper.keyed_hmac("insured-person", iin.encode())
    await work.audit.record(reader=operator, purpose=PURPOSE, ids=[call_id], about=about)


async def look_up(register: InsuranceRegister, iin: str) -> InsuredStatus | None:
    """Return the insured status of a person; None for one who is not in the register. Call it while no transaction is open."""
    found = await register.insured_status(iin)
    return None if found is None else InsuredStatus(found.status, found.since, found.payments[: call_policy().payments_shown])
