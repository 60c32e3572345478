"""Use cases of ratings.

Any resident rates a medical organisation or a doctor, with or without an appeal: once a person, provider and calendar month; a later
rating of the month replaces the earlier one. A person is a citizen's token, a phone number confirmed by a code, or a chat of the bot. None
of them is stored: the id of a rating is a keyed hash of person, provider and month, and codes are found by a keyed hash of the number.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from intake.ratings import repository
from intake.ratings.errors import DoctorNotListed
from intake.ratings.policy import check_policies, rating_aspects, rating_policy
from intake.ratings.schemas import PhoneConfirmation, RatingCodeIn, RatingCodeSent, RatingIn, RatingOut, RatingRow
from intake.ratings.service.doctors import ListedDoctor
from intake.register.codes import RATING
from intake.register.service.ports import SendCode
from intake.register.service.providers import active_provider
from intake.register.service.recipients import RATINGS, asker_key, day_of, spend
from intake.register.service.verification import code_minutes, redeem_code, send_code_to
from shared.contracts import ProviderRated
from shared.domain.phones import InvalidPhone, normalise_personal_phone
from shared.errors import InvalidInput
from shared.field_errors import DETAILS
from shared.sealing import Pepper
from shared.unit_of_work import UnitOfWork

__all__ = ["RatedBy", "ask_code", "check_policies", "confirm_phone", "person_of", "purge", "rate", "rating_aspects"]

_HALF: Final = 16  # bytes of a keyed hash that make an id


class RatedBy(NamedTuple):
    """Who rates, and from where. `person`: a keyed hash that is used and not stored."""

    person: bytes
    channel: str


def person_of(pepper: Pepper, identity: str) -> bytes:
    """Return the keyed hash of a person: of a token's issuer and subject, a phone number, or a chat."""
    return pepper.keyed_hmac("rating-person", identity.encode())


def _owner_of(pepper: Pepper, phone: str) -> UUID:
    """Return the id under which the codes of a phone number are found: a keyed hash."""
    return UUID(bytes=pepper.keyed_hmac("rating-phone", phone.encode())[:_HALF])


def _phone(typed: str, field: str) -> str:
    try:
        return normalise_personal_phone(typed)
    except InvalidPhone:
        raise InvalidInput.field(field, "bad-format", DETAILS["bad-format"]) from None


async def ask_code(work: UnitOfWork, send_code: SendCode, asked: RatingCodeIn, asker: str) -> RatingCodeSent:
    """Send a code to a phone number. `asker`: the address that asks. Raises InvalidInput and TooMany."""
    phone = _phone(asked.phone, "phone")
    owner = _owner_of(work.pepper, phone)
    await send_code_to(work, send_code, owner, ("phone", phone), RATING, asker=asker, language=asked.language)
    return RatingCodeSent(expires_at=work.clock.now() + timedelta(minutes=code_minutes()))


async def confirm_phone(work: UnitOfWork, given: PhoneConfirmation) -> bytes:
    """Use up the code of a phone number and return the person who has it. Raises InvalidInput, and WrongCode, whose try is counted."""
    phone = _phone(given.phone, "confirmation.phone")
    await redeem_code(work, _owner_of(work.pepper, phone), RATING, given.code)
    return person_of(work.pepper, f"phone/{phone}")


async def rate(work: UnitOfWork, rating: RatingIn, by: RatedBy, roster: Sequence[ListedDoctor] | None) -> RatingOut:
    """Store a rating and publish it; the same rating again publishes nothing.

    `roster`: the doctors of the organisation. None: it is not known, and provider-contact leaves a doctor of another organisation out of
    its figures. Raises InvalidInput, DoctorNotListed and TooMany.
    """
    now = work.clock.now()
    _check(rating, roster)
    if await active_provider(work.session, rating.provider_id) is None:
        raise InvalidInput.field("provider_id", "unknown-code", DETAILS["unknown-code"])
    month = day_of(now).replace(day=1)
    row = _row(work.pepper, rating, by, month, now)
    is_new = await repository.add_rating(work.session, row)
    if is_new:
        await spend(work, asker_key(work.pepper, RATINGS, by.person.hex()), rating_policy().a_day)
    elif not await _replace(work, row):
        return _out(row, replaced=True)
    work.publish(_event(row))
    return _out(row, replaced=not is_new)


def _check(rating: RatingIn, roster: Sequence[ListedDoctor] | None) -> None:
    unknown = sorted(set(rating.aspects) - set(rating_aspects()))
    if unknown:
        raise InvalidInput.field("aspects", "unknown-code", DETAILS["unknown-code"])
    if rating.doctor_id is not None and roster is not None and rating.doctor_id not in {doctor.doctor_id for doctor in roster}:
        raise DoctorNotListed


def _row(pepper: Pepper, rating: RatingIn, by: RatedBy, month: date, now: datetime) -> RatingRow:
    rated = f"{by.person.hex()}/{rating.provider_id}/{month}"
    return {
        "id": UUID(bytes=pepper.keyed_hmac("rating", rated.encode())[:_HALF]),
        "provider_id": rating.provider_id,
        "doctor_id": rating.doctor_id,
        "score": rating.score,
        "aspects": dict(sorted(rating.aspects.items())),
        "month": month,
        "channel": by.channel,
        "at": now,
    }


async def _replace(work: UnitOfWork, row: RatingRow) -> bool:
    """Replace the earlier rating of the month. Return whether anything differs."""
    stored = await repository.lock_rating(work.session, row["id"])
    if (stored.score, stored.doctor_id, stored.aspects) == (row["score"], row["doctor_id"], row["aspects"]):
        return False
    stored.score, stored.doctor_id, stored.aspects = row["score"], row["doctor_id"], row["aspects"]
    stored.channel, stored.at = row["channel"], row["at"]
    return True


def _event(row: RatingRow) -> ProviderRated:
    return ProviderRated(
        rating_id=row["id"],
        provider_id=row["provider_id"],
        doctor_id=row["doctor_id"],
        score=row["score"],
        aspects=row["aspects"],
        month=row["month"],
        channel=row["channel"],
    )


def _out(row: RatingRow, *, replaced: bool) -> RatingOut:
    return RatingOut(
        rating_id=row["id"],
        provider_id=row["provider_id"],
        doctor_id=row["doctor_id"],
        month=row["month"],
        score=row["score"],
        replaced=replaced,
    )


async def purge(work: UnitOfWork) -> None:
    """Delete the ratings of months that are past their retention."""
    first = day_of(work.clock.now()).replace(day=1)
    months = first.year * 12 + first.month - 1 - rating_policy().kept_months
    await repository.purge_ratings(work.session, date(months // 12, months % 12 + 1, 1))
