"""Which articles may answer a case: by the likely subjects of its text, and by what the text has in common with each article."""

from collections import Counter
from collections.abc import Mapping, Sequence

from routing.knowledge.policy import knowledge_policy
from routing.knowledge.schemas import Article
from routing.knowledge.service.search import scores
from shared.domain.taxonomy import taxonomy


def suggest(articles: Sequence[Article], text: str, shares: Mapping[str, float]) -> list[Article]:
    """Return the articles that may answer a text, best first, at most `shown` of the policy. Linear in the text.

    `shares`: the probability of each topic or top-level category (`classification.subject_shares`). Each further article of a subject
    counts less, so that another reading of the text is shown too.
    """
    policy = knowledge_policy().suggested
    similar = scores(articles, text)
    left = {
        position: (_share(article, shares) + policy.similarity * similar[position]) / (1 + policy.similarity)
        for position, article in enumerate(articles)
    }
    chosen: list[Article] = []
    shown: Counter[str] = Counter()
    while left and len(chosen) < policy.shown:
        position = max(left, key=lambda each: left[each] * policy.repeated ** shown[_subject(articles[each])])
        if left.pop(position) >= policy.least_score:
            chosen.append(articles[position])
        shown[_subject(articles[position])] += 1
    return chosen


def _share(article: Article, shares: Mapping[str, float]) -> float:
    category = taxonomy().root_category(article.category) if article.category else ""
    return max(shares.get(article.topic or "", 0.0), shares.get(category, 0.0))


def _subject(article: Article) -> str:
    return article.topic or article.category or ""
