"""Lines of the lists of contacts and of doctors: what they change in the directory."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from provider_contact.directory import repository
from provider_contact.directory.codes import Entity
from provider_contact.directory.models import Contact, Doctor
from provider_contact.directory.repository import StoredProvider
from provider_contact.directory.schemas import ContactContent, RejectedLine
from provider_contact.directory.service.entries import Values
from provider_contact.directory.service.plans import Plan, changed_columns, write_of
from provider_contact.directory.service.search import bin_key, local_today
from provider_contact.directory.service.sheets import ContactFields, ContactLine, DoctorLine, ParsedSheet
from shared.domain.names import fold
from shared.unit_of_work import UnitOfWork

UNKNOWN: Final = "The directory has no provider with this BIN. Import the list of providers first."
CONTENT: Final = ("name", "position", "phone", "email", "hours")


class ContactOwner(NamedTuple):
    """Whose contact it is: a provider's, or that of a body in a region."""

    provider_id: UUID | None
    body: str | None = None
    region: str | None = None


async def plan_contacts(work: UnitOfWork, parsed: ParsedSheet[ContactLine]) -> Plan:
    """Return the plan of a list of contacts. A contact is the same if its owner, role and mailbox (or telephone) are."""
    bins = [(number, line.bin) for number, line in zip(parsed.numbers, parsed.lines, strict=True)]
    plan, known = await _begin(work, parsed.received, parsed.rejected, bins)
    numbered = [
        (number, line, known.get(line.bin or ""))
        for number, line in zip(parsed.numbers, parsed.lines, strict=True)
        if line.bin is None or line.bin in known
    ]
    owners = [ContactOwner(known.provider_id) if known else ContactOwner(None, line.body, line.region) for _, line, known in numbered]
    keys = [contact_key(work, line, owner) for (_, line, _known), owner in zip(numbered, owners, strict=True)]
    stored = {row["contact_key"]: row for row in await repository.entries(work.session, Contact, "contact_key", keys)}
    await asyncio.to_thread(_plan_contacts, work, plan, list(zip(numbered, keys, strict=True)), stored)
    return plan


async def plan_doctors(work: UnitOfWork, parsed: ParsedSheet[DoctorLine]) -> Plan:
    """Return the plan of a list of doctors. A doctor is the same if provider, name in Russian and speciality are."""
    bins = [(number, line.bin) for number, line in zip(parsed.numbers, parsed.lines, strict=True)]
    plan, known = await _begin(work, parsed.received, parsed.rejected, bins)
    numbered = [
        (number, line, known[line.bin].provider_id) for number, line in zip(parsed.numbers, parsed.lines, strict=True) if line.bin in known
    ]
    keys = [doctor_key(work, line, provider_id) for _, line, provider_id in numbered]
    stored = {row["doctor_key"]: row for row in await repository.entries(work.session, Doctor, "doctor_key", keys)}
    today = local_today(work.clock)
    for (number, line, provider_id), key in zip(numbered, keys, strict=True):
        before = stored.get(key)
        doctor_id = _id(before["doctor_id"]) if before is not None else work.ids.new()
        after: Values = {
            "doctor_id": doctor_id,
            "provider_id": provider_id,
            "doctor_key": key,
            "full_name_kk": line.full_name_kk or line.full_name_ru,
            "full_name_ru": line.full_name_ru,
            "speciality": line.speciality,
            "valid_from": line.valid_from or _day(before, today),
            "valid_to": line.valid_to,
        }
        columns = changed_columns(before, after)
        if before is None or columns:
            plan.writes.append(write_of(Entity.DOCTOR, doctor_id, provider_id, before, after))
        plan.note(number, doctor_id, provider_id, is_new=before is None, columns=columns)
    return plan


