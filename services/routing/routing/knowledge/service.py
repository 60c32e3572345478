"""The articles of the first tier, and a search that tolerates Russian keyboards, Latin transcription and endings of Kazakh words."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

from routing.knowledge.codes import MacroValue
from routing.knowledge.policy import PLACEHOLDER, WRITTEN_IN, Article, articles, how_to_complain, macros
from routing.knowledge.schemas import MacroView
from shared.domain.names import fold, to_cyrillic
from shared.domain.taxonomy import taxonomy

__all__ = [
    "FALLBACK_LANGUAGE",
    "WRITTEN_IN",
    "Article",
    "articles",
    "filled_macros",
    "how_to_complain",
    "macros",
    "named_macros",
    "search",
    "written_language",
]

FALLBACK_LANGUAGE: Final = "ru"

_WORD = re.compile(r"\w+")
_STEM = 5  # letters that Kazakh and Russian words share with most of their forms
_SHORTEST = 3  # letters; shorter words carry no subject, except abbreviations (КТ)


def search(query: str, day: date, *, unreviewed: bool = False) -> list[Article]:
    """Return the articles valid on `day` that share a stem with the query, most shared stems first; all of them for an empty query."""
    valid = [article for article in articles() if article.is_valid_on(day) and (article.reviewed or unreviewed)]
    wanted = _stems(query)
    if not wanted:
        return [] if query.strip() else valid
    scored = [(sum(stem in _stems_of_article(article.id) for stem in wanted), article) for article in valid]
    return [article for score, article in sorted(scored, key=lambda pair: -pair[0]) if score]


def written_language(language: str) -> str:
    """Return the language in which articles and sentences are read by a reader of `language`."""
    return language if language in WRITTEN_IN else FALLBACK_LANGUAGE


def named_macros(language: str) -> list[MacroView]:
    """Return every sentence in a language, with the names of its values in place of them."""
    return filled_macros(language, {name: f"{{{{{name}}}}}" for name in MacroValue})


def filled_macros(language: str, values: Mapping[MacroValue, str]) -> list[MacroView]:
    """Return the sentences in a language, filled with these values. A sentence whose value is not given is left out."""
    written, given = written_language(language), {str(name): value for name, value in values.items()}
    return [
        MacroView(
            macro_id=macro.id,
            language=written,
            title=macro.titles[written],
            body=PLACEHOLDER.sub(lambda match: given[match[1]], macro.bodies[written]),
        )
        for macro in macros()
        if macro.needs <= given.keys()
    ]


def _stems(text: str) -> frozenset[str]:
    long_enough = (word for word in _WORD.findall(text) if len(word) >= _SHORTEST or word.isupper())
    return frozenset(fold(to_cyrillic(word))[:_STEM] for word in long_enough)


@cache
def _stems_of_article(article_id: str) -> frozenset[str]:
    article = next(article for article in articles() if article.id == article_id)
    subject = taxonomy().topics[article.topic] if article.topic else taxonomy().categories[article.category or ""]
    texts = (*article.questions.values(), *article.answers.values(), *subject.label.as_dict().values())
    return frozenset[str]().union(*map(_stems, texts))
