"""The search: which articles may answer a question, by the likely topics of the question and by what it has in common with each article."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from intake.suggestions.policy import suggestion_policy
from intake.suggestions.schemas import OfferedArticle, Suggestion
from intake.suggestions.service.features import features_of
from intake.suggestions.service.topics import TopicModel

_ASKED: Final = 3.0  # a word of the question or a synonym says more about the subject than one of the answer
_ANSWERED: Final = 1.0


class ArticleIndex:
    """The published articles, ready to be searched. It is built when the replica changes, never for a request."""

    def __init__(self, articles: Sequence[OfferedArticle], model: TopicModel) -> None:
        self._articles = articles
        self._model = model
        self._found: dict[int, list[tuple[int, float]]] = defaultdict(list)
        """By feature: the articles that have it, and how much it counts in them."""
        for number, article in enumerate(articles):
            for feature, value in _vector(article, model).items():
                self._found[feature].append((number, value))

    def search(self, text: str, day: date, limit: int, *, no_question: float = 1.0) -> list[Suggestion]:
        """Return the articles valid on a day that may answer the question, best first.

        `no_question`: the probability from which on the text is none, so that nothing is returned.
        """
        known = self._model.rarities(features_of(text))
        if not known or self._model.no_question(known) >= no_question:
            return []
        return self._ranked(self._model.topics(known), self._similarities(known), day, limit)

    def article(self, article_id: UUID) -> OfferedArticle | None:
        return next((article for article in self._articles if article.id == article_id), None)

    def _similarities(self, known: Mapping[int, float]) -> Sequence[float]:
        """Return the cosine between the text and each article."""
        length = math.sqrt(sum(value * value for value in known.values()))
        found = [0.0] * len(self._articles)
        for feature, value in known.items():
            for number, counted in self._found.get(feature, ()):
                found[number] += value * counted
        return [each / length for each in found]

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
