"""The figures of reports, the names of periods, and the texts: data files that are checked before the service starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from string import Formatter
from typing import Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from analytics.facts.schemas import Group
from analytics.kpis.service import kpi_definitions
from shared.auth import Role
from shared.domain.tables import ReferenceDataError, Row
from shared.policy_files import policy_document, policy_table

PACKAGE: Final = "analytics.reports"
READERS: Final[tuple[Role, ...]] = ("analyst", "supervisor", "head", "admin")
COUNTRY: Final = "KZ"
"""The region of reports on the whole country."""
TEXTS_FILE: Final = "report_texts.toml"

ReportLanguage = Literal["kk", "ru"]
REPORT_LANGUAGES: Final[tuple[ReportLanguage, ...]] = ("kk", "ru")


class ReportFormat(StrEnum):
    """The forms in which a report is read."""

    HTML = "html"
    DOCX = "docx"
    PDF = "pdf"


class ReportScope(StrEnum):
    """Of which reports a figure is."""

    ALL = "all"
    COUNTRY = "country"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """A figure of reports. `kind` narrows it, `group` replaces the group of its definition; `shown`: how many parts are named at most.

    `total` names what the parts must add up to, or for a figure without parts what it must equal: a figure, or a part of one as
    `figure.CODE`.
    """

    code: str
    kpi: str
    kind: str | None
    group: Group | None
    total: str | None
    scope: ReportScope
    shown: int

    @property
    def part_group(self) -> Group | None:
        """Return what the figure is split by."""
        return self.group or kpi_definitions()[self.kpi].group

    def is_of(self, region: str) -> bool:
        """Return whether the report on a region has the figure."""
        return self.scope is ReportScope.ALL or (self.scope is ReportScope.COUNTRY) == (region == COUNTRY)


class PeriodName(NamedTuple):
    """A period in one language: by itself, as the time of an event, after "compared with", and without its year."""

    alone: str
    as_time: str
    compared: str
    short: str


class _ReportTexts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kk: str
    ru: str


@cache
def report_figures() -> Mapping[str, ReportFigure]:
    """Return the figures of reports by code, in the order of the file. Raises ReferenceDataError, which names the wrong row."""
    found = policy_table(PACKAGE, "report_figures.csv", _figure)
    for figure in found.values():
        total = (figure.total or figure.code).partition(".")[0]
        if total not in found:
            raise ReferenceDataError("report_figures.csv", 1, f"{figure.code}: {total} is no figure of reports")
    return found


def _figure(row: Row) -> ReportFigure:
    kpi = row.one_of("kpi", kpi_definitions())
    group = row.optional("group")
    figure = ReportFigure(
        code=row.text("code"),
        kpi=kpi,
        kind=row.optional("kind"),
        group=None if group is None else Group(row.one_of("group", frozenset[str](Group))),
        total=row.optional("total"),
        scope=ReportScope(row.one_of("scope", frozenset[str](ReportScope))),
        shown=row.number_in("shown", 0, 100),
    )
    if (figure.part_group is None) != (figure.shown == 0):
        raise row.error("a figure with parts shows some of them, and one without parts none")
    return figure


@cache
def period_names() -> Mapping[str, Mapping[ReportLanguage, PeriodName]]:
    """Return the names of periods by unit and number, such as `quarter-3`. `{year}` stands for the year."""
    return policy_table(PACKAGE, "period_names.csv", _period_names)


def _period_names(row: Row) -> Mapping[ReportLanguage, PeriodName]:
    return {
        language: PeriodName(row.text(language), row.text(f"{language}_in"), row.text(f"{language}_with"), row.text(f"{language}_short"))
        for language in REPORT_LANGUAGES
    }


@cache
def _texts() -> Mapping[str, _ReportTexts]:
    return {code: _ReportTexts.model_validate(texts) for code, texts in policy_document(PACKAGE, TEXTS_FILE).items()}


def report_text(code: str, language: ReportLanguage) -> str:
    """Return a text with its `{name:form}` fields. Raises KeyError for an unknown code."""
    text = _texts()[code]
    return text.kk if language == "kk" else text.ru


def check_policies() -> None:
    """Load every file of this slice. Raises ReferenceDataError, so that no process starts with a wrong file."""
    report_figures()
    period_names()
    for code, texts in _texts().items():
        if not _names(texts.ru) <= _names(texts.kk):
            raise ReferenceDataError(TEXTS_FILE, 1, f"{code}: the Russian text names a value that the Kazakh text does not have")


def _names(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)
