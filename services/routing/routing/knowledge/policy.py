"""The files of the knowledge base: figures of each year, articles, and sentences for answers.

Figures are in `data/parameters.csv`, and texts name them instead of repeating them: `{{self_payer_month}}`. `{{code}}` is the figure of the
year in which the article becomes valid, so such an article must end with that year; `{{code.2025}}` is the figure of the named year.
`data/articles.toml` seeds the table of articles; people keep them afterwards. Sentences for answers are in `data/macros.toml`. Who keeps
the articles is in `data/knowledge_policy.toml`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Final

from pydantic import BaseModel, Field, field_validator

from routing.knowledge.codes import FigureProblem, FigureUnit, MacroValue, ReviewState
from shared.auth import STAFF, Role
from shared.domain.tables import ReferenceDataError, Row
from shared.domain.taxonomy import taxonomy
from shared.http import StrictModel
from shared.policy_files import policy_model, policy_rows

FILE: Final = "articles.toml"
POLICY_FILE: Final = "knowledge_policy.toml"
MACRO_FILE: Final = "macros.toml"
PARAMETER_FILE: Final = "parameters.csv"
WRITTEN_IN: Final = ("kk", "ru")
PLACEHOLDER: Final = re.compile(r"\{\{(\w+)\}\}")
NAMED: Final = re.compile(r"\{\{\s*([a-z_]{1,60})(?:\.(\d{4}))?\s*\}\}")
_BRACES: Final = re.compile(r"\{\{|\}\}")
_UNITS: Final = r"%|‰|₸|пайыз|процент|теңге|тенге|тг\b|ЕТЖ|МЗП|АЕК|МРП|мың\b|тысяч|тыс\b|млн|миллион|млрд|миллиард"
_NUMBER: Final = r"\d{1,12}(?:[ \u00a0\u202f.,]\d{1,3}){0,4}"
_WRITTEN: Final = re.compile(rf"(?<!\d){_NUMBER}[ \u00a0\u202f]?(?:{_UNITS})|(?<![\d/-])\d{{1,3}}(?:[ \u00a0\u202f]\d{{3}}){{1,4}}(?!\d)")
"""A figure as people write it: with a unit of money or of a share, or with its thousands set apart."""
GAP: Final = "\u00a0"  # a figure is not broken at the end of a line
_NAMES: Final[Mapping[FigureUnit, Mapping[str, str]]] = {
    FigureUnit.TENGE: {"kk": "теңге", "ru": "тенге"},
    FigureUnit.PERCENT: {"kk": "%", "ru": "%"},
    FigureUnit.MINIMUM_WAGES: {"kk": "ЕТЖ", "ru": "МЗП"},
    FigureUnit.INDICATORS: {"kk": "АЕК", "ru": "МРП"},
}
_PERCENT: Final = Decimal(100)


class SuggestionPolicy(StrictModel):
    """How many articles are suggested for a case, and what counts in their order. `repeated`: for each further one of a subject."""

    shown: Annotated[int, Field(ge=1, le=5)]
    similarity: Annotated[float, Field(ge=0)]
    repeated: Annotated[float, Field(ge=0, le=1)]
    least_score: Annotated[float, Field(ge=0, le=1)]


class KnowledgePolicy(StrictModel):
    """Who keeps the articles (`keepers`), and how many days before its last day an article is shown as expiring (`warn_days`)."""

    keepers: Annotated[tuple[Role, ...], Field(min_length=1)]
    warn_days: Annotated[int, Field(ge=30, le=365)]
    suggested: SuggestionPolicy

    @field_validator("keepers")
    @classmethod
    def _are_people(cls, keepers: tuple[Role, ...]) -> tuple[Role, ...]:
        """Refuse roles of machines and of people outside of the Fund: an article is the Fund's word."""
        if strangers := set(keepers) - {*STAFF, "admin"}:
            raise ValueError(f"not staff of the Fund: {sorted(strangers)}")
        return keepers

    @property
    def warn_before(self) -> timedelta:
        return timedelta(days=self.warn_days)


