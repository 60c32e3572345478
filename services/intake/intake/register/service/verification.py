"""One-time codes to the contact that an appeal was filed with. A receipt with number and PIN may be seen by others; a contact is not."""

import hmac
import math
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.errors import NoContact, WrongCode
from intake.register.models import Appeal, ContactCode
from intake.register.repository import applicant as records
from intake.register.repository import recipients
from intake.register.schemas import CodeSent, ContactConfirmed, ContactIn, VerificationIn
from intake.register.schemas.codes import CodePurpose
from intake.register.schemas.rows import TrackingRow
from intake.register.service.ports import SendCode
from intake.register.service.progress import HOUR, ActionResult, ApplicantRequest, perform, store_tracking
from intake.register.service.recipients import CODES, asker_key, recipient_key, spend
from intake.register.service.rights import policy
from intake.register.service.sealed_fields import open_field
from shared.domain.labels import LANGUAGES
from shared.errors import DomainError, TooMany
from shared.service import Parts

CODE_CHANNELS: Final[dict[str, Literal["SMS", "EMAIL"]]] = {
    "phone": "SMS",
    "email": "EMAIL",
}  # in the order of preference


async def ask_code(
    parts: Parts, send_code: SendCode, appeal_id: UUID, request: VerificationIn, *, asker: str | None = None, key: str | None = None
) -> ActionResult[CodeSent]:
    """Send a code to the contact of the appeal; codes that were sent before become invalid.

    `asker`: the address or the token that asks; None: a machine that asks for many people. Raises NoContact, TooMany and
    IdempotencyKeyReused.
    """

    async def work(session: AsyncSession, tracking: TrackingRow) -> CodeSent:
        appeal, now, rules = await records.whole_appeal(session, appeal_id), parts.clock.now(), policy().code
        confirmed = await recipients.confirmed_kinds(session, appeal_id) if request.purpose == "contact-confirmation" else set()
        kind, address = contact_of(parts, appeal, request.contact, confirmed)
        if asker is not None:
            await spend(session, parts, asker_key(parts.pepper, asker), rules.a_day_from_an_address)
        # `spend` locks the counter of the recipient: a concurrent request waits here
        await spend(session, parts, recipient_key(parts.pepper, CODES, CODE_CHANNELS[kind], address), rules.a_day)
        contact = parts.pepper.keyed_hmac("code-contact", f"{kind}/{address}".encode())
        sent = await records.codes_since(session, appeal_id, contact, now - HOUR)
        if len(sent) >= rules.an_hour:
            raise TooMany(math.ceil((sent[-rules.an_hour] + HOUR - now).total_seconds()))
        code_id, code = parts.ids.new(), f"{secrets.randbelow(10**rules.digits):0{rules.digits}}"
        hashed = _hashed(parts, code_id, request.purpose, code)
        records.add_code(
            session,
            ContactCode(
                id=code_id, appeal_id=appeal_id, contact=contact, contact_kind=kind, code=hashed, sent_at=now, tries=0, used_at=None
            ),
        )
        await send_code(
            session,
            parts,
            appeal_id=appeal_id,
            channel=CODE_CHANNELS[kind],
            address=address,
            code=code,
            language=next((language for language in LANGUAGES if language == appeal.language), LANGUAGES[0]),
            purpose=request.purpose,
        )
        expires_at = now + timedelta(minutes=rules.minutes)
        return CodeSent.model_validate({"number": appeal.number, "status": tracking["status"], "contact": kind, "expires_at": expires_at})

    return await perform(parts, appeal_id, ApplicantRequest("verification", request, key), CodeSent, work)


async def confirm_contact(
    parts: Parts, appeal_id: UUID, confirmation: ContactIn, *, key: str | None = None
) -> ActionResult[ContactConfirmed]:
    """Confirm by a code that the applicant has the contact given (АППК art. 66(4)). Raises WrongCode and IdempotencyKeyReused."""

    async def work(session: AsyncSession, tracking: TrackingRow) -> ContactConfirmed | DomainError:
        kind = await spend_code(session, parts, tracking, confirmation.code, "contact-confirmation")
        if kind is None:
            return WrongCode()
        await store_tracking(session, parts, tracking, parts.ids.new(), None)
        number = await records.number_of_appeal(session, appeal_id)
        response = {"number": number, "status": tracking["status"], "contact": kind, "confirmed_at": tracking["contact_confirmed_at"]}
        return ContactConfirmed.model_validate(response)

    return await perform(parts, appeal_id, ApplicantRequest("contact-confirmation", confirmation, key), ContactConfirmed, work)


async def spend_code(session: AsyncSession, parts: Parts, tracking: TrackingRow, given: str, purpose: CodePurpose) -> str | None:
    """Use up the code and return the kind of contact it was sent to; None, with one try less, for a wrong code or another purpose.

    Sets the time of confirmation in `tracking`; the caller stores the row.
    """
    now, rules = parts.clock.now(), policy().code
    latest = await records.latest_code(session, tracking["appeal_id"])
    if latest is None or latest.used_at is not None or latest.tries >= rules.tries:
        return None
    if now >= latest.sent_at + timedelta(minutes=rules.minutes):
        return None
    latest.tries += 1
    if not hmac.compare_digest(latest.code, _hashed(parts, latest.id, purpose, given)):
        return None
    latest.used_at = tracking["contact_confirmed_at"] = now
    await recipients.confirm_contact(session, tracking["appeal_id"], [latest.contact_kind], now)
    return latest.contact_kind


def contact_of(parts: Parts, appeal: Appeal, wanted: str | None, confirmed: Collection[str] = ()) -> tuple[str, str]:
    """Return kind and address of a contact: the wanted one, else an unconfirmed one, else that of the answer, else the first.

    Raises NoContact.
    """
    given = open_field(parts.sealer, appeal.id, "applicant", appeal.applicant) or {}
    kinds = [kind for kind in CODE_CHANNELS if kind in given and wanted in {None, kind}]
    if not kinds:
        raise NoContact
    kind = min(kinds, key=lambda kind: (kind in confirmed, CODE_CHANNELS[kind] != appeal.answer_by, kinds.index(kind)))
    return kind, given[kind]


def contact_kinds(parts: Parts, appeal_id: UUID, applicant: bytes | None) -> list[str]:
    """Return the kinds of contact to which a code can be sent."""
    given = open_field(parts.sealer, appeal_id, "applicant", applicant) or {}
    return [kind for kind in CODE_CHANNELS if kind in given]


async def copy_confirmed(session: AsyncSession, parts: Parts, appeal: Appeal, new_id: UUID) -> None:
    """Mark the confirmed contacts of an appeal as confirmed in the appeal that follows it: the contacts are the same."""
    written_down = contact_kinds(parts, appeal.id, appeal.applicant) if appeal.received_by is not None else []
    kinds = await recipients.confirmed_kinds(session, appeal.id) | set(written_down)
    await recipients.confirm_contact(session, new_id, kinds, parts.clock.now())


def _hashed(parts: Parts, code_id: UUID, purpose: CodePurpose, code: str) -> bytes:
    return parts.pepper.keyed_hmac("contact-code", f"{code_id}/{purpose}/{code}".encode())


async def purge_codes(parts: Parts) -> None:
    """Delete the codes that are past their retention."""
    async with parts.database.write() as session:
        await records.purge_codes(session, parts.clock.now() - timedelta(hours=policy().code.kept_hours))
