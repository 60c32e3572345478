"""The check of a line about an open appeal: the same as of any filing, and its times and terms as the former register has them."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from intake.imports.policy import line_text
from intake.imports.schemas import OpenFault, OpenRow
from intake.imports.service.importing import Line, category_of, fingerprint_of, id_of
from intake.register.schemas import AppealIn, ApplicantIn, ProviderIn
from intake.register.schemas.filing import Filing
from intake.register.service.admission import Admission
from intake.register.service.filing import CLOCK_AHEAD, check, moment
from shared.domain.calendar import CalendarGap, planning_calendar
from shared.domain.deadlines import due_at, due_on, policies, policy_for_form
from shared.domain.identifiers import is_valid_bin_or_iin, normalise_twelve
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import DomainError, InvalidInput
from shared.sealing import Pepper

APPLICANT: Final = ("full_name", "iin", "phone", "email", "address")
WARNED_BEFORE: Final = 5  # working days: no clock warns earlier, so the calendar is needed from there on


@dataclass(frozen=True, slots=True)
class OpenAppeal:
    """A row that can be imported, with the filing that it is."""

    line: int
    row: OpenRow
    appeal_id: UUID
    fingerprint: bytes
    filing: Filing
    """Its `registered_at` and `due_at` are as the former register has them."""
    extended_until: date | None


@dataclass(frozen=True, slots=True)
class CheckedOpenLines:
    """A batch of lines after the check: the rows to import, how many lines there were, and the faults of the others."""

    good: Sequence[OpenAppeal]
    received: int
    faults: Sequence[OpenFault]


async def check_open_lines(pepper: Pepper, lines: Sequence[Line], now: datetime) -> CheckedOpenLines:
    """Check a batch of lines in another thread, before its transaction."""
    checked = await asyncio.to_thread(lambda: [_checked(pepper, line, now) for line in lines])
    refused = [(line.number, found) for line, found in zip(lines, checked, strict=True) if isinstance(found, list)]
    faults = [fault_of(number, field, code) for number, found in refused for field, code in found]
    return CheckedOpenLines([found for found in checked if isinstance(found, OpenAppeal)], len(lines), faults)


def fault_of(line: int, field: str, code: str) -> OpenFault:
    """Return the fault of a line, in words for whoever corrects the file."""
    text = line_text(code)
    return OpenFault(line=line, code=code, field=field, detail=text.en, kk=text.kk, ru=text.ru)


def _checked(pepper: Pepper, line: Line, now: datetime) -> OpenAppeal | list[tuple[str, str]]:
    row = line.row
    if isinstance(row, DomainError):
        return [(each.field, each.code) for each in row.errors] or [("", row.code)]
    assert isinstance(row, OpenRow)  # noqa: S101 - the reader was given this form
    faults = list(_own_faults(row, now))
    filing: Filing | None = None
    try:
        filing = check(_filed(row), Admission(row.channel, may_backdate=True, topic_suffices=True), now)
    except InvalidInput as refused:
        faults += [(each.field.removeprefix("applicant."), each.code) for each in refused.errors]
    except ValidationError:  # lengths are those of `OpenRow`, so this is not reached; a fault rather than a lost file
        faults.append(("", "wrong-type"))
    if faults or filing is None:
        return list(dict.fromkeys(faults))
    terms = _terms(row, filing)
    if isinstance(terms, list):
        return terms
    registered_at, due, extended_until = terms
    filing = filing._replace(registered_at=registered_at, due_at=due)
    return OpenAppeal(line.number, row, id_of(row), fingerprint_of(pepper, row), filing, extended_until)


def _filed(row: OpenRow) -> AppealIn:
    name = row.provider_name
    given = [each.strip() for each in (row.consents or "").split(";")]
    return AppealIn(
        language=row.language,
        kind=row.kind,
        category=category_of(row),
        topic=row.topic,
        statutory_form=row.statutory_form,
        region=row.region,
        provider=ProviderIn(name=name) if name else None,
        text=row.text,
        applicant=ApplicantIn(**{field: getattr(row, field) for field in APPLICANT}),
        consents=[each for each in given if each],
        received_at=row.received_at,
    )


def _own_faults(row: OpenRow, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield field and code of every fault that a filing cannot have."""
    for field in ("closed_at", "outcome"):
        if getattr(row, field) is not None:
            yield field, "closed-legacy-row"
    if row.channel not in taxonomy().channels:
        yield "channel", "unknown-code"
    if row.provider_bin is not None and not is_valid_bin_or_iin(normalise_twelve(row.provider_bin)):
        yield "provider_bin", "bad-bin"
    received = moment(row.received_at)
    if row.registered_at is not None:
        registered = moment(row.registered_at)
        if registered is None or registered > now + CLOCK_AHEAD or (received is not None and registered < received):
            yield "registered_at", "bad-time"
    for field in ("due_on", "extended_until"):
        if getattr(row, field) is not None and _day(getattr(row, field)) is None:
            yield field, "bad-date"


def _terms(row: OpenRow, filing: Filing) -> tuple[datetime, datetime, date | None] | list[tuple[str, str]]:
    """Return when the appeal was registered, when its statutory term ends, and until when it was extended; or the faults of the dates."""
    registered_at = moment(row.registered_at) if row.registered_at else None
    registered_at = registered_at or filing.registered_at
    start = registered_at.astimezone(regions()[row.region].timezone).date()
    form = row.statutory_form or taxonomy().kinds[row.kind].default_form
    extended_until = _day(row.extended_until)
    calendar = planning_calendar()
    try:
        stated = _day(row.due_on) or due_on(start, policies()[policy_for_form(form)], calendar).due_on
        last = extended_until or stated
        calendar.add_working_days(last, -WARNED_BEFORE)
        calendar.next_working_day(last)
    except CalendarGap:
        return [("due_on" if row.due_on else "received_at", "calendar-gap")]
    if stated < start:
        return [("due_on", "due-before-registration")]
    if extended_until is not None and extended_until < stated:
        return [("extended_until", "extension-before-due")]
    return registered_at, due_at(last, row.region), extended_until


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
