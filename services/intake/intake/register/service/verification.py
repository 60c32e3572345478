"""One-time codes to the contact that an appeal was filed with: others see a slip of paper with number and PIN, not a telephone."""

import hmac
import math
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from intake.register.errors import NoContact, WrongCode
from intake.register.models import Appeal
from intake.register.repository import applicant as records
from intake.register.repository import recipients
from intake.register.schemas import CodePurpose, CodeSent, ContactConfirmed, ContactIn, VerificationIn
from intake.register.service.ports import SendCode
from intake.register.service.progress import HOUR, Asked, Done, Tracking, act, keep
from intake.register.service.recipients import CODES, asker_key, recipient_key, spend
from intake.register.service.rights import policy
from intake.register.service.sealed_fields import open_field
from shared.domain.labels import LANGUAGES
from shared.errors import DomainError, TooMany
from shared.service import Parts

WAYS: Final[dict[str, Literal["SMS", "EMAIL"]]] = {"phone": "SMS", "email": "EMAIL"}  # in the order in which they are tried


async def ask_code(
    parts: Parts, send_code: SendCode, appeal_id: UUID, said: VerificationIn, *, asker: str | None = None, key: str | None = None
) -> Done[CodeSent]:
    """Send a code to the appeal's own contact; those sent before are no longer good.

    `asker`: the address or the token that asks; None: a machine that asks for many people. Raises NoContact, TooMany and
    IdempotencyKeyReused.
    """

    async def work(session: AsyncSession, tracking: Tracking) -> CodeSent:
        appeal, now, rules = await records.whole_appeal(session, appeal_id), parts.clock.now(), policy().code
        confirmed = await recipients.confirmed_kinds(session, appeal_id) if said.purpose == "contact-confirmation" else set()
        kind, address = contact_of(parts, appeal, said.contact, confirmed)
        if asker is not None:
            await spend(session, parts, asker_key(parts.pepper, asker), rules.a_day_from_an_address)
        await spend(session, parts, recipient_key(parts.pepper, CODES, WAYS[kind], address), rules.a_day)  # whoever comes next waits here
        contact = parts.pepper.keyed_hmac("code-contact", f"{kind}/{address}".encode())
        sent = await records.codes_since(session, appeal_id, contact, now - HOUR)
        if len(sent) >= rules.an_hour:
            raise TooMany(math.ceil((sent[-rules.an_hour] + HOUR - now).total_seconds()))
        code_id, code = parts.ids.new(), f"{secrets.randbelow(10**rules.digits):0{rules.digits}}"
        hashed = _hashed(parts, code_id, said.purpose, code)
        row = {"id": code_id, "appeal_id": appeal_id, "contact": contact, "contact_kind": kind, "code": hashed}
        await records.add_code(session, row | {"sent_at": now, "tries": 0, "used_at": None})
        language = next((one for one in LANGUAGES if one == appeal.language), LANGUAGES[0])
        way, purpose = WAYS[kind], said.purpose
        await send_code(session, parts, appeal_id=appeal_id, channel=way, address=address, code=code, language=language, purpose=purpose)
        expires_at = now + timedelta(minutes=rules.minutes)
        return CodeSent.model_validate({"number": appeal.number, "status": tracking["status"], "contact": kind, "expires_at": expires_at})

    return await act(parts, appeal_id, Asked("verification", said, key), CodeSent, work)


async def confirm_contact(parts: Parts, appeal_id: UUID, said: ContactIn, *, key: str | None = None) -> Done[ContactConfirmed]:
    """The applicant has the contact given (АППК art. 66(4)). Raises WrongCode and IdempotencyKeyReused."""

    async def work(session: AsyncSession, tracking: Tracking) -> ContactConfirmed | DomainError:
        kind = await spend_code(session, parts, tracking, said.code, "contact-confirmation")
        if kind is None:
            return WrongCode()
        await keep(session, parts, tracking, parts.ids.new(), None)
        number = await records.number_of_appeal(session, appeal_id)
        told = {"number": number, "status": tracking["status"], "contact": kind, "confirmed_at": tracking["contact_confirmed_at"]}
        return ContactConfirmed.model_validate(told)

    return await act(parts, appeal_id, Asked("contact-confirmation", said, key), ContactConfirmed, work)


async def spend_code(session: AsyncSession, parts: Parts, tracking: Tracking, given: str, purpose: CodePurpose) -> str | None:
    """The kind of contact to which the code went, which is used up; None, and a try less, if it is not right or was asked for otherwise.

    Writes no tracking.
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
    """The kind and the address of the appeal's contact: that wanted, else the first not confirmed, that for the answer before others.

    Raises NoContact.
    """
    given = open_field(parts.sealer, appeal.id, "applicant", appeal.applicant) or {}
    kinds = [kind for kind in WAYS if kind in given and wanted in {None, kind}]
    if not kinds:
        raise NoContact
    kind = min(kinds, key=lambda one: (one in confirmed, WAYS[one] != appeal.answer_by, kinds.index(one)))
    return kind, given[kind]


def contact_kinds(parts: Parts, appeal_id: UUID, applicant: bytes | None) -> list[str]:
    """The kinds of contact to which a code can be sent."""
    given = open_field(parts.sealer, appeal_id, "applicant", applicant) or {}
    return [kind for kind in WAYS if kind in given]


async def carry_confirmed(session: AsyncSession, parts: Parts, appeal: Appeal, new_id: UUID) -> None:
    """What is confirmed of an appeal is confirmed of the one that follows it, as it has the same contacts."""
    written_down = contact_kinds(parts, appeal.id, appeal.applicant) if appeal.received_by is not None else []
    kinds = await recipients.confirmed_kinds(session, appeal.id) | set(written_down)
    await recipients.confirm_contact(session, new_id, kinds, parts.clock.now())


def _hashed(parts: Parts, code_id: UUID, purpose: CodePurpose, code: str) -> bytes:
    return parts.pepper.keyed_hmac("contact-code", f"{code_id}/{purpose}/{code}".encode())


async def forget(parts: Parts) -> None:
    """Drop the codes that are over."""
    async with parts.database.write() as session:
        await records.forget_codes(session, parts.clock.now() - timedelta(hours=policy().code.kept_hours))
