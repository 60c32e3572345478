"""The first tier's answers: a reviewed file, and a search that does not mind Kazakh letters, Latin typing or endings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from routing.reference import read_toml
from shared.domain.names import fold, to_cyrillic
from shared.domain.tables import ReferenceDataError
from shared.domain.taxonomy import taxonomy

FILE = "articles.toml"
WRITTEN_IN = ("kk", "ru")
STANDS_IN = "ru"
"""For a reader whose language the articles are not written in."""

_WORD = re.compile(r"\w+")
_STEM = 5  # letters: what Kazakh and Russian words keep through most of their endings
_SHORTEST = 3  # letters: shorter words say nothing of what is asked, save abbreviations (КТ)


@dataclass(frozen=True, slots=True)
class Article:
    """A question with its answer by language; `reviewed` ones may be published, from `valid_from` to `valid_to` inclusive."""

    id: str
    topic: str | None
    category: str | None
    valid_from: date
    valid_to: date | None
    source: str
    reviewed: bool
    questions: Mapping[str, str]
    answers: Mapping[str, str]

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@cache
def how_to_complain() -> Mapping[str, str]:
    """What every answer ends with, by language."""
    found: dict[str, str] = read_toml(FILE)["how_to_complain"]
    return {language: found[language] for language in WRITTEN_IN}


@cache
def articles() -> tuple[Article, ...]:
    """Every article; raises ReferenceDataError for an unknown topic or category, or an id given twice."""
    found = tuple(_article(row) for row in read_toml(FILE)["article"])
    if len({article.id for article in found}) != len(found):
        raise ReferenceDataError(FILE, 1, "an id is given twice")
    return found


def _article(row: Mapping[str, Any]) -> Article:
    topic, category = row.get("topic"), row.get("category")
    is_known = (topic is None or topic in taxonomy().topics) and (category is None or category in taxonomy().categories)
    if not is_known or topic is category is None:
        raise ReferenceDataError(FILE, 1, f"{row['id']}: topic or category is not known")
    return Article(
        id=row["id"],
        topic=topic,
        category=category,
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to"),
        source=row["source"],
        reviewed=row["reviewed"],
        questions={language: row[language]["question"] for language in WRITTEN_IN},
        answers={language: row[language]["answer"] for language in WRITTEN_IN},
    )


def search(query: str, day: date, *, unreviewed: bool = False) -> list[Article]:
    """The articles that hold on `day` and share a word with the query, those that share most first; all of them without a query."""
    known = [article for article in articles() if article.holds_on(day) and (article.reviewed or unreviewed)]
    wanted = _stems(query)
    if not wanted:
        return [] if query.strip() else known
    scored = [(sum(stem in _words(article.id) for stem in wanted), article) for article in known]
    return [article for score, article in sorted(scored, key=lambda each: -each[0]) if score]


def _stems(text: str) -> frozenset[str]:
    words = (word for word in _WORD.findall(text) if len(word) >= _SHORTEST or word.isupper())
    return frozenset(fold(to_cyrillic(word))[:_STEM] for word in words)


@cache
def _words(article_id: str) -> frozenset[str]:
    article = next(each for each in articles() if each.id == article_id)
    subject = taxonomy().topics[article.topic] if article.topic else taxonomy().categories[article.category or ""]
    texts = (*article.questions.values(), *article.answers.values(), *subject.label.as_dict().values())
    return frozenset[str]().union(*map(_stems, texts))
