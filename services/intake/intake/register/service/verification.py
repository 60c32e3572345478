"""One-time codes to the contact that an appeal was filed with. A receipt with number and PIN may be seen by others; a contact is not."""

import hmac
import math
from collections.abc import Collection
from datetime import timedelta
from typing import Final, Literal, get_args
from uuid import UUID

from intake.register.codes import CodePurpose, VerificationPurpose
from intake.register.errors import NoContact, WrongCode
from intake.register.models import Appeal, ContactCode
from intake.register.policy import policy
from intake.register.repository import applicant as records
from intake.register.repository import recipients
from intake.register.schemas import CodeSent, ContactConfirmed, ContactIn, VerificationIn
from intake.register.schemas.rows import TrackingRow
from intake.register.service.ports import PlanReceipt, SendCode
from intake.register.service.progress import HOUR, lock_appeal, store_tracking
from intake.register.service.recipients import CODES, RATING_CODES, RECOVERY_CODES, asker_key, recipient_key, spend
from intake.register.service.rights import is_decided
from intake.register.service.sealed_fields import open_field
from shared.domain.labels import LANGUAGES, Language
from shared.errors import TooMany
from shared.ids import random_digits
from shared.sealing import Pepper, Sealer
from shared.unit_of_work import UnitOfWork

CODE_CHANNELS: Final[dict[str, Literal["SMS", "EMAIL"]]] = {
    "phone": "SMS",
    "email": "EMAIL",
}  # in the order of preference
VERIFICATION_PURPOSES: Final[tuple[CodePurpose, ...]] = get_args(VerificationPurpose)
_COUNTED: Final[dict[CodePurpose, str]] = {"pin-recovery": RECOVERY_CODES, "rating": RATING_CODES}
"""How codes are counted by purpose, if not as CODES: what a stranger asks for uses up nothing of the applicant's."""


async def ask_code(
    work: UnitOfWork, send_code: SendCode, appeal_id: UUID, request: VerificationIn, *, asker: str | None = None
) -> CodeSent:
    """Send a code to the contact of the appeal; codes that were sent before for the same purpose become invalid.

    `asker`: the address or the token that asks; None: a machine that asks for many people. Raises NoContact and TooMany.
    """
    tracking = await lock_appeal(work, appeal_id)
    appeal, now, rules = await records.whole_appeal(work.session, appeal_id), work.clock.now(), policy().code
    confirmed = await recipients.confirmed_kinds(work.session, appeal_id) if request.purpose == "contact-confirmation" else set()
    kind, address = contact_of(work.sealer, appeal, request.contact, confirmed)
    await send_new_code(work, send_code, appeal, (kind, address), request.purpose, asker)
    expires_at = now + timedelta(minutes=rules.minutes)
    return CodeSent.model_validate({"number": appeal.number, "status": tracking["status"], "contact": kind, "expires_at": expires_at})


async def send_new_code(
    work: UnitOfWork, send_code: SendCode, appeal: Appeal, contact: tuple[str, str], purpose: CodePurpose, asker: str | None
) -> None:
    """Send a new code to a contact of an appeal, given by kind and address, within the limits. Raises TooMany."""
    language = next((language for language in LANGUAGES if language == appeal.language), LANGUAGES[0])
    await send_code_to(work, send_code, appeal.id, contact, purpose, asker=asker, language=language)


async def send_code_to(
    work: UnitOfWork,
    send_code: SendCode,
    owner_id: UUID,
    contact: tuple[str, str],
    purpose: CodePurpose,
    *,
    asker: str | None,
    language: Language,
) -> None:
    """Send a new code to a contact within the limits of `asker` and of the contact. Raises TooMany.

    `owner_id`: the appeal, or the id by which the codes of a phone number are found.
    """
    (kind, address), rules, counted = contact, policy().code, _COUNTED.get(purpose, CODES)
    if asker is not None:
        await spend(work, asker_key(work.pepper, counted, asker), rules.a_day_from_an_address)
    # `spend` locks the counter of the recipient: a concurrent request waits here
    await spend(work, recipient_key(work.pepper, counted, CODE_CHANNELS[kind], address), rules.a_day)
    code = await _new_code(work, owner_id, kind, address, purpose)
    await send_code(work, appeal_id=owner_id, channel=CODE_CHANNELS[kind], address=address, code=code, language=language, purpose=purpose)


async def redeem_code(work: UnitOfWork, owner_id: UUID, purpose: CodePurpose, given: str) -> None:
    """Use up the latest code of an owner that has no appeal. Raises WrongCode, the same for every failure; the try is counted."""
    latest, now, rules = await records.latest_code(work.session, owner_id, purpose), work.clock.now(), policy().code
    if latest is None or not await records.count_try(work.session, latest.id, rules.tries):
        raise WrongCode
    is_equal = hmac.compare_digest(latest.code, hashed_code(work.pepper, latest.id, purpose, given))
    if not is_equal or now >= latest.sent_at + timedelta(minutes=rules.minutes):
        raise WrongCode
    await records.use_code(work.session, latest.id, now)