@cache
def knowledge_policy() -> KnowledgePolicy:
    """Return the file. Raises ReferenceDataError or ValueError for a wrong one."""
    return policy_model("routing.knowledge", POLICY_FILE, KnowledgePolicy)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure of one year. `review`: whether it was read in the source that it names."""

    code: str
    year: int
    value: Decimal
    unit: FigureUnit
    review: ReviewState
    source: str

    def written(self, language: str) -> str:
        """Return the figure with its unit: `4 250 тенге`, `21,5 %`."""
        return f"{self.value:,f}".replace(",", GAP).replace(".", ",") + GAP + _NAMES[self.unit][language]


@dataclass(frozen=True, slots=True)
class FigureFault:
    """What is wrong with a figure of a text: `text` is the figure or the name as it stands there. `instead`: the name to write."""

    problem: FigureProblem
    text: str
    instead: str | None = None


@cache
def parameters() -> Mapping[tuple[str, int], Parameter]:
    """Return the figures by code and year. Raises ReferenceDataError for a figure given twice or a product that is wrong."""
    rows = policy_rows("routing.knowledge", PARAMETER_FILE)
    found: dict[tuple[str, int], Parameter] = {}
    for row in rows:
        parameter = _parameter(row)
        if (key := (parameter.code, parameter.year)) in found:
            raise row.error(f"{parameter.code} of {parameter.year} is given twice")
        found[key] = parameter
    for row, parameter in zip(rows, found.values(), strict=True):
        _check_product(row, parameter, found)
    return found


def figure_faults(text: str, language: str, valid_from: date, valid_to: date | None) -> Iterator[FigureFault]:
    """Yield what is wrong with the figures of a text that is valid in these days."""
    bare = NAMED.sub(" ", text)
    if _BRACES.search(bare):
        yield FigureFault(FigureProblem.UNREADABLE, "{{ }}")
    for match in NAMED.finditer(text):
        year = int(match[2] or valid_from.year)
        if (match[1], year) not in parameters():
            yield FigureFault(FigureProblem.UNKNOWN, match[0])
        elif match[2] is None and (valid_to is None or valid_to.year != valid_from.year):
            yield FigureFault(FigureProblem.OUTLIVES_ITS_YEAR, match[0], f"{{{{{match[1]}.{year}}}}}")
    for match in _WRITTEN.finditer(bare):
        yield FigureFault(FigureProblem.WRITTEN_OUT, match[0].strip(), _name_of(match[0], language, valid_from.year))


def unconfirmed_figures(text: str, valid_from: date) -> list[Parameter]:
    """Return the figures of a text that nobody has confirmed."""
    found = (parameters().get((match[1], int(match[2] or valid_from.year))) for match in NAMED.finditer(text))
    return [each for each in found if each is not None and each.review is ReviewState.NEEDED]


def filled_in(text: str, language: str, valid_from: date) -> str:
    """Return the text with its figures in place of their names. A name without a figure stays, so that it is seen."""

    def figure(match: re.Match[str]) -> str:
        known = parameters().get((match[1], int(match[2] or valid_from.year)))
        return match[0] if known is None else known.written(language)

    return NAMED.sub(figure, text)


def _name_of(figure: str, language: str, year: int) -> str | None:
    """Return the name of a figure that somebody wrote out, the year's own first; None if no parameter has it."""
    digits = _bare(figure)
    known = sorted(parameters().values(), key=lambda each: (each.year != year, -each.year))
    match = next((each for each in known if _bare(each.written(language)) == digits), None)
    if match is None:
        return None
    return f"{{{{{match.code}}}}}" if match.year == year else f"{{{{{match.code}.{match.year}}}}}"


def _bare(figure: str) -> str:
    return re.sub(r"\s", "", figure).replace(".", ",")


def _parameter(row: Row) -> Parameter:
    try:
        value = Decimal(row.text("value"))
    except InvalidOperation:
        raise row.error("value is not a number") from None
    return Parameter(
        row.text("code"),
        row.number_in("year", 2020, 2099),
        value,
        FigureUnit(row.one_of("unit", frozenset(FigureUnit))),
        ReviewState(row.one_of("review", frozenset(ReviewState))),
        row.text("source"),
    )


def _check_product(row: Row, parameter: Parameter, known: Mapping[tuple[str, int], Parameter]) -> None:
    product = row.optional("product")
    if product is None:
        return
    value = Decimal(1)
    for name in map(str.strip, product.split("*")):
        factor = known.get((name, parameter.year))
        if factor is None and not name.isdigit():
            raise row.error(f"{name} of {parameter.year} is not known")
        value *= Decimal(name) if factor is None else factor.value / (_PERCENT if factor.unit is FigureUnit.PERCENT else 1)
    if value != parameter.value:
        raise row.error(f"{product} is {value.normalize():f}, not {parameter.value}")


class ArticleText(BaseModel):
    """Question and answer in one language. `synonyms`: other wordings of the question, for the search alone."""

    question: str
    answer: str
    synonyms: list[str] = []


class ArticleEntry(BaseModel):
    """An article as `articles.toml` has it."""

    id: str
    topic: str | None = None
    category: str | None = None
    valid_from: date
    valid_to: date | None = None
    source: str
    review: ReviewState
    reviewer: str
    confirm: str = ""
    kk: ArticleText
    ru: ArticleText


