"""The check of a request before registration: consistent codes, normalised numbers, the two times and the date due."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, cast

from intake.register.codes import CONSENTS
from intake.register.policy import answer_channels
from intake.register.schemas import AppealIn, ApplicantIn
from intake.register.schemas.filing import Filing
from intake.register.schemas.rows import Particulars
from intake.register.service.admission import Admission
from intake.register.service.texts import position
from shared.domain import registration
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import Deadline, due_at, due_on, policies, policy_for_form
from shared.domain.emails import InvalidEmail, normalise_email
from shared.domain.identifiers import is_valid_iin, normalise_twelve
from shared.domain.labels import LANGUAGES
from shared.domain.phones import InvalidPhone, normalise_personal_phone
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError, InvalidInput
from shared.field_errors import DETAILS

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_AHEAD: Final = timedelta(minutes=5)  # tolerated difference to the clock of a sender or a telephone exchange (`call_policy.toml`)
# RFC 3339 §5.6
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)

SENTENCES: Final = DETAILS | {
    "not-for-this-kind": "An appeal of this kind does not carry this field.",
    "category-or-topic": "Without a kind either a category or a topic may be given, not both.",
    "bad-iin": "This is not a valid IIN.",
    "bad-phone": "This is not a telephone number of Kazakhstan.",
    "bad-email": "This is not an e-mail address.",
    "bad-bin": "This is not a valid BIN.",
    "bad-time": "A time is written as in RFC 3339, with its zone, not before 2000 nor in the future.",
    "not-allowed": "Only those who file for others may give this field.",
    "calendar-gap": "The working calendar does not cover this day.",
    "id-or-name": "A provider is given by its id or by its name, not by both.",
    "not-own": "An organisation registers what was handed to it about itself, in its own region.",
    "unknown-provider": "No provider in the directory has this id.",
    "processing-consent-required": "Personal data needs the consent PROCESSING.",
    "open-legacy-row": "Only closed appeals are taken over.",
    "legacy-number-changed": "This number was imported before with other values.",
    "on-behalf-of-required": "This purpose needs to know on whose behalf.",
}


def fault(field: str, code: str) -> FieldError:
    return FieldError(field, code, SENTENCES[code])


def moment(text: str) -> datetime | None:
    """Return an RFC 3339 time from 2000 on as aware UTC; None for anything else."""
    try:
        parsed = datetime.fromisoformat(text.upper()) if _RFC_3339.fullmatch(text) else None
        return parsed.astimezone(UTC) if parsed is not None and parsed >= EARLIEST else None
    except (ValueError, OverflowError):  # overflow: the last hours of the year 9999, west of Greenwich
        return None


def check(appeal: AppealIn, admission: Admission, now: datetime) -> Filing:
    """Return the filing of a request.

    Raises InvalidInput naming every field that is not acceptable. Whether a chosen provider exists is checked when the appeal is stored.
    """
    errors = [*_subject(appeal), *_provider(appeal), *_text(appeal, admission), *_consents(appeal), *_answer_by(appeal)]
    applicant, personal = _applicant(appeal.applicant)
    errors += personal
    received_at, wrong_time = _received_at(appeal, admission, now)
    errors += wrong_time
    if appeal.external_number is not None and not admission.may_number:
        errors.append(fault("external_number", "not-allowed"))
    if errors:
        raise InvalidInput(errors)
    registered_at, deadline = _terms(received_at, appeal.region, appeal.statutory_form)
    return Filing(
        channel=admission.channel,
        region=appeal.region,
        language=appeal.language,
        kind=appeal.kind,
        category=appeal.category,
        topic=appeal.topic,
        statutory_form=appeal.statutory_form,
        provider_id=appeal.provider.provider_id if appeal.provider else None,
        provider_name=appeal.provider.name if appeal.provider else None,
        text=appeal.text,
        applicant=applicant,
        particulars=_particulars(appeal),
        answer_by=appeal.answer_by,
        consents=sorted(set(appeal.consents)),
        received_at=received_at,
        registered_at=registered_at,
        due_at=due_at(deadline.due_on, appeal.region),
        deadline=deadline,
        received_by=_receiver(admission, appeal.language),
        owner=admission.sender if admission.may_follow else None,
        follows=admission.follows,
        lowest_tier=admission.lowest_tier,
        resolved_in_contact=admission.resolved_in_contact,
        external_number=appeal.external_number,
    )


def _received_at(appeal: AppealIn, admission: Admission, now: datetime) -> tuple[datetime, list[FieldError]]:
    """Return the time of receipt: the given one if the sender may give it, otherwise now; and its errors."""
    if appeal.received_at is None:
        return now, []
    if not admission.may_backdate:
        return now, [fault("received_at", "not-allowed")]
    given = moment(appeal.received_at)
    if given is None or given > now + CLOCK_AHEAD:
        return now, [fault("received_at", "bad-time")]
    return min(given, now), []


def _terms(received_at: datetime, region: str, form: str | None) -> tuple[datetime, Deadline]:
    """Return the legal moment of registration and the deadline of the declared form, or of an undeclared one."""
    try:
        registered_at = registration.registered_at(received_at, region)
        start = registered_at.astimezone(regions()[region].timezone).date()
        return registered_at, _deadline(start, form)
    except CalendarGap:
        raise InvalidInput([fault("received_at", "calendar-gap")]) from None


@lru_cache(maxsize=1024)  # few deadlines a day: one a form
def _deadline(start: date, form: str | None) -> Deadline:
    return due_on(start, policies()[policy_for_form(form)], planning_calendar())


def _subject(appeal: AppealIn) -> Iterator[FieldError]:
    for field, code in taxonomy().subject_errors(appeal.kind, appeal.category, appeal.topic):
        yield fault(field, code)
    if appeal.language is not None and appeal.language not in LANGUAGES:
        yield fault("language", "unknown-code")
    if appeal.statutory_form is not None and appeal.statutory_form not in taxonomy().forms:
        yield fault("statutory_form", "unknown-code")
    if appeal.region not in regions():
        yield fault("region", "unknown-code")


def _provider(appeal: AppealIn) -> Iterator[FieldError]:
    given = appeal.provider
    if given is not None and given.provider_id is not None and given.name is not None:
        yield fault("provider", "id-or-name")
    if given is not None and given.provider_id is None and given.name is None:
        yield fault("provider", "required")


def _text(appeal: AppealIn, admission: Admission) -> Iterator[FieldError]:
    if appeal.text is None and not (admission.topic_suffices and appeal.topic is not None):
        yield fault("text", "required")


def _applicant(given: ApplicantIn) -> tuple[dict[str, str] | None, list[FieldError]]:
    """Return the given data with normalised IIN, phone and e-mail (None: anonymous), and its errors."""
    errors = []
    values: dict[str, str] = {name: value for name, value in vars(given).items() if value is not None}
    if given.iin is not None:
        values["iin"] = normalise_twelve(given.iin)
        if not is_valid_iin(values["iin"]):
            errors.append(fault("applicant.iin", "bad-iin"))
    if given.phone is not None:
        try:
            values["phone"] = normalise_personal_phone(given.phone)
        except InvalidPhone:
            errors.append(fault("applicant.phone", "bad-phone"))
    if given.email is not None:
        try:
            values["email"] = normalise_email(given.email)
        except InvalidEmail:
            errors.append(fault("applicant.email", "bad-email"))
    return values or None, errors


def _particulars(appeal: AppealIn) -> Particulars | None:
    if appeal.patient is None and appeal.authority is None and appeal.contested_act is None:
        return None
    given = cast("Particulars", appeal.model_dump(include={"patient", "authority", "contested_act"}, exclude_none=True))
    if "patient" in given and "iin" in given["patient"]:
        given["patient"]["iin"] = normalise_twelve(given["patient"]["iin"])
    return given


def _answer_by(appeal: AppealIn) -> Iterator[FieldError]:
    if appeal.patient is not None:
        if appeal.patient.iin is not None and not is_valid_iin(normalise_twelve(appeal.patient.iin)):
            yield fault("patient.iin", "bad-iin")
    elif appeal.authority is not None:
        yield fault("patient", "required")
    if appeal.answer_by is None:
        return
    answer_channel = answer_channels().get(appeal.answer_by)
    if answer_channel is None:
        yield fault("answer_by", "unknown-code")
    elif answer_channel.needs and getattr(appeal.applicant, answer_channel.needs) is None:
        yield fault(f"applicant.{answer_channel.needs}", "required")


def _consents(appeal: AppealIn) -> Iterator[FieldError]:
    for index, code in enumerate(appeal.consents):
        if code not in CONSENTS:
            yield fault(f"consents.{index}", "unknown-code")
    if "PROCESSING" not in appeal.consents and any(value is not None for _, value in appeal.applicant):
        yield fault("consents", "processing-consent-required")  # Law 94-V art. 7, 8


def _receiver(admission: Admission, language: str | None) -> dict[str, str] | None:
    if admission.received_by is None or admission.position is None:
        return None
    written = next((known for known in LANGUAGES if known == language), LANGUAGES[0])
    return {"name": admission.received_by, "position": position(admission.position).in_(written)}
