"""The search: which articles may answer a question, by the likely topics of the question and by what it has in common with each article."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from intake.suggestions.policy import suggestion_policy
from intake.suggestions.schemas import OfferedArticle, Suggestion
from intake.suggestions.service.features import BUCKETS, features_of
from intake.suggestions.service.topics import TopicModel

_ASKED: Final = 3.0  # a word of the question or a synonym says more about the subject than one of the answer
_ANSWERED: Final = 1.0


class _Counted(NamedTuple):
    """The articles that have a feature and how much it counts in each, those of one feature after those of another.

    `starts`: by feature, where its articles begin; the next one's begin where they end.
    """

    starts: npt.NDArray[np.int64]
    articles: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    @classmethod
    def of(cls, vectors: Sequence[Mapping[int, float]]) -> "_Counted":
        """Return the features of the articles, which are given in order."""
        size = sum(map(len, vectors))
        features = np.fromiter((feature for vector in vectors for feature in vector), np.int64, size)
        articles = np.repeat(np.arange(len(vectors)), np.fromiter(map(len, vectors), np.int64, len(vectors)))
        values = np.fromiter((value for vector in vectors for value in vector.values()), np.float64, size)
        order = np.argsort(features, kind="stable")
        return cls(np.searchsorted(features[order], np.arange(BUCKETS + 1)), articles[order], values[order])

    def sums(self, known: Mapping[int, float], articles: int) -> list[float]:
        """Return the scalar product of a text with each article."""
        features = np.fromiter(known, np.int64, len(known))
        begin, number = self.starts[features], self.starts[features + 1] - self.starts[features]
        ends = np.cumsum(number)
        found = np.arange(int(ends[-1])) + np.repeat(begin - ends + number, number)
        weights = np.repeat(np.fromiter(known.values(), np.float64, len(known)), number) * self.values[found]
        sums: list[float] = np.bincount(self.articles[found], weights, articles).tolist()
        return sums


class ArticleIndex:
    """The published articles, ready to be searched. It is built when the replica changes, never for a request."""

    def __init__(self, articles: Sequence[OfferedArticle], model: TopicModel) -> None:
        self._articles = articles
        self._model = model
        self._counted = _Counted.of([_vector(article, model) for article in articles])

    def search(self, text: str, day: date, limit: int, *, no_question: float = 1.0) -> list[Suggestion]:
        """Return the articles valid on a day that may answer the question, best first; none for a text that has little to do with any.

        `no_question`: the probability from which on the text is none, so that nothing is returned.
        """
        known = self._model.rarities(features_of(text))
        policy = suggestion_policy()
        if not known or not self._articles:
            return []
        shares, similar = self._model.judge(known), self._similarities(known)
        if shares.no_question >= no_question or max(similar) < policy.least_similarity:
            return []
        found = self._ranked(shares.topics, similar, day, limit)
        return found if found and found[0].score >= policy.least_best else []

    def article(self, article_id: UUID) -> OfferedArticle | None:
        return next((article for article in self._articles if article.id == article_id), None)

    def _similarities(self, known: Mapping[int, float]) -> Sequence[float]:
        """Return the cosine between the text and each article."""
        length = math.sqrt(sum(value * value for value in known.values()))
        return [each / length for each in self._counted.sums(known, len(self._articles))]

    def _ranked(self, topics: Mapping[str, float], similar: Sequence[float], day: date, limit: int) -> list[Suggestion]:
        """Choose one after the other. Each further article of a topic counts less, so that another reading of the question is shown too."""
        policy = suggestion_policy()
        left = {
            number: topics.get(article.topic, 0.0) + policy.similarity * similar[number]
            for number, article in enumerate(self._articles)
            if article.is_valid_on(day)
        }
        chosen: list[Suggestion] = []
        shown: Counter[str] = Counter()
        while left and len(chosen) < limit:
            best = max(left, key=lambda number: left[number] * policy.repeated ** shown[self._articles[number].topic])
            article = self._articles[best]
            score = left.pop(best) / (1 + policy.similarity)
            shown[article.topic] += 1
            chosen.append(Suggestion(article, round(score, 3)))
        return [each for each in chosen if each.score >= policy.least_score]


def _vector(article: OfferedArticle, model: TopicModel) -> dict[int, float]:
    """Return the features of an article in all its languages, weighed by where they occur and by their rarity, with length 1."""
    counts: dict[int, float] = defaultdict(float)
    asked = (*article.questions.values(), *(text for texts in article.synonyms.values() for text in texts))
    _count(counts, asked, _ASKED)
    _count(counts, article.answers.values(), _ANSWERED)
    rarity = model.rarities(sorted(counts))
    weighed = {feature: math.sqrt(counts[feature]) * value for feature, value in rarity.items()}
    length = math.sqrt(sum(value * value for value in weighed.values())) or 1.0
    return {feature: value / length for feature, value in weighed.items()}


def _count(counts: dict[int, float], texts: Iterable[str], weight: float) -> None:
    for text in texts:
        for feature in features_of(text):
            counts[feature] += weight
