"""Importing the Fund's list of providers."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from provider_contact.directory import events, repository
from provider_contact.directory.models import ProviderRow
from provider_contact.directory.repository import StoredProvider
from provider_contact.directory.schemas import ImportResult, RejectedLine
from provider_contact.directory.service.search import bin_key, local_today
from shared.domain.emails import InvalidEmail, normalise_email
from shared.domain.identifiers import is_valid_bin_or_iin, normalise_twelve
from shared.domain.phones import InvalidPhone, normalise_phone
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.domain.text import clean
from shared.errors import DomainError
from shared.field_errors import field_errors
from shared.http import StrictModel, Text
from shared.import_files import CsvReader, CsvRecord
from shared.unit_of_work import UnitOfWork

COLUMNS = ("bin", "name_kk", "name_ru", "short_name", "aliases", "region", "district", "kind", "ownership", "email", "phone")
LINES_PER_STEP = 200  # lines between two steps of the event loop
MAX_ALIASES = 30  # spellings of one name; more are a mistake in the file


def _known_bin(text: str) -> str:
    number = normalise_twelve(text)
    if not is_valid_bin_or_iin(number):
        raise PydanticCustomError("bad_bin", "This is neither a BIN nor an IIN.")
    return number


def _known_code(known: Collection[str], text: str) -> str:
    if text not in known:
        raise PydanticCustomError("unknown_code", "The value is not one of the known codes.")
    return text


def _email(text: str) -> str:
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
    """One line of the list; blank cells are dropped before validation."""

    bin: Annotated[str, AfterValidator(_known_bin)]
    name_kk: Name
    name_ru: Name
    short_name: Name = ""
    aliases: Annotated[list[Name], Field(max_length=MAX_ALIASES, default_factory=list)]
    region: Annotated[str, AfterValidator(lambda code: _known_code(regions(), code))]
    district: Name = ""
    kind: Annotated[str, AfterValidator(lambda code: _known_code(taxonomy().provider_kinds, code))]
    ownership: Annotated[str, AfterValidator(lambda code: _known_code(taxonomy().ownerships, code))]
    email: Annotated[str, Text(254), AfterValidator(_email)] | None = None
    phone: Annotated[str, Text(40), AfterValidator(_phone)] | None = None


@dataclass(frozen=True, slots=True)
class ProviderList:
    """A parsed file: the lines that can be imported, and one entry for each that cannot."""

    lines: list[ProviderLine]
    rejected: list[RejectedLine]

    @property
    def received(self) -> int:
        """Return the number of lines in the file, the header excluded."""
        return len(self.lines) + len(self.rejected)


def read_list(raw: bytes) -> ProviderList:
    """Parse the Fund's list: CSV in UTF-8 or UTF-16, separated by commas, semicolons or tabs.

    Raises MalformedText for another encoding, and InvalidInput if the header does not consist of exactly `COLUMNS`.
    """
    read = ProviderList([], [])
    seen: set[str] = set()
    for record in CsvReader(COLUMNS, required=COLUMNS).feed(raw, final=True):
        line = _line(record)
        if isinstance(line, ProviderLine) and line.bin in seen:
            line = RejectedLine(line=record.line, code="duplicate", field="bin", detail="An earlier line has this BIN.")
        if isinstance(line, RejectedLine):
            read.rejected.append(line)
        else:
            seen.add(line.bin)
            read.lines.append(line)
    return read


def _line(record: CsvRecord) -> ProviderLine | RejectedLine:
    number, cells = record.line, record.cells
    if isinstance(cells, DomainError):
        return RejectedLine(line=number, code=cells.code, field="", detail=cells.detail or cells.title)
    values: dict[str, str | list[str]] = {name: clean(cell) for name, cell in cells.items()}
    if "aliases" in cells:
        values["aliases"] = [alias.strip() for alias in clean(cells["aliases"]).split(";") if alias.strip()]
    try:
        return ProviderLine.model_validate(values)
    except ValidationError as error:
        by_column = sorted(field_errors(error), key=lambda each: COLUMNS.index(each.field.partition(".")[0]))
        first = by_column[0]
        return RejectedLine(line=number, code=first.code, field=first.field.partition(".")[0], detail=first.detail)


async def import_list(work: UnitOfWork, parsed: ProviderList) -> ImportResult:
    """Insert new providers, update changed ones, and emit `provider-recorded` for both. Providers that the list omits stay."""
    version = await repository.lock_directory(work.session)
    keyed = await asyncio.to_thread(lambda: [(bin_key(work.pepper, line.bin), line) for line in parsed.lines])
    stored = await repository.stored_providers(work.session, [key for key, _ in keyed])
    added: list[ProviderRow] = []
    changed: list[ProviderRow] = []
    today = local_today(work.clock)
    for start in range(0, len(keyed), LINES_PER_STEP):
        lines = keyed[start : start + LINES_PER_STEP]
        rows = await asyncio.to_thread(_rows, work, lines, stored)
        for (key, _), row in zip(lines, rows, strict=True):
            if row is not None:
                (changed if key in stored else added).append(row)
                work.publish(events.provider_recorded(row, active=row["valid_to"] is None or row["valid_to"] >= today))
    for start in range(0, len(added), LINES_PER_STEP):
        await repository.insert_providers(work.session, added[start : start + LINES_PER_STEP])
    for start in range(0, len(changed), LINES_PER_STEP):
        await repository.update_providers(work.session, changed[start : start + LINES_PER_STEP])
    if added or changed:
        await repository.set_directory_version(work.session, version + 1)
    imported = len(added) + len(changed)
    return ImportResult(received=parsed.received, imported=imported, unchanged=len(parsed.lines) - imported, rejected=parsed.rejected)


def _rows(
    work: UnitOfWork, lines: Sequence[tuple[bytes, ProviderLine]], stored: Mapping[bytes, StoredProvider]
) -> list[ProviderRow | None]:
    """Return the lines' rows; runs in a thread, so it leaves the session alone."""
    return [_row(work, key, line, stored.get(key)) for key, line in lines]


def _row(work: UnitOfWork, key: bytes, line: ProviderLine, before: StoredProvider | None) -> ProviderRow | None:
    """Return the provider's row as it has to be stored; None if the stored row is the same already."""
    fingerprint = work.pepper.keyed_hmac("provider-line", line.model_dump_json().encode())
    if before is not None and before.fingerprint == fingerprint:
        return None
    provider_id = before.provider_id if before else work.ids.new()

    def sealed(column: str, value: str) -> bytes:
        return work.sealer.seal("provider", provider_id, column, value.encode())

    return {
        "provider_id": provider_id,
        "bin_key": key,
        "bin": sealed("bin", line.bin),
        "fingerprint": fingerprint,
        "name_kk": line.name_kk,
        "name_ru": line.name_ru,
        "short_name": line.short_name,
        "aliases": line.aliases,
        "region": line.region,
        "district": line.district,
        "kind": line.kind,
        "ownership": line.ownership,
        "email": None if line.email is None else sealed("email", line.email),
        "phone": None if line.phone is None else sealed("phone", line.phone),
        "valid_from": before.valid_from if before else local_today(work.clock),
        "valid_to": before.valid_to if before else None,
        "recorded_at": work.clock.now(),
    }