def code_minutes() -> int:
    """Return for how many minutes a code is good."""
    return policy().code.minutes


async def _new_code(work: UnitOfWork, owner_id: UUID, kind: str, address: str, purpose: CodePurpose) -> str:
    """Store the keyed hash of a new code for a contact and return the code. Raises TooMany beyond the limit of an hour."""
    now, rules = work.clock.now(), policy().code
    contact = work.pepper.keyed_hmac("code-contact", f"{kind}/{address}".encode())
    counted = VERIFICATION_PURPOSES if purpose in VERIFICATION_PURPOSES else (purpose,)
    sent = await records.codes_since(work.session, owner_id, contact, counted, now - HOUR)
    if len(sent) >= rules.an_hour:
        raise TooMany(math.ceil((sent[-rules.an_hour] + HOUR - now).total_seconds()))
    code_id, code = work.ids.new(), random_digits(rules.digits)
    hashed = hashed_code(work.pepper, code_id, purpose, code)
    new = ContactCode(
        id=code_id,
        appeal_id=owner_id,
        contact=contact,
        contact_kind=kind,
        purpose=purpose,
        code=hashed,
        sent_at=now,
        tries=0,
        used_at=None,
    )
    records.add_code(work.session, new)
    return code


async def confirm_contact(work: UnitOfWork, plan_receipt: PlanReceipt, appeal_id: UUID, confirmation: ContactIn) -> ContactConfirmed:
    """Confirm by a code that the applicant has the contact given (АППК art. 66(4)), and send a receipt there. Raises WrongCode."""
    tracking = await lock_appeal(work, appeal_id)
    kind = await spend_code(work, tracking, confirmation.code, "contact-confirmation")
    await store_tracking(work, tracking, work.ids.new(), None)
    appeal = await records.whole_appeal(work.session, appeal_id)
    if not is_decided(tracking["status"]):
        await plan_receipt(work, appeal_id, appeal.answer_by)
    response = {"number": appeal.number, "status": tracking["status"], "contact": kind, "confirmed_at": tracking["contact_confirmed_at"]}
    return ContactConfirmed.model_validate(response)


async def spend_code(work: UnitOfWork, tracking: TrackingRow, given: str, purpose: CodePurpose) -> str:
    """Use up the code and return the kind of contact it was sent to.

    Sets the time of confirmation in `tracking`; the caller stores the row.

    Raises WrongCode for a wrong code or one of another purpose; the try is counted.
    """
    now, rules = work.clock.now(), policy().code
    latest = await records.latest_code(work.session, tracking["appeal_id"], purpose)
    if latest is None or latest.used_at is not None or latest.tries >= rules.tries:
        raise WrongCode
    if now >= latest.sent_at + timedelta(minutes=rules.minutes):
        raise WrongCode
    latest.tries += 1
    if not hmac.compare_digest(latest.code, hashed_code(work.pepper, latest.id, purpose, given)):
        raise WrongCode
    latest.used_at = tracking["contact_confirmed_at"] = now
    await recipients.confirm_contact(work.session, tracking["appeal_id"], [latest.contact_kind], now)
    return latest.contact_kind


def contact_of(sealer: Sealer, appeal: Appeal, wanted: str | None, confirmed: Collection[str] = ()) -> tuple[str, str]:
    """Return kind and address of a contact: the wanted one, else an unconfirmed one, else that of the answer, else the first.

    Raises NoContact.
    """
    given = open_field(sealer, appeal.id, "applicant", appeal.applicant) or {}
    kinds = [kind for kind in CODE_CHANNELS if kind in given and wanted in {None, kind}]
    if not kinds:
        raise NoContact
    kind = min(kinds, key=lambda kind: (kind in confirmed, CODE_CHANNELS[kind] != appeal.answer_by, kinds.index(kind)))
    return kind, given[kind]


def contact_kinds(sealer: Sealer, appeal_id: UUID, applicant: bytes | None) -> list[str]:
    """Return the kinds of contact to which a code can be sent."""
    given = open_field(sealer, appeal_id, "applicant", applicant) or {}
    return [kind for kind in CODE_CHANNELS if kind in given]


async def copy_confirmed(work: UnitOfWork, appeal: Appeal, new_id: UUID) -> None:
    """Mark the confirmed contacts of an appeal as confirmed in the appeal that follows it: the contacts are the same."""
    written_down = contact_kinds(work.sealer, appeal.id, appeal.applicant) if appeal.received_by is not None else []
    kinds = await recipients.confirmed_kinds(work.session, appeal.id) | set(written_down)
    await recipients.confirm_contact(work.session, new_id, kinds, work.clock.now())


def hashed_code(pepper: Pepper, code_id: UUID, purpose: CodePurpose, code: str) -> bytes:
    """Return the keyed hash of a code for a purpose, 32 bytes."""
    return pepper.keyed_hmac("contact-code", f"{code_id}/{purpose}/{code}".encode())


async def purge_codes(work: UnitOfWork) -> None:
    """Delete the codes that are past their retention."""
    await records.purge_codes(work.session, work.clock.now() - timedelta(hours=policy().code.kept_hours))
