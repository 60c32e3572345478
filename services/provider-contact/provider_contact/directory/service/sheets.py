"""Import files of the directory: the columns of each sheet, and the lines read from a CSV file or a workbook."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Generic, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from provider_contact.directory.codes import ContactRole, Sheet
from provider_contact.directory.policy import care_types, contact_bodies, provider_levels
from provider_contact.directory.schemas import RejectedLine
from shared.domain.emails import InvalidEmail, normalise_email
from shared.domain.identifiers import is_valid_bin_or_iin, normalise_twelve
from shared.domain.labels import LANGUAGES
from shared.domain.names import fold
from shared.domain.phones import InvalidPhone, normalise_phone
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.domain.text import clean
from shared.errors import DomainError
from shared.field_errors import field_errors
from shared.http import StrictModel, Text
from shared.import_files import CsvReader, CsvRecord
from shared.workbooks import is_workbook, read_workbook

COLUMNS: Final = ("bin", "name_kk", "name_ru", "short_name", "aliases", "region", "district", "kind", "ownership", "email", "phone")
CARD_COLUMNS: Final = ("level", "attached_population", "districts", "contract_year", "care_types")
"""Optional columns of the list of providers. An empty cell leaves what is stored."""
CONTACT_COLUMNS: Final = (
    "bin",
    "body",
    "region",
    "role",
    "name",
    "position",
    "phone",
    "email",
    "hours",
    "languages",
    "valid_from",
    "valid_to",
)
DOCTOR_COLUMNS: Final = ("bin", "full_name_kk", "full_name_ru", "speciality", "valid_from", "valid_to")
LISTS: Final = frozenset({"aliases", "districts", "care_types", "languages"})
"""Columns whose cells hold several values, separated by semicolons."""
MAX_ALIASES: Final = 30  # spellings of one name; more are a mistake in the file
MAX_DISTRICTS: Final = 50
FIRST_YEAR, LAST_YEAR = 2018, 2099  # the Fund buys care since 2020; contracts of the pilot are from 2018
POPULATION_LIMIT: Final = 2_000_000  # people attached to one provider; the largest city has as many
BIN_DIGITS: Final = 12


def _known_bin(text: str) -> str:
    number = normalise_twelve(text)
    if not is_valid_bin_or_iin(number):
        raise PydanticCustomError("bad_bin", "This is neither a BIN nor an IIN.")
    return number


def _known(codes: Callable[[], Collection[str]]) -> AfterValidator:
    def check(text: str) -> str:
        if text not in codes():
            raise PydanticCustomError("unknown_code", "The value is not one of the known codes.")
        return text

    return AfterValidator(check)


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


def _whole(given: object) -> object:
    """Return a number written with spaces as such: «12 345». Other values are left to the field's type."""
    digits = "".join(given.split()) if isinstance(given, str) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < BIN_DIGITS else given


def _day(given: object) -> object:
    """Return a day written as 2026-02-05 or 05.02.2026. Other values are left to the field's type."""
    if not isinstance(given, str):
        return given
    parts = given.split(".")
    iso = "-".join(reversed(parts)) if [len(part) for part in parts] == [2, 2, 4] else given
    try:
        return date.fromisoformat(iso)
    except ValueError:
        raise PydanticCustomError("bad_date", "This is not a day: write it as 2026-02-05 or 05.02.2026.") from None


Bin = Annotated[str, AfterValidator(_known_bin)]
Name = Annotated[str, Text(400)]  # full legal names of hospitals reach 250
Email = Annotated[str, Text(254), AfterValidator(_email)]
Phone = Annotated[str, Text(40), AfterValidator(_phone)]
Region = Annotated[str, _known(regions)]
Day = Annotated[date, BeforeValidator(_day)]
CareTypes = Annotated[list[Annotated[str, _known(care_types)]], Field(max_length=20)]
Year = Annotated[int, BeforeValidator(_whole), Field(ge=FIRST_YEAR, le=LAST_YEAR)]
LanguageCodes = Annotated[list[Annotated[str, _known(lambda: LANGUAGES)]], Field(max_length=3)]


class ProviderLine(StrictModel):
    """One line of the list of providers; blank cells are dropped before validation."""

    bin: Bin
    name_kk: Name
    name_ru: Name
    short_name: Name = ""
    aliases: Annotated[list[Name], Field(max_length=MAX_ALIASES, default_factory=list)]
    region: Region
    district: Name = ""
    kind: Annotated[str, _known(lambda: taxonomy().provider_kinds)]
    ownership: Annotated[str, _known(lambda: taxonomy().ownerships)]
    email: Email | None = None
    phone: Phone | None = None
    level: Annotated[str, _known(provider_levels)] | None = None
    attached_population: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=POPULATION_LIMIT)] | None = None
    districts: Annotated[list[Name], Field(max_length=MAX_DISTRICTS)] | None = None
    contract_year: Year | None = None
    care_types: CareTypes | None = None

    @model_validator(mode="after")
    def _has_a_whole_contract(self) -> Self:
        if (self.contract_year is None) != (self.care_types is None):
            raise PydanticCustomError("contract_incomplete", "A contract needs its year and its types of care.")
        return self


class ContactFields(StrictModel):
    """A contact without its owner, as the form of a page and a line of the list give it."""

    role: Annotated[ContactRole, BeforeValidator(lambda given: given.upper() if isinstance(given, str) else given)]
    name: Annotated[str, Text(200)] = ""
    position: Annotated[str, Text(200)] = ""
    phone: Phone | None = None
    email: Email | None = None
    hours: Annotated[str, Text(200)] = ""
    languages: Annotated[LanguageCodes, Field(default_factory=list)]
    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.phone is None and self.email is None:
            raise PydanticCustomError("reach_required", "A contact needs a telephone or an e-mail address.")
        return _in_order(self, self.valid_from, self.valid_to)


