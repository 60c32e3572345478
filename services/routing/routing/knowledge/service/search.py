"""A search in articles that tolerates Russian keyboards, Latin transcription and endings of Kazakh words."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import log
from typing import Final

from routing.knowledge.schemas import Article
from shared.domain.names import fold, to_cyrillic
from shared.domain.taxonomy import taxonomy

_WORD: Final = re.compile(r"\w+")
_STEM: Final = 5  # letters that Kazakh and Russian words share with most of their forms
_SHORTEST: Final = 3  # letters; shorter words carry no subject, except abbreviations (КТ)
_REMEMBERED: Final = 1000  # texts of articles whose stems are stored; more than there are articles in every language
_QUESTION, _ANSWER = 3, 1  # a word of the question says more about the subject than one of the answer


def search(articles: Iterable[Article], query: str) -> list[Article]:
    """Return the articles that share a stem with the query, best match first; all of them for an empty query."""
    known = list(articles)
    if not query.strip():
        return known
    scored = sorted(zip(scores(known, query), known, strict=True), key=lambda pair: -pair[0])
    return [article for score, article in scored if score]


def scores(known: Sequence[Article], query: str) -> list[float]:
    """Return how well each article fits the query, 0..1: the share of its stems, weighed by their rarity, that the article asks about.

    Linear in the query.
    """
    wanted = _stems(query)
    texts = [_texts(article) for article in known]
    # A stem of many articles («қалай», «можно») says less about the subject than one of a few.
    rarity = {
        stem: log(1 + len(known) / (1 + sum(stem in questions or stem in answers for questions, answers in texts))) for stem in wanted
    }
    whole = _QUESTION * sum(rarity.values()) or 1.0
    return [
        sum(rarity[stem] * (_QUESTION if stem in questions else _ANSWER if stem in answers else 0) for stem in wanted) / whole
        for questions, answers in texts
    ]


def _texts(article: Article) -> tuple[frozenset[str], frozenset[str]]:
    """Return the stems of what is asked and of what is answered."""
    subject = taxonomy().topics[article.topic] if article.topic else taxonomy().categories[article.category or ""]
    asked = (
        *article.questions.values(),
        *(text for texts in article.synonyms.values() for text in texts),
        *subject.label.as_dict().values(),
    )
    return _stems_of(asked), _stems_of(tuple(article.answers.values()))


def _stems(text: str) -> frozenset[str]:
    long_enough = (word for word in _WORD.findall(text) if len(word) >= _SHORTEST or word.isupper())
    return frozenset(fold(to_cyrillic(word))[:_STEM] for word in long_enough)


@lru_cache(maxsize=_REMEMBERED)
def _stems_of(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset[str]().union(*map(_stems, texts))
