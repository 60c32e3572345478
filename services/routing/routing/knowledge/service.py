"""The articles of the first tier, and a search that tolerates Russian keyboards, Latin transcription and endings of Kazakh words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from pydantic import BaseModel

from shared.domain.names import fold, to_cyrillic
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy
from shared.policy_files import policy_model

FILE: Final = "articles.toml"
WRITTEN_IN: Final = ("kk", "ru")
FALLBACK_LANGUAGE: Final = "ru"

_WORD = re.compile(r"\w+")
_STEM = 5  # letters that Kazakh and Russian words share with most of their forms
_SHORTEST = 3  # letters; shorter words carry no subject, except abbreviations (КТ)


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


def search(query: str, day: date, *, unreviewed: bool = False) -> list[Article]:
    """Return the articles valid on `day` that share a stem with the query, most shared stems first; all of them for an empty query."""
    valid = [article for article in articles() if article.is_valid_on(day) and (article.reviewed or unreviewed)]
    wanted = _stems(query)
    if not wanted:
        return [] if query.strip() else valid
    scored = [(sum(stem in _stems_of_article(article.id) for stem in wanted), article) for article in valid]
    return [article for score, article in sorted(scored, key=lambda pair: -pair[0]) if score]


def _stems(text: str) -> frozenset[str]:
    long_enough = (word for word in _WORD.findall(text) if len(word) >= _SHORTEST or word.isupper())
    return frozenset(fold(to_cyrillic(word))[:_STEM] for word in long_enough)


@cache
def _stems_of_article(article_id: str) -> frozenset[str]:
    article = next(article for article in articles() if article.id == article_id)
    subject = taxonomy().topics[article.topic] if article.topic else taxonomy().categories[article.category or ""]
    texts = (*article.questions.values(), *article.answers.values(), *subject.label.as_dict().values())
    return frozenset[str]().union(*map(_stems, texts))