class ArticleFile(BaseModel):
    """The form of `articles.toml`."""

    how_to_complain: dict[str, str]
    article: list[ArticleEntry]


@dataclass(frozen=True, slots=True)
class ArticleSeed:
    """An article of the file. `confirm`: what the Fund or a lawyer has to confirm before it is public; empty if nothing."""

    code: str
    topic: str | None
    category: str | None
    valid_from: date
    valid_to: date | None
    source: str
    reviewer: str
    confirm: str
    texts: Mapping[str, ArticleText]

    @property
    def is_confirmed(self) -> bool:
        return not self.confirm


@cache
def _file() -> ArticleFile:
    return policy_model("routing.knowledge", FILE, ArticleFile)


@cache
def how_to_complain() -> Mapping[str, str]:
    """Return the closing text of every answer, by language."""
    return {language: _file().how_to_complain[language] for language in WRITTEN_IN}


@cache
def article_seeds() -> tuple[ArticleSeed, ...]:
    """Return every article of the file.

    Raises ReferenceDataError for an id given twice, an unknown topic or category, a review that does not say who did it or what is to be
    confirmed, and a figure that does not come from the parameters of its year.
    """
    found = tuple(map(_seed, _file().article))
    if len({article.code for article in found}) != len(found):
        raise ReferenceDataError(FILE, 1, "an id is given twice")
    return found


def _seed(entry: ArticleEntry) -> ArticleSeed:
    topic, category = entry.topic, entry.category
    is_known = (topic is None or topic in taxonomy().topics) and (category is None or category in taxonomy().categories)
    if not is_known or topic is category is None:
        raise ReferenceDataError(FILE, 1, f"{entry.id}: topic or category is not known")
    if bool(entry.confirm) is not (entry.review is ReviewState.NEEDED) or bool(entry.reviewer) is not (entry.review is ReviewState.DONE):
        raise ReferenceDataError(FILE, 1, f"{entry.id}: a review that is done names its reviewer, one that is needed says what to confirm")
    _check_figures(entry)
    texts = {"kk": entry.kk, "ru": entry.ru}
    return ArticleSeed(entry.id, topic, category, entry.valid_from, entry.valid_to, entry.source, entry.reviewer, entry.confirm, texts)


def _check_figures(entry: ArticleEntry) -> None:
    for language, text in (("kk", entry.kk), ("ru", entry.ru)):
        for part in (text.question, text.answer):
            for fault in figure_faults(part, language, entry.valid_from, entry.valid_to):
                raise ReferenceDataError(FILE, 1, f"{entry.id}, {language}: {fault.text} {fault.problem}")
            if entry.review is ReviewState.DONE and (unread := unconfirmed_figures(part, entry.valid_from)):
                raise ReferenceDataError(FILE, 1, f"{entry.id}, {language}: nobody has confirmed {unread[0].code} of {unread[0].year}")


class MacroText(BaseModel):
    """Title and body of a sentence in one language."""

    title: str
    body: str


class MacroEntry(BaseModel):
    """A sentence as `macros.toml` has it."""

    id: str
    kk: MacroText
    ru: MacroText


class MacroFile(BaseModel):
    """The form of `macros.toml`."""

    macro: list[MacroEntry]


@dataclass(frozen=True, slots=True)
class Macro:
    """A sentence that clerks put into answers, by language. `needs`: the values that its body contains as `{{name}}`."""

    id: str
    titles: Mapping[str, str]
    bodies: Mapping[str, str]
    needs: frozenset[str]


@cache
def macros() -> tuple[Macro, ...]:
    """Return every sentence. Raises ReferenceDataError for an id given twice, an unknown value, or other values in another language."""
    entries = policy_model("routing.knowledge", MACRO_FILE, MacroFile).macro
    if len({entry.id for entry in entries}) != len(entries):
        raise ReferenceDataError(MACRO_FILE, 1, "an id is given twice")
    return tuple(map(_macro, entries))


def _macro(entry: MacroEntry) -> Macro:
    texts = {"kk": entry.kk, "ru": entry.ru}
    bodies = {language: texts[language].body for language in WRITTEN_IN}
    needs = {frozenset(PLACEHOLDER.findall(body)) for body in bodies.values()}
    found = frozenset[str]().union(*needs)
    if len(needs) > 1 or not found <= frozenset(MacroValue):
        raise ReferenceDataError(MACRO_FILE, 1, f"{entry.id}: the values are not known, or differ between the languages")
    return Macro(entry.id, {language: texts[language].title for language in WRITTEN_IN}, bodies, found)
