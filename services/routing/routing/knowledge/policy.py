"""The articles of the first tier (`data/articles.toml`)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from pydantic import BaseModel

from routing.knowledge.codes import MacroValue
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_model

FILE: Final = "articles.toml"
MACRO_FILE: Final = "macros.toml"
PLACEHOLDER: Final = re.compile(r"\{\{(\w+)\}\}")
WRITTEN_IN: Final = ("kk", "ru")


class ArticleText(BaseModel):
    """Question and answer in one language."""

    question: str
    answer: str


class ArticleEntry(BaseModel):
    """An article as `articles.toml` has it."""

    id: str
    topic: str | None = None
    category: str | None = None
    valid_from: date
    valid_to: date | None = None
    source: str
    reviewed: bool
    kk: ArticleText
    ru: ArticleText


class ArticleFile(BaseModel):
    """The form of `articles.toml`."""

    how_to_complain: dict[str, str]
    article: list[ArticleEntry]


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


@dataclass(frozen=True, slots=True)
class Article:
    """A question with its answer by language, valid from `valid_from` to `valid_to` inclusive. Only reviewed articles are public."""

    id: str
    topic: str | None
    category: str | None
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool
    questions: Mapping[str, str]
    answers: Mapping[str, str]

    def is_valid_on(self, day: date) -> bool:
        """Whether the article is valid on the day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@cache
def _file() -> ArticleFile:
    return policy_model("routing.knowledge", FILE, ArticleFile)


@cache
def how_to_complain() -> Mapping[str, str]:
    """Return the closing text of every answer, by language."""
    return {language: _file().how_to_complain[language] for language in WRITTEN_IN}


@cache
def articles() -> tuple[Article, ...]:
    """Return every article. Raises ReferenceDataError for an unknown topic or category, or an id given twice."""
    found = tuple(_article(entry) for entry in _file().article)
    if len({article.id for article in found}) != len(found):
        raise ReferenceDataError(FILE, 1, "an id is given twice")
    return found


def _article(entry: ArticleEntry) -> Article:
    topic, category = entry.topic, entry.category
    is_known = (topic is None or topic in taxonomy().topics) and (category is None or category in taxonomy().categories)
    if not is_known or topic is category is None:
        raise ReferenceDataError(FILE, 1, f"{entry.id}: topic or category is not known")
    texts = {"kk": entry.kk, "ru": entry.ru}
    return Article(
        id=entry.id,
        topic=topic,
        category=category,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        source=entry.source,
        reviewed=entry.reviewed,
        questions={language: texts[language].question for language in WRITTEN_IN},
        answers={language: texts[language].answer for language in WRITTEN_IN},
    )
