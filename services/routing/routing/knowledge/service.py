"""The articles of the first tier, and a search that tolerates Russian keyboards, Latin transcription and endings of Kazakh words."""

import re
from datetime import date
from functools import cache
from typing import Final

from routing.knowledge.policy import WRITTEN_IN, Article, articles, how_to_complain
from shared.domain.names import fold, to_cyrillic
from shared.domain.taxonomy import taxonomy

__all__ = ["FALLBACK_LANGUAGE", "WRITTEN_IN", "Article", "articles", "how_to_complain", "search"]

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


def _stems(text: str) -> frozenset[str]:
    long_enough = (word for word in _WORD.findall(text) if len(word) >= _SHORTEST or word.isupper())
    return frozenset(fold(to_cyrillic(word))[:_STEM] for word in long_enough)


@cache
def _stems_of_article(article_id: str) -> frozenset[str]:
    article = next(article for article in articles() if article.id == article_id)
    subject = taxonomy().topics[article.topic] if article.topic else taxonomy().categories[article.category or ""]
    texts = (*article.questions.values(), *article.answers.values(), *subject.label.as_dict().values())
    return frozenset[str]().union(*map(_stems, texts))