class ContactLine(ContactFields):
    """One line of the list of contacts: of a provider by BIN, or of a body above the providers of a region."""

    bin: Bin | None = None
    body: Annotated[str, _known(contact_bodies)] | None = None
    region: Region | None = None

    @model_validator(mode="after")
    def _has_one_owner(self) -> Self:
        if (self.bin is None) == (self.body is None) or (self.body is not None and self.region is None):
            raise PydanticCustomError("owner_required", "A contact belongs to a BIN, or to a body and its region.")
        return self


class ContractFields(StrictModel):
    """A contract year as the form of a page gives it; without types of care the year is removed."""

    contract_year: Year
    care_types: Annotated[CareTypes, Field(default_factory=list)]


class AliasFields(StrictModel):
    """The other names that the keeper gives a provider."""

    aliases: Annotated[list[Name], Field(max_length=MAX_ALIASES, default_factory=list)]


class DoctorLine(StrictModel):
    """One line of the list of doctors."""

    bin: Bin
    full_name_kk: Annotated[str, Text(200)] = ""
    full_name_ru: Annotated[str, Text(200)]
    speciality: Annotated[str, Text(200)]
    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        return _in_order(self, self.valid_from, self.valid_to)


L = TypeVar("L", bound=StrictModel)
M = TypeVar("M", bound=StrictModel)


def _in_order(line: M, first: date | None, last: date | None) -> M:
    if first is not None and last is not None and last < first:
        raise PydanticCustomError("dates_reversed", "The last day is before the first.")
    return line


@dataclass(frozen=True, slots=True)
class SheetForm(Generic[L]):
    """What a sheet consists of. `identity`: what two lines of one file may not share, with the column that is reported."""

    columns: Sequence[str]
    required: Sequence[str]
    model: type[L]
    identity: Callable[[L], Hashable]
    identity_column: str


PROVIDER_FORM: Final = SheetForm((*COLUMNS, *CARD_COLUMNS), COLUMNS, ProviderLine, lambda line: line.bin, "bin")
CONTACT_FORM: Final = SheetForm(
    CONTACT_COLUMNS,
    ("role",),
    ContactLine,
    lambda line: (line.bin, line.body, line.body and line.region, line.role, line.email or line.phone),
    "email",
)
DOCTOR_FORM: Final = SheetForm(
    DOCTOR_COLUMNS,
    DOCTOR_COLUMNS[:4],
    DoctorLine,
    lambda line: (line.bin, fold(line.full_name_ru), fold(line.speciality)),
    "full_name_ru",
)
COLUMNS_OF: Final[Mapping[Sheet, Sequence[str]]] = {
    Sheet.PROVIDERS: PROVIDER_FORM.columns,
    Sheet.CONTACTS: CONTACT_FORM.columns,
    Sheet.DOCTORS: DOCTOR_FORM.columns,
}


@dataclass(frozen=True, slots=True)
class ParsedSheet(Generic[L]):
    """A parsed file: the lines that can be imported with their numbers, and one entry for each that cannot."""

    lines: list[L]
    numbers: list[int]
    rejected: list[RejectedLine]

    @property
    def received(self) -> int:
        """Return the number of lines in the file, the header excluded."""
        return len(self.lines) + len(self.rejected)


def read_sheet(raw: bytes, form: SheetForm[L]) -> ParsedSheet[L]:
    """Parse a sheet: a workbook, or CSV in UTF-8 or UTF-16 separated by commas, semicolons or tabs.

    Raises MalformedText for another file, and InvalidInput for a header with an unknown column or without a required one.
    """
    parsed: ParsedSheet[L] = ParsedSheet([], [], [])
    seen: set[Hashable] = set()
    for record in _records(raw, form):
        line = _line(record, form.model)
        if not isinstance(line, RejectedLine) and form.identity(line) in seen:
            line = RejectedLine(
                line=record.line, code="duplicate", field=form.identity_column, detail="An earlier line is about the same entry."
            )
        if isinstance(line, RejectedLine):
            parsed.rejected.append(line)
        else:
            seen.add(form.identity(line))
            parsed.lines.append(line)
            parsed.numbers.append(record.line)
    return parsed


def _records(raw: bytes, form: SheetForm[L]) -> Iterable[CsvRecord]:
    if not is_workbook(raw):
        return CsvReader(form.columns, required=form.required).feed(raw, final=True)
    return map(_with_leading_zeros, read_workbook(raw, form.columns, required=form.required))


def _with_leading_zeros(record: CsvRecord) -> CsvRecord:
    """Return the record with the zeros at the beginning of its BIN, which a workbook drops from a number."""
    cells = record.cells
    if isinstance(cells, DomainError) or not cells.get("bin", "").isdigit():
        return record
    return CsvRecord(record.line, cells | {"bin": cells["bin"].zfill(BIN_DIGITS)})


def _line(record: CsvRecord, model: type[L]) -> L | RejectedLine:
    number, cells = record.line, record.cells
    if isinstance(cells, DomainError):
        return RejectedLine(line=number, code=cells.code, field="", detail=cells.detail or cells.title)
    values: dict[str, str | list[str]] = {name: clean(cell) for name, cell in cells.items()}
    for name in LISTS & cells.keys():
        values[name] = [part.strip() for part in clean(cells[name]).split(";") if part.strip()]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        columns = ["", *cells, *model.model_fields]
        first = min(field_errors(error), key=lambda each: columns.index(each.field.partition(".")[0]))
        return RejectedLine(line=number, code=first.code, field=first.field.partition(".")[0], detail=first.detail)
