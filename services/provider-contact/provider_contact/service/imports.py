"""Taking over the Fund's list of providers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncSession

from provider_contact import events, repository
from provider_contact.schemas import ImportResult, RefusedLine
from provider_contact.service.directory import bin_key, local_today
from shared.clock import Clock
from shared.domain.emails import InvalidEmail, normalise_email
from shared.domain.identifiers import is_valid_bin_or_iin, normalise_twelve
from shared.domain.phones import InvalidPhone, normalise_phone
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.domain.text import clean
from shared.errors import DomainError
from shared.field_errors import field_errors
from shared.http import StrictModel, Text
from shared.ids import Ids
from shared.import_files import CsvReader, Record
from shared.messaging import outbox
from shared.sealing import Pepper, Sealer

COLUMNS = ("bin", "name_kk", "name_ru", "short_name", "aliases", "region", "district", "kind", "ownership", "email", "phone")
AT_ONCE = 200  # lines between two steps of the event loop
ALIASES = 30  # ways to write one name; more is a mistake in the file


def _known_bin(text: str) -> str:
    number = normalise_twelve(text)
    if not is_valid_bin_or_iin(number):
        raise PydanticCustomError("bad_bin", "This is neither a BIN nor an IIN.")
    return number


def _one_of(known: Mapping[str, object], text: str) -> str:
    if text not in known:
        raise PydanticCustomError("unknown_code", "The value is not one of the known codes.")
    return text


def _mail(text: str) -> str:
    try:
        return normalise_email(text)
    except InvalidEmail:
        raise PydanticCustomError("bad_email", "This is not an e-mail address.") from None


def _phone(text: str) -> str:
    try:
        return normalise_phone(text)
    except InvalidPhone:
        raise PydanticCustomError("bad_phone", "This is not a telephone number of Kazakhstan.") from None


Name = Annotated[str, Text(400)]  # full legal names of hospitals reach 250


class ProviderLine(StrictModel):
    """One line of the list; blank cells are left out before."""

    bin: Annotated[str, AfterValidator(_known_bin)]
    name_kk: Name
    name_ru: Name
    short_name: Name = ""
    aliases: Annotated[list[Name], Field(max_length=ALIASES, default_factory=list)]
    region: Annotated[str, AfterValidator(lambda code: _one_of(regions(), code))]
    district: Name = ""
    kind: Annotated[str, AfterValidator(lambda code: _one_of(taxonomy().provider_kinds, code))]
    ownership: Annotated[str, AfterValidator(lambda code: _one_of(taxonomy().ownerships, code))]
    email: Annotated[str, Text(254), AfterValidator(_mail)] | None = None
    phone: Annotated[str, Text(40), AfterValidator(_phone)] | None = None


@dataclass(frozen=True, slots=True)
class ProviderList:
    """A file as read: lines that can be taken over, and one entry for each that cannot."""

    lines: list[ProviderLine]
    refused: list[RefusedLine]

    @property
    def received(self) -> int:
        return len(self.lines) + len(self.refused)


def read_list(raw: bytes) -> ProviderList:
    """The Fund's list as CSV, in UTF-8 or UTF-16, separated by commas, semicolons or tabs.

    Raises MalformedText for other encodings and InvalidInput if the header does not name exactly the columns.
    """
    read = ProviderList([], [])
    seen: set[str] = set()
    for record in CsvReader(COLUMNS, required=COLUMNS).feed(raw, final=True):
        line = _line(record)
        if isinstance(line, ProviderLine) and line.bin in seen:
            line = RefusedLine(line=record.line, code="duplicate", field="bin", detail="An earlier line has this BIN.")
        if isinstance(line, RefusedLine):
            read.refused.append(line)
        else:
            seen.add(line.bin)
            read.lines.append(line)
    return read


def _line(record: Record) -> ProviderLine | RefusedLine:
    number, cells = record.line, record.cells
    if isinstance(cells, DomainError):
        return RefusedLine(line=number, code=cells.code, field="", detail=cells.detail or cells.title)
    given: dict[str, Any] = {name: clean(cell) for name, cell in cells.items()}
    if "aliases" in given:
        given["aliases"] = [alias.strip() for alias in given["aliases"].split(";") if alias.strip()]
    try:
        return ProviderLine.model_validate(given)
    except ValidationError as error:
        by_column = sorted(field_errors(error), key=lambda each: COLUMNS.index(each.field.partition(".")[0]))
        first = by_column[0]
        return RefusedLine(line=number, code=first.code, field=first.field.partition(".")[0], detail=first.detail)


async def import_list(session: AsyncSession, read: ProviderList, *, sealer: Sealer, pepper: Pepper, clock: Clock, ids: Ids) -> ImportResult:
    """Take over a list: new providers are added, changed ones changed, and both told to the others. Who is not in the list stays."""
    version = await repository.lock_directory(session)
    keyed = await asyncio.to_thread(lambda: [(bin_key(pepper, line.bin), line) for line in read.lines])
    known = await repository.known_providers(session, [key for key, _ in keyed])
    added: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for start in range(0, len(keyed), AT_ONCE):
        some = keyed[start : start + AT_ONCE]
        rows = await asyncio.to_thread(_rows, some, known, sealer, pepper, clock, ids)
        for (key, _), row in zip(some, rows, strict=True):
            if row is not None:
                (changed if key in known else added).append(row)
                outbox.append(
                    session, events.provider_recorded(row, active=row["valid_to"] is None or row["valid_to"] >= local_today(clock))
                )
    for start in range(0, len(added), AT_ONCE):
        await repository.add_providers(session, added[start : start + AT_ONCE])
    for start in range(0, len(changed), AT_ONCE):
        await repository.change_providers(session, changed[start : start + AT_ONCE])
    if added or changed:
        await repository.move_directory(session, version + 1)
    imported = len(added) + len(changed)
    return ImportResult(received=read.received, imported=imported, unchanged=len(read.lines) - imported, rejected=read.refused)


def _rows(
    some: Sequence[tuple[bytes, ProviderLine]],
    known: Mapping[bytes, Any],
    sealer: Sealer,
    pepper: Pepper,
    clock: Clock,
    ids: Ids,
) -> list[dict[str, Any] | None]:
    return [_row(key, line, known.get(key), sealer, pepper, clock, ids) for key, line in some]


def _row(key: bytes, line: ProviderLine, before: Any, sealer: Sealer, pepper: Pepper, clock: Clock, ids: Ids) -> dict[str, Any] | None:
    """A provider's row as it is to be stored; None where it is stored so already."""
    fingerprint = pepper.keyed_hmac("provider-line", line.model_dump_json().encode())
    if before is not None and before.fingerprint == fingerprint:
        return None
    provider_id = before.provider_id if before else ids.new()
    valid = (before.valid_from, before.valid_to) if before else (local_today(clock), None)
    sealed = {
        name: None if value is None else sealer.seal("provider", provider_id, name, value.encode())
        for name, value in (("bin", line.bin), ("email", line.email), ("phone", line.phone))
    }
    public = line.model_dump(exclude={"bin", "email", "phone"})
    row = public | sealed | {"provider_id": provider_id, "bin_key": key, "fingerprint": fingerprint, "recorded_at": clock.now()}
    return row | {"valid_from": valid[0], "valid_to": valid[1]}