async def _begin(
    work: UnitOfWork, received: int, rejected: Sequence[RejectedLine], numbered: Sequence[tuple[int, str | None]]
) -> tuple[Plan, Mapping[str, StoredProvider]]:
    """Return a plan with the refused lines, and the providers of the lines by BIN. Lines with an unknown BIN are refused.

    `numbered`: the numbers of the other lines, with their BINs.
    """
    plan = Plan(received=received)
    for line in rejected:
        plan.refuse(line)
    bins = sorted({number for _, number in numbered if number is not None})
    keys = await asyncio.to_thread(lambda: [bin_key(work.pepper, number) for number in bins])
    stored = await repository.stored_providers(work.session, keys)
    known = {number: stored[key] for number, key in zip(bins, keys, strict=True) if key in stored}
    for line_number, number in numbered:
        if number is not None and number not in known:
            plan.refuse(RejectedLine(line=line_number, code="unknown-provider", field="bin", detail=UNKNOWN))
    return plan, known


def _plan_contacts(
    work: UnitOfWork,
    plan: Plan,
    lines: Sequence[tuple[tuple[int, ContactLine, StoredProvider | None], bytes]],
    stored: Mapping[object, Values],
) -> None:
    """Add the contacts to the plan; runs in a thread, so it leaves the session alone."""
    for (number, line, known), key in lines:
        before = stored.get(key)
        provider_id = known.provider_id if known else None
        contact_id = _id(before["contact_id"]) if before is not None else work.ids.new()
        owner = ContactOwner(known.provider_id) if known else ContactOwner(None, line.body, line.region)
        after = contact_values(work, contact_id, line, owner, before)
        columns = _changed(work, contact_id, before, after)
        if before is None or columns:
            plan.writes.append(write_of(Entity.CONTACT, contact_id, provider_id, before, after))
        plan.note(number, contact_id, provider_id, is_new=before is None, columns=columns)


def contact_values(work: UnitOfWork, contact_id: UUID, fields: ContactFields, owner: ContactOwner, before: Values | None) -> Values:
    """Return the contact's columns as they have to be stored, without the version."""
    content = ContactContent(name=fields.name, position=fields.position, phone=fields.phone, email=fields.email, hours=fields.hours)
    return {
        "contact_id": contact_id,
        "provider_id": owner.provider_id,
        "body": owner.body,
        "region": owner.region,
        "role": fields.role,
        "contact_key": contact_key(work, fields, owner),
        "content": work.sealer.seal("contact", contact_id, "content", content.model_dump_json().encode()),
        "languages": sorted(set(fields.languages)),
        "valid_from": fields.valid_from or _day(before, local_today(work.clock)),
        "valid_to": fields.valid_to,
        "recorded_at": work.clock.now(),
    }


def contact_key(work: UnitOfWork, fields: ContactFields, owner: ContactOwner) -> bytes:
    """Return the keyed hash by which an import finds a contact."""
    owned_by = str(owner.provider_id) if owner.provider_id is not None else f"{owner.body} {owner.region}"
    return work.pepper.keyed_hmac("directory-contact", f"{owned_by}\n{fields.role}\n{fields.email or fields.phone}".encode())


def doctor_key(work: UnitOfWork, line: DoctorLine, provider_id: UUID) -> bytes:
    """Return the keyed hash by which an import finds the doctor of a line."""
    named = f"{provider_id}\n{fold(line.full_name_ru)}\n{fold(line.speciality)}"
    return work.pepper.keyed_hmac("directory-doctor", named.encode())


def _changed(work: UnitOfWork, contact_id: UUID, before: Values | None, after: Values) -> list[str]:
    if before is None:
        return []

    def content(values: Values) -> ContactContent:
        sealed = values["content"]
        assert isinstance(sealed, bytes)  # noqa: S101 - a column that is never empty
        return ContactContent.model_validate_json(work.sealer.open("contact", contact_id, "content", sealed))

    old, new = content(before), content(after)
    changed = [name for name in CONTENT if getattr(old, name) != getattr(new, name)]
    return changed + changed_columns(before, after, dict.fromkeys(("languages", "valid_from", "valid_to"), ""))


def _day(before: Values | None, today: date) -> object:
    return before["valid_from"] if before is not None else today


def _id(value: object) -> UUID:
    assert isinstance(value, UUID)  # noqa: S101 - a key column
    return value
